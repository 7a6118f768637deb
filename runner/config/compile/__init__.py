"""From merged profiles to requests: render, validate, trace secrets."""
