"""One module a format, behind one interface and one table."""
