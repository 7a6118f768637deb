"""What the runner remembers: documents in an object store, locks, history."""
