"""Canonical formatting that keeps comments."""
