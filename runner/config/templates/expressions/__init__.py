"""Expressions inside ``$<…>``: parsed by Jinja, evaluated under limits."""
