"""Diagnostics as text, JSON and GitHub annotations."""
