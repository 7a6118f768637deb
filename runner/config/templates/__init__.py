"""Templates in values (``$<…>``), the names they may read, and where those come from."""
