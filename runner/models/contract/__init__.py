"""The request and the runner's own keys, and their rules, computed ahead of time."""
