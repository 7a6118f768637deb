"""The runner's memory: documents in an object store, locks, history."""
