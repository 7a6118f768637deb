"""Run sessions: start, follow, recover, cancel. Emits events and never prints."""
