"""Everything the program shows: one folder per subject, one module per format."""
