"""From a session's answers to verdicts, explanations and exit codes."""
