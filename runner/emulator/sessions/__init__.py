"""Test sessions and the answers about them: values without HTTP."""
