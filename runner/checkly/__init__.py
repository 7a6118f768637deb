"""checkly."""
