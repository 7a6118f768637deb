"""One function a command: what is done with its options."""
