"""The report of an apply, one module per format."""
