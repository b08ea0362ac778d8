"""Not faster than a service takes it."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from dunwell_aws.cached import Cached


class Pacer:
    """Gives out moments at a steady rate, to several threads; a process that waited long does not catch up in a burst.

    Args:
        rate: how many a second, asked at each moment, because quotas grow; 0 or less: no limit.
    """

    def __init__(
        self,
        rate: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = 0.0
        self._lock = Lock()

    def wait(self) -> None:
        """Return when the next message may leave."""
        rate = self._rate()
        if rate <= 0:
            return
        with self._lock:
            now = self._monotonic()
            mine = max(now, self._next)
            self._next = mine + 1 / rate
        if mine > now:
            self._sleep(mine - now)


def mail_rate(sesv2: Any, senders: int) -> Callable[[], float]:
    """How many mails a second one of so many senders may send: its part of the account's quota as SES tells it."""

    def ask() -> float:
        return float(sesv2.get_account()["SendQuota"]["MaxSendRate"]) / senders

    return Cached(ask).get
