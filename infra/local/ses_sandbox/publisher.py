"""Publishes events in the background, in order and with retries, so that a send answers at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.ses_sandbox.bus import BusError
from infra.local.ses_sandbox.events import MailEvent

ATTEMPTS = 10
FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 5.0


class EventPublisher:
    """A queue of events and the one thread that empties it into `put`."""

    def __init__(self, put: Callable[[MailEvent], None] | None) -> None:
        """Publish through `put`, which raises when the bus refuses the event; None publishes nothing."""
        self._put = put
        self._changed = threading.Condition()
        self._stopping = False
        self._generation = 0
        self._clear()
        self._thread = threading.Thread(target=self._run, name="ses-events", daemon=True)

    def _clear(self) -> None:
        self._queue: deque[MailEvent] = deque()
        self._held = False
        self._doubles = self._published = self._failed = 0
        self._last_error = ""

    def start(self) -> None:
        """Start the worker."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the event in hand; what is still queued is dropped with the rest of the sandbox."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout=5)

    def submit(self, events: Iterable[MailEvent]) -> None:
        """Queue `events`; each of the next `double` ones is queued twice."""
        if self._put is None:
            return
        with self._changed:
            for event in events:
                copies = 2 if self._doubles else 1
                self._doubles = max(0, self._doubles - 1)
                self._queue.extend([event] * copies)
            self._changed.notify_all()

    def hold(self) -> None:
        """Keep events back until `release`."""
        with self._changed:
            self._held = True

    def release(self) -> None:
        """Publish what was held back, and go on."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    def double(self, count: int) -> None:
        """Publish each of the next `count` events twice, as EventBridge may."""
        with self._changed:
            self._doubles = count

    def reset(self) -> None:
        """Drop what is queued, holds, counts; an event being retried is given up."""
        with self._changed:
            self._generation += 1
            self._clear()
            self._changed.notify_all()

    def status(self) -> dict[str, Any]:
        """Return how publishing goes: on, held, pending, published, failed, last_error."""
        with self._changed:
            return {
                "on": self._put is not None,
                "held": self._held,
                "pending": len(self._queue),
                "published": self._published,
                "failed": self._failed,
                "last_error": self._last_error,
            }

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or (self._queue and not self._held))
                if self._stopping:
                    return
                event, generation = self._queue[0], self._generation
            published = self._publish(event, generation)
            self._settle(generation, published)

    def _publish(self, event: MailEvent, generation: int) -> bool:
        assert self._put is not None
        delay = FIRST_DELAY_SECONDS
        for _ in range(ATTEMPTS):
            try:
                self._put(event)
            except (BotoCoreError, ClientError, BusError) as error:
                if self._given_up(error, generation, delay):
                    return False
                delay = min(delay * 2, LONGEST_DELAY_SECONDS)
            else:
                return True
        return False

    def _given_up(self, error: Exception, generation: int, delay: float) -> bool:
        """Note the error, wait before the next attempt, and tell whether there is no point in one."""

        def obsolete() -> bool:
            return self._stopping or self._generation != generation

        with self._changed:
            if not obsolete():
                self._last_error = str(error)
            return self._changed.wait_for(obsolete, timeout=delay)

    def _settle(self, generation: int, published: bool) -> None:
        with self._changed:
            if self._generation != generation:
                return
            self._queue.popleft()
            if published:
                self._published += 1
            else:
                self._failed += 1
