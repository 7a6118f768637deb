"""Limit the requests of a minute, for everything in the process.

A token bucket either exceeds a sliding limit or starves. This keeps a log of the send times
instead. A request may leave once

* fewer than the limit left in the window before it, and a slow trickle can be kept up from then
  on indefinitely, so that a burst at the start never ends in a long silence;
* one request's part of the window has passed since the last one, if any request had to wait;
* a pause that the server asked for is over.
"""

import asyncio
from collections import deque

from runner.models.clock import Clock

DEFAULT_REQUESTS_PER_MINUTE = 600
#: Seconds over which requests are counted: a little more than a minute, because the server
#: counts when a request arrives, which is not quite when it left.
WINDOW_SECONDS = 60.5
#: The part of the limit that can always be kept up, whatever happened before.
TRICKLE = 0.33
_LOOK_SECONDS = 0.1


class SendLog:
    """The log of the last sends, which tells when the next may leave. Pure; times are seconds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._spacing = WINDOW_SECONDS / limit
        self._trickle = TRICKLE * limit / 60
        self._last: float | None = None
        self._sent = 0
        # The n-th send at time t holds the trickle back until t - n / rate has passed. The
        # greatest counts, so it replaces the smaller ones before it. Once the limit is used up,
        # what is left of this rule is the limit itself.
        self._holds: deque[tuple[int, float]] = deque()
        self._spaced = False

    def earliest(self, now: float) -> float:
        """Return when the next request may leave: ``now`` or later."""
        while self._holds and self._holds[0][0] <= self._sent - self._limit:
            self._holds.popleft()
        if self._last is None:
            return now
        if self._last + WINDOW_SECONDS <= now:
            self._spaced = False
        at = now
        if self._holds:
            ahead = (self._limit - self._sent - 1) / self._trickle
            at = max(at, self._holds[0][1] + WINDOW_SECONDS - ahead)
        if self._spaced:
            at = max(at, self._last + self._spacing)
        self._spaced |= at > now
        return at

    def record(self, now: float) -> None:
        """Note that a request leaves ``now``."""
        self._sent += 1
        self._last = now
        hold = now - self._sent / self._trickle
        while self._holds and self._holds[-1][1] <= hold:
            self._holds.pop()
        self._holds.append((self._sent, hold))

    def slow_down(self) -> None:
        """Space the next requests, as if one had had to wait."""
        self._spaced = self._last is not None


class Limiter:
    """Lets requests leave one by one, first come first served."""

    def __init__(self, clock: Clock, requests_per_minute: int = DEFAULT_REQUESTS_PER_MINUTE):
        self.requests_per_minute = requests_per_minute
        self._clock = clock
        self._log = SendLog(requests_per_minute)
        self.share: int | None = None  # what other jobs leave of a minute; may always change
        self.hungry = asyncio.Event()  # set when a request had to wait for the share
        self._times: deque[float] = deque(maxlen=requests_per_minute)
        self._not_before = float("-inf")
        self._turn = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until a request may leave, and count it."""
        async with self._turn:
            while True:
                now = self._clock.monotonic()
                by_share = self._by_share(now)
                if by_share > now:
                    self.hungry.set()
                at = max(self._log.earliest(now), by_share, self._not_before)
                if at <= now:
                    self._log.record(now)
                    self._times.append(now)
                    return
                # The share may grow meanwhile.
                wait = at - now if self.share is None else min(at - now, _LOOK_SECONDS)
                await self._clock.sleep(wait)

    def used(self) -> int:
        """Return how many requests left in the last minute."""
        since = self._clock.monotonic() - WINDOW_SECONDS
        return sum(time > since for time in self._times)

    def _by_share(self, now: float) -> float:
        if self.share is None or len(self._times) < self.share:
            return now
        return self._times[-self.share] + WINDOW_SECONDS if self.share else now + _LOOK_SECONDS

    def hold(self, seconds: float) -> None:
        """Let nothing leave for ``seconds``: the server asked everyone to slow down."""
        self._not_before = max(self._not_before, self._clock.monotonic() + seconds)
        self._log.slow_down()
