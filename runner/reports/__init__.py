"""Everything the program shows: one room a subject, one module a format."""
