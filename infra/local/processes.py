"""Child processes that never outlive us."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import LocalStackError

STOP_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent(parent: int) -> Callable[[], None]:
    """What the child does between fork and exec: ask the kernel to end it when its parent ends."""

    def arrange() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # the parent died before we asked
                os._exit(1)

    return arrange


@dataclass(frozen=True)
class Child:
    """One process in a group of its own, with a log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ending(self) -> str:
        """How it ended, in words."""
        status = self.process.poll()
        if status is not None and status < 0:
            return f"was killed ({signal.Signals(-status).name})"
        return f"ended with status {status}"

    def last_lines(self, count: int = 5) -> list[str]:
        """The last lines of its log that say something."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if line.strip()][-count:]


class Children:
    """Starts processes and stops them all, with whatever they started.

    Start them from the main thread: the kernel ends a child when the thread that made it ends.
    """

    def __init__(self, log_dir: Path) -> None:
        self._log_dir = log_dir
        self._children: list[Child] = []

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> Child:
        """Starts one with exactly `env` as its environment. Raises LocalStackError when it cannot."""
        self._log_dir.mkdir(parents=True, exist_ok=True)
        log = self._log_dir / f"{name}.log"
        try:
            with log.open("wb") as output:
                process = subprocess.Popen(
                    argv,
                    env=dict(env),
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=_die_with_parent(os.getpid()),  # noqa: PLW1509  it takes no lock
                )
        except OSError as exc:
            raise LocalStackError(f"cannot start {name} ({argv[0]}): {exc.strerror}") from exc
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def dead(self) -> Child | None:
        """The first that has ended by itself, if any."""
        return next((child for child in self._children if not child.alive), None)

    def named(self, name: str) -> Child:
        """The one started under that name; KeyError when there is none."""
        for child in self._children:
            if child.name == name:
                return child
        raise KeyError(name)

    def stop(self) -> None:
        """Ends every process group: also what a child left behind when it died itself."""
        for child in self._children:
            _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            _signal_group(child, signal.SIGKILL)
            child.process.wait()
        self._children.clear()


def _signal_group(child: Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, number)
