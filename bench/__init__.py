"""Measures the promises of speed: ``make bench``."""
