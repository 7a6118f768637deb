"""The limiter with more work than it lets through, for an hour by a clock of its own."""

from collections import deque

from runner.checkly.limiter import SendLog

LIMIT = 600
WINDOW_SECONDS = 60.0
HOUR_SECONDS = 3600.0


def usage_and_worst_window() -> tuple[int, float]:
    """The most requests in any 60 s, and the share of what the limit allows in an hour."""
    log, window = SendLog(LIMIT), deque[float]()
    now, sent, worst = 0.0, 0, 0
    while (now := log.earliest(now)) < HOUR_SECONDS:
        log.record(now)
        sent += 1
        window.append(now)
        while window[0] <= now - WINDOW_SECONDS:
            window.popleft()
        worst = max(worst, len(window))
    return worst, sent / (LIMIT * HOUR_SECONDS / WINDOW_SECONDS)
