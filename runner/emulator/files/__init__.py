"""The files the emulator reads: YAML with lines, the schemas, the default world."""
