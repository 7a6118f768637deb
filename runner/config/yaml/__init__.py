"""From YAML text to a tree of nodes that know their positions."""
