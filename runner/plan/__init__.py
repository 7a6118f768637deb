"""Diff and plan: pure functions of requests and records."""
