"""Contracts as data, and what makes two of them."""
