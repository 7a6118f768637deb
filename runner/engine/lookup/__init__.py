"""Find the session whose trigger was not answered."""
