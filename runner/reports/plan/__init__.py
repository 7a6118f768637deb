"""The plan, one module a format."""
