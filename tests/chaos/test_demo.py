"""``make demo`` when things go wrong around it: the local AWS dies, a port is taken, somebody starts it twice.

Each demo runs in a copy of the project, so that these tests neither meet nor disturb a demo of the user's.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.sam import Sam
from tests.support.debtors import ROOT, TODAY, csv_file, new_number, row

pytestmark = pytest.mark.slow

PARTS = ("functions", "infra", "layers", "model_artifacts", "samconfig.toml", "template.yaml", "uv.lock")
MADE = ("build", "ms", "sam")
FULL_RUN_SECONDS = 240
EXIT_SECONDS = 15
WITHOUT_CACHES = shutil.ignore_patterns("__pycache__")


@dataclass
class Demo:
    """One ``python -m infra.local.demo`` in a copy of the project."""

    root: Path
    process: subprocess.Popen[str]
    output: Path

    def text(self) -> str:
        """What it has printed so far."""
        return self.output.read_text(encoding="utf-8")

    def wait_for(self, words: str) -> str:
        """Its output once it has printed the words."""
        deadline = time.monotonic() + FULL_RUN_SECONDS
        while words not in (said := self.text()):
            assert self.process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)
        return said

    def ended(self, seconds: float = EXIT_SECONDS) -> int:
        """Its exit status."""
        return self.process.wait(seconds)

    def fingerprint(self) -> str:
        """Of the ledger, from the summary."""
        found = re.search(r"fingerprint (\w+)", self.text())
        assert found, self.text()
        return found[1]


class Copy:
    """A copy of the project that shares only what was built and installed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, root / part, ignore=WITHOUT_CACHES)
            else:
                shutil.copy2(source, root / part)
        (root / ".local").mkdir()
        for made in MADE:
            (root / ".local" / made).symlink_to(ROOT / ".local" / made)
        self.data = root / "data.csv"
        self._runs = 0

    def start(self, *options: str) -> Demo:
        """Start a demo over the file."""
        self._runs += 1
        output = self.root / f"demo-{self._runs}.log"
        argv = [sys.executable, "-m", "infra.local.demo", "--data", str(self.data), "--as-of", TODAY.isoformat()]
        with output.open("w") as file:
            process = subprocess.Popen(
                [*argv, *options], cwd=self.root, stdout=file, stderr=subprocess.STDOUT, text=True, env=self._env()
            )
        return Demo(self.root, process, output)

    def _env(self) -> dict[str, str]:
        folders = (self.root, *(self.root / "layers" / layer for layer in ("core", "aws", "scoring")))
        return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONUNBUFFERED": "1"}

    def processes(self) -> list[str]:
        """Command lines of what runs for this copy: it names the copy, or was started in it."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                about = f"{command} {(folder / 'cwd').readlink()} {(folder / 'environ').read_bytes()!r}"
            except OSError:
                continue  # it ended meanwhile, or is somebody else's
            if command and int(folder.name) != os.getpid() and str(self.root) in about:
                found.append(command)
        return found

    def is_locked(self) -> bool:
        """Whether a demo holds the lock of this copy."""
        with (self.root / ".local" / "demo.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False


@pytest.fixture(scope="module")
def data() -> bytes:
    """A dozen customers who will be reminded, and never as late as to be escalated."""
    return csv_file(row(new_number(), overdue_days=5, amount=f"{100 + 7 * n}.50") for n in range(12))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> Copy:
    Sam(ROOT, ROOT / ".local" / "test-run" / "chaos", {}).build()
    copy = Copy(tmp_path_factory.mktemp("first"))
    copy.data.write_bytes(data)
    return copy


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> Copy:
    copy = Copy(tmp_path_factory.mktemp("second"))
    copy.data.write_bytes(data)
    return copy


@pytest.fixture(scope="module")
def undisturbed(first: Copy) -> Iterator[Demo]:
    """A demo that has shown everything and stays up."""
    demo = first.start()
    try:
        demo.wait_for("until you press Ctrl-C")
        yield demo
    finally:
        demo.process.terminate()
        demo.ended()


def local_aws_of(demo: Demo) -> int:
    """The process of the local AWS that a demo has started."""
    children = Path(f"/proc/{demo.process.pid}/task/{demo.process.pid}/children").read_text().split()
    (found,) = [int(child) for child in children if b"ministack" in Path(f"/proc/{child}/cmdline").read_bytes()]
    return found


def addresses(demo: Demo) -> set[str]:
    """The hosts and ports in the summary."""
    return set(re.findall(r"http://([\d.]+:\d+)", demo.text()))


def test_a_second_demo_says_who_runs_and_leaves_the_first_alone(undisturbed: Demo, first: Copy) -> None:
    again = first.start("--once")

    assert again.ended() == 1
    assert again.text().strip().startswith("demo: the local stack already runs here: process ")
    assert len(again.text().strip().splitlines()) == 1
    assert undisturbed.process.poll() is None


def test_after_the_local_aws_was_killed_the_next_demo_ends_with_the_same_ledger(
    undisturbed: Demo, second: Copy
) -> None:
    broken = second.start("--once")
    broken.wait_for("deploy to the local AWS (")
    time.sleep(2)  # into the import

    os.kill(local_aws_of(broken), signal.SIGKILL)
    killed_at = time.monotonic()

    assert broken.ended() == 1
    assert time.monotonic() - killed_at < 10
    said = [line for line in broken.text().splitlines() if line.startswith("demo: ")]
    assert len(said) == 1
    assert "local-aws was killed (SIGKILL)" in said[0]
    assert "Traceback" not in broken.text()
    assert second.processes() == []
    assert not second.is_locked()

    whole = second.start("--once")
    assert whole.ended(FULL_RUN_SECONDS) == 0, whole.text()
    assert whole.fingerprint() == undisturbed.fingerprint()
    assert second.processes() == []
    # The first still has its ports, the usual ones unless something else had them.
    assert len(addresses(whole)) == 2
    assert not addresses(whole) & addresses(undisturbed)


def test_ctrl_c_ends_a_demo_and_leaves_nothing_running(undisturbed: Demo, first: Copy) -> None:
    assert first.processes()

    undisturbed.process.send_signal(signal.SIGINT)

    assert undisturbed.ended() == 130
    assert undisturbed.text().splitlines()[-1] == "stopped"
    assert first.processes() == []
    assert not first.is_locked()


def test_a_file_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "missing.csv"

    done = subprocess.run(
        [sys.executable, "-m", "infra.local.demo", "--data", str(missing), "--once"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=EXIT_SECONDS,
        check=False,
    )

    assert done.returncode == 1
    assert (done.stdout + done.stderr).strip() == f"demo: cannot read DATA={missing}: No such file or directory"
