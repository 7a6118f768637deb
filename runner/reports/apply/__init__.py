"""The report of an apply, one module a format."""
