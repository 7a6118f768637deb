"""History as one page to look at."""
