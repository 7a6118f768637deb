"""Objects of a folder or bucket, and documents in them that are numbered."""
