"""From the text of the file to compiled requests, and the tools around the file."""
