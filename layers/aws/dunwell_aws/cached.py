"""A value read from outside and kept for a while."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

KEEP_SECONDS = 300
"""How long settings and secrets are kept, so that a rotation reaches warm functions in five minutes."""


class Cached(Generic[T]):
    """Read at first use, again when it is older than ``keep_seconds``, and after ``forget``."""

    def __init__(
        self, read: Callable[[], T], monotonic: Callable[[], float] = time.monotonic, keep_seconds: float = KEEP_SECONDS
    ) -> None:
        self._read = read
        self._monotonic = monotonic
        self._keep_seconds = keep_seconds
        self._kept: tuple[float, T] | None = None

    def get(self) -> T:
        """The value, at most so old; errors of reading pass through."""
        now = self._monotonic()
        if self._kept is None or now - self._kept[0] > self._keep_seconds:
            self._kept = (now, self._read())
        return self._kept[1]

    def forget(self) -> None:
        """Read afresh next time: the value was found wrong."""
        self._kept = None
