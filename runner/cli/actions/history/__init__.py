"""Commands that look at what was applied: history, checks, status and the dashboard."""
