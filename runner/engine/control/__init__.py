"""The outside world of an apply, and the signals that stop it."""
