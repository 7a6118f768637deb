"""The plan, one module per format."""
