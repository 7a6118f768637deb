"""Find and read files, in the working tree and in git."""
