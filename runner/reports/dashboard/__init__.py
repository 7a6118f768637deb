"""The history as one HTML page."""
