"""``make test``: the stages, each with its time, then what passed in all.

The quick ones come first and use every core by themselves. Of the others each waits more than it computes, so they run
in lanes beside each other. Every stage runs, so that one run shows everything that is wrong; the exit status is that
of the first that failed.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
REPORTS = ROOT / ".local" / "test-run" / "reports"


@dataclass(frozen=True)
class Stage:
    """One part of ``make test``: a command of its own, or pytest over folders of ``tests``."""

    name: str
    folders: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    def argv(self, report: Path) -> list[str]:
        """What is run; pytest writes its counts to the report."""
        if self.command:
            return list(self.command)
        folders = [f"tests/{folder}" for folder in self.folders or (self.name,)]
        return [sys.executable, "-m", "pytest", *folders, *self.options, "-rs", f"--junitxml={report}"]


QUICK = (
    Stage("lint", command=("make", "lint")),
    Stage("unit", options=("-n2",)),
    Stage("functions", options=("-n2",)),
)
LANES = (
    # One deployed stack for both folders; about as long as the other lane.
    (Stage("e2e", ("e2e", "browser")),),
    (Stage("model"), Stage("contract"), Stage("adapters"), Stage("chaos")),
)
STAGES = (*QUICK, *(stage for lane in LANES for stage in lane))


@dataclass
class Result:
    """How a stage ended: its exit status, seconds, and tests by outcome."""

    stage: Stage
    status: int
    seconds: float
    counts: Counter[str] = field(default_factory=Counter)

    def line(self) -> str:
        """One line of the table at the end."""
        word = "ok" if self.status == 0 else f"FAILED ({self.status})"
        return f"  {self.stage.name:<10} {word:<11} {self.seconds:>5.0f} s  {_said(self.counts)}"


def run(stage: Stage) -> Result:
    """Run one stage with its output on the terminal, each line with the stage's name as others may run beside it."""
    report = REPORTS / f"{stage.name}.xml"
    report.unlink(missing_ok=True)
    began = time.monotonic()
    print(f"{stage.name:<9} | began", flush=True)
    with subprocess.Popen(
        stage.argv(report),
        cwd=ROOT,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            print(f"{stage.name:<9} | {line}", end="", flush=True)
    result = Result(stage, process.returncode, time.monotonic() - began, _counts(report))
    print(result.line(), flush=True)
    return result


def _environment() -> dict[str, str]:
    """What the user set for pytest or AWS must not change what is tested; and one thread for the mathematics.

    Threads of OpenMP spin while they wait for each other: beside another stage they wait for ever.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTEST_", "MAKE", "MFLAGS"))}
    return {**kept, "OMP_NUM_THREADS": "1"}


def _counts(report: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    if report.exists():
        for suite in ElementTree.parse(report).iter("testsuite"):
            found = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
            failed = found["failures"] + found["errors"]
            counts += Counter(
                passed=found["tests"] - failed - found["skipped"], failed=failed, skipped=found["skipped"]
            )
    return counts


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[word]} {word}" for word in ("passed", "failed", "skipped") if counts[word])


def main(names: Sequence[str]) -> int:
    """Run the stages named, or all; the first failing stage's exit status."""
    if unknown := [name for name in names if name not in {stage.name for stage in STAGES}]:
        print(f"test: no such stage: {', '.join(unknown)}. There are: {', '.join(s.name for s in STAGES)}.")
        return 2
    REPORTS.mkdir(parents=True, exist_ok=True)
    wanted = [[stage for stage in lane if not names or stage.name in names] for lane in (QUICK, *LANES)]
    began = time.monotonic()
    results = [run(stage) for stage in wanted[0]]
    with ThreadPoolExecutor(len(LANES)) as pool:
        for lane in pool.map(lambda lane: [run(stage) for stage in lane], wanted[1:]):
            results += lane
    print("\n== all stages")
    print("\n".join(result.line() for result in results))
    total = sum((result.counts for result in results), Counter[str]())
    print(f"{_said(total) or 'nothing tested'} in {time.monotonic() - began:.0f} s", flush=True)
    return next((result.status for result in results if result.status), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
