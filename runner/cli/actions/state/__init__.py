"""``runner state`` and its commands."""
