"""Parse YAML text into a tree of nodes that know their positions."""
