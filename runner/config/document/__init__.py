"""From YAML nodes to profiles: structure, includes, layers."""
