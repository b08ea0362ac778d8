"""Nothing that the local stack starts outlives it, and only one runs at a time."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.local import ports
from infra.local.errors import LocalStackError
from infra.local.lock import only_one
from infra.local.processes import Children

ROOT = Path(__file__).resolve().parents[2]
# A child that starts a grandchild, writes its id and waits (or ends at once).
PARENT = """
import subprocess, sys, time
grandchild = subprocess.Popen(["sleep", "60"])
print(grandchild.pid, flush=True)
time.sleep(float(sys.argv[1]))
"""


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition: object, timeout_seconds: float = 5) -> bool:
    assert callable(condition)
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def number_in(log: Path) -> int:
    assert wait_until(lambda: log.exists() and log.read_text().endswith("\n"))
    return int(log.read_text())


@pytest.mark.parametrize("seconds", ["60", "0"], ids=["running child", "child that has died"])
def test_stopping_ends_what_a_child_started(tmp_path: Path, seconds: str) -> None:
    children = Children(tmp_path)
    child = children.start("parent", [sys.executable, "-c", PARENT, seconds], os.environ, tmp_path)
    grandchild = number_in(child.log)
    if seconds == "0":
        assert wait_until(lambda: not child.alive)
    assert running(grandchild)

    children.stop()

    assert wait_until(lambda: not running(grandchild))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    starter = (
        "import os, time; from pathlib import Path; from infra.local.processes import Children\n"
        f"child = Children(Path({str(tmp_path)!r})).start('x', ['sleep', '60'], os.environ, Path('/'))\n"
        "print(child.process.pid, flush=True); time.sleep(60)"
    )
    log = tmp_path / "pid"
    with log.open("wb") as output:
        parent = subprocess.Popen([sys.executable, "-c", starter], stdout=output, cwd=ROOT)
    child = number_in(log)

    parent.kill()
    parent.wait()

    assert wait_until(lambda: not running(child))


def test_a_child_that_died_is_named_with_how_it_ended(tmp_path: Path) -> None:
    children = Children(tmp_path)
    child = children.start("local-aws", ["sleep", "60"], os.environ, tmp_path)
    assert children.dead() is None

    child.process.send_signal(signal.SIGKILL)

    assert wait_until(lambda: children.dead() is child)
    assert child.ending() == "was killed (SIGKILL)"
    children.stop()


def test_a_program_that_is_missing_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match=r"cannot start x \(/no/such\): No such file or directory"):
        Children(tmp_path).start("x", ["/no/such"], {}, tmp_path)


def test_a_second_run_says_who_runs(tmp_path: Path) -> None:
    lock = tmp_path / "demo.lock"
    with (
        only_one(lock),
        pytest.raises(LocalStackError, match=rf"process {os.getpid()} since 20"),
        only_one(lock),
    ):
        pass

    with only_one(lock):
        pass  # free again


def test_a_busy_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as busy:
        busy.bind((ports.LOOPBACK, 0))
        busy.listen()
        usual = busy.getsockname()[1]

        chosen = ports.choose({"a": usual, "b": usual})

    assert usual not in chosen.values()
    assert len(set(chosen.values())) == 2
