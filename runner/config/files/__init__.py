"""Finding and reading files, in the working tree and in git."""
