"""One thin module a command: options become a frozen dataclass, which a function takes."""
