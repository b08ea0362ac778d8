"""From a tap's messages to files in the bucket, and its STATE back when what came before it is safe there.

Messages are not read beyond their type: what a record means is decided where files of every kind are read.
"""

import json
import tempfile
from collections.abc import Callable, Iterable
from typing import IO

from infra.singer.errors import TargetError

_PASSED_ON = frozenset({"SCHEMA", "RECORD", "STATE", "ACTIVATE_VERSION"})
Send = Callable[[IO[bytes], int], None]


class Batches:
    """Collects messages into files of bounded size, on disk, each beginning with the schemas that its records need.

    Args:
        send: sends a file, rewound, with its number of records; raises TargetError when it cannot.
        tell_state: writes a STATE's value to whoever runs the tap.
    """

    def __init__(self, send: Send, tell_state: Callable[[object], None], batch_records: int, batch_bytes: int) -> None:
        self._send = send
        self._tell_state = tell_state
        self._batch_records = batch_records
        self._batch_bytes = batch_bytes
        self._schemas: dict[str, bytes] = {}
        self._state: list[object] = []
        self._file: IO[bytes] | None = None
        self._records = 0

    def take(self, lines: Iterable[bytes]) -> None:
        """Take a tap's output to its end.

        Raises:
            TargetError: a message is not Singer's, or a file could not be sent.
        """
        for number, line in enumerate(lines, start=1):
            if line.strip():
                self._message(number, line.strip() + b"\n")
        self._flush()

    def _message(self, number: int, line: bytes) -> None:
        message = _parsed(number, line)
        kind, stream = message.get("type"), message.get("stream")
        if kind not in _PASSED_ON:
            raise TargetError(f"line {number}: {str(kind)[:40]} messages are not supported; switch them off in the tap")
        if kind == "STATE":
            self._state = [message.get("value")]
        elif not isinstance(stream, str):
            raise TargetError(f"line {number}: a {kind} message must name its stream")
        elif kind == "SCHEMA":
            self._schemas[stream] = line
        elif stream not in self._schemas:
            raise TargetError(f"line {number}: a {kind} of {stream[:60]} came before its SCHEMA")
        self._write(kind, line)

    def _write(self, kind: object, line: bytes) -> None:
        if self._file is None:
            if kind == "STATE":
                self._flush()
            if kind in ("STATE", "SCHEMA"):
                return
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open over many messages, closed when sent
            self._file.writelines(self._schemas.values())
        self._file.write(line)
        self._records += kind == "RECORD"
        if self._records >= self._batch_records or self._file.tell() >= self._batch_bytes:
            self._flush()

    def _flush(self) -> None:
        """Send what was collected; then, and only then, say how far the tap has come."""
        if self._file is not None:
            with self._file as file:
                file.seek(0)
                self._send(file, self._records)
            self._file, self._records = None, 0
        if self._state:
            self._tell_state(self._state.pop())


def _parsed(number: int, line: bytes) -> dict[str, object]:
    try:
        message = json.loads(line)
    except ValueError:
        raise TargetError(f"line {number} is not JSON; does the tap write its log to stdout?") from None
    if not isinstance(message, dict):
        raise TargetError(f"line {number} is not a Singer message")
    return message
