"""Past applies and their trend, as text and JSON."""
