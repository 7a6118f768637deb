"""The command line: one thin module a command."""


def main() -> None:
    """Run the command line."""
