"""A token bucket: how long to wait so that a source is not asked more often than it likes."""


class TokenBucket:
    """Allows ``per_second`` requests a second on average, and ``burst`` at once after a pause.

    The clock is an argument: any number of seconds that only grows.
    """

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at: float | None = None

    def wait_seconds(self, now: float) -> float:
        """Take a token; how long the taker must wait before using it (0.0: not at all)."""
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        self._tokens -= 1
        return max(0.0, -self._tokens / self._per_second)
