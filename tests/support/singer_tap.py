"""A real Singer tap from PyPI, in an environment of its own: it pins packages that ours must not have."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.template import ROOT

PINNED = ROOT / "tests" / "e2e" / "singer_tap.requirements.txt"
FOLDER = ROOT / ".local" / "tap"
TAP = FOLDER / "bin" / "tap-rest-api-msdk"
_STAMP = FOLDER / ".installed"
_NO_NETWORK = ("dns error", "failed to fetch", "error sending request", "connection refused", "timed out", "os error")


def installed_tap() -> Path:
    """The tap's command, installed at first use; skips the test where there is no network (or no uv) for that."""
    pinned = PINNED.read_text(encoding="utf-8")
    if not (_STAMP.exists() and _STAMP.read_text(encoding="utf-8") == pinned):
        own = ROOT / ".local" / "uv" / "bin" / "uv"
        uv = str(own) if own.exists() else os.environ.get("UV") or shutil.which("uv")
        if not uv:
            pytest.skip("the tap is not installed and there is no uv to install it: make setup")
        shutil.rmtree(FOLDER, ignore_errors=True)
        _run(uv, "venv", "--quiet", "--python", "3.11", str(FOLDER))
        _run(uv, "pip", "install", "--quiet", "--python", str(FOLDER / "bin" / "python"), "-r", str(PINNED))
        _STAMP.write_text(pinned, encoding="utf-8")
    return TAP


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode == 0:
        return
    if any(sign in done.stderr.lower() for sign in _NO_NETWORK):
        pytest.skip(f"the tap cannot be fetched, is there a network? {done.stderr.strip().splitlines()[-1]}")
    pytest.fail(done.stderr)
