"""The options of each command; the code behind a command is imported only when it runs."""
