"""The request and the runner's own keys, and their rules worked out ahead of time."""
