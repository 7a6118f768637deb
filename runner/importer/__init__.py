"""Turn Checkly CLI command lines into profiles."""
