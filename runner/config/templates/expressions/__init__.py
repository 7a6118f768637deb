"""Expressions inside ``$<…>``, evaluated by Jinja's sandbox under limits."""
