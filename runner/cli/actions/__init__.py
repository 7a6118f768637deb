"""The work of each command, one function per command."""
