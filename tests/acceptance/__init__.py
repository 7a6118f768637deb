"""The installed command as its users run it: a process, against the emulator over a socket."""
