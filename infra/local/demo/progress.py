"""What the person at the terminal sees while the demo works."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from infra.local.errors import LocalStackError

T = TypeVar("T")

_EVERY_SECONDS = 0.2


@dataclass
class Progress:
    """Steps with their seconds; a line that counts up on a terminal, a line a step elsewhere."""

    seconds: dict[str, float] = field(default_factory=dict)
    _note: str = ""
    _title: str = ""
    _began: float = 0.0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A step of the demo; its time is kept."""
        self._title, self._note, self._began = title, "", time.monotonic()
        self._draw()
        yield
        self.seconds[title] = time.monotonic() - self._began
        note = f"  {self._note}" if self._note else ""
        self._line(f"  ✓ {title} ({self.seconds[title]:.1f} s){note}", end="\n")

    def note(self, text: str) -> None:
        """What is being done or was found."""
        self._note = text
        self._draw()

    def wait(self, what: str, found: Callable[[], T | None], timeout_seconds: float = 60) -> T:
        """Ask until there is an answer.

        Raises:
            LocalStackError: there was none in time; says what was waited for.
        """
        deadline = time.monotonic() + timeout_seconds
        while (answer := found()) is None:
            if time.monotonic() > deadline:
                raise LocalStackError(
                    f"{self._title}: waited {timeout_seconds:g} s for {what}; see .local/run for the logs"
                )
            self._draw()
            time.sleep(_EVERY_SECONDS)
        return answer

    def _draw(self) -> None:
        if sys.stdout.isatty():
            waited = time.monotonic() - self._began
            clock = f" {waited:.0f} s" if waited >= 1 else ""
            self._line(f"  … {self._title}{clock}{'  ' + self._note if self._note else ''}", end="")

    def _line(self, text: str, end: str) -> None:
        start = "\r\x1b[K" if sys.stdout.isatty() else ""
        print(f"{start}{text}", end=end, flush=True)
