"""Building blocks of text: sanitizing, layout, style, output streams."""
