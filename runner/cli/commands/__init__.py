"""The options of each command; what is done with them is imported only when it runs."""
