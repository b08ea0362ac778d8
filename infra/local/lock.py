"""One local stack at a time in a checkout."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from infra.local.errors import LocalStackError


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Holds the lock file while the body runs.

    Raises LocalStackError, naming who runs since when, if another process holds it. The operating system
    frees the lock when its holder dies, however it dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise LocalStackError(f"the local stack already runs here: {holder}; stop it first") from None
        file.truncate(0)
        since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        file.write(f"process {os.getpid()} since {since}")
        file.flush()
        yield
        file.truncate(0)
