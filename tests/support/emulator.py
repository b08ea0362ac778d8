"""The local AWS for one test module: started on a free port, ended with the module."""

import io
import json
import os
import socket
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import urlopen

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / ".local" / "ms" / "bin" / "ministack"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
T = TypeVar("T")


class Emulator:
    """A running local AWS."""

    def __init__(self, url: str) -> None:
        self.url = url

    def client(self, service: str) -> Any:
        """A client of one of its services."""
        return boto3.client(service, endpoint_url=self.url, **KEYS)  # type: ignore[call-overload]

    def deploy(self, folder: str, statements: list[dict[str, Any]], **variables: str) -> tuple[str, str]:
        """Deploy a function's folder as it is with its permissions; the ARNs of the function and of its role.

        Its packages come from this interpreter's: what layers carry is proved elsewhere.
        """
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        iam = self.client("iam")
        role = iam.create_role(RoleName=folder, AssumeRolePolicyDocument=_policy([trust]))["Role"]["Arn"]
        iam.put_role_policy(RoleName=folder, PolicyName="calls", PolicyDocument=_policy(statements))
        packages = [ROOT / "layers" / "core", ROOT / "layers" / "aws", ROOT, Path(sysconfig.get_path("purelib"))]
        common = {
            "STAGE": "local",
            "CLOCK_OFFSET_SECONDS": "0",
            "POLICY": "default",
            "POWERTOOLS_METRICS_NAMESPACE": "Dunwell",
            "POWERTOOLS_TRACE_DISABLED": "1",
            "PYTHONPATH": os.pathsep.join(map(str, packages)),
        }
        function = self.client("lambda").create_function(
            FunctionName=folder,
            Runtime=f"python3.{sys.version_info.minor}",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": _zipped(ROOT / "functions" / folder)},
            Timeout=30,
            Environment={"Variables": common | variables},
        )
        return function["FunctionArn"], role


@contextmanager
def running_emulator() -> Iterator[Emulator]:
    """A local AWS with IAM enforced; skips the test when it is not installed."""
    if not COMMAND.exists():
        pytest.skip("the emulator is not installed: uv sync --only-group emulator into .local/ms")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    environment = {
        "PATH": os.environ["PATH"],
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": url.rpartition(":")[2],
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "ERROR",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
    }
    process = subprocess.Popen([COMMAND], env=environment, stdout=sys.stderr)
    try:
        eventually(lambda: _answers(f"{url}/_ministack/health"))
        yield Emulator(url)
    finally:
        process.terminate()
        process.wait(10)


def eventually(look: Callable[[], T | None], seconds: float = 20) -> T:
    """What a look finds, once it finds something.

    Raises:
        AssertionError: it found nothing in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing was found within {seconds} seconds")


def _answers(url: str) -> bool:
    try:
        urlopen(url, timeout=1).close()
    except (URLError, OSError):
        return False
    return True


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _zipped(folder: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                archive.write(path, path.relative_to(folder))
    return file.getvalue()
