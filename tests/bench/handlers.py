"""Cold start of every handler, in fresh interpreters that see the built layers and the function's folder alone."""

import json
import subprocess
import sys
import time
from pathlib import Path

from infra.local.sam import Sam
from tests.bench.budgets import IMPORT_MS, PEAK_MB, PEAK_MB_OF
from tests.bench.measure import Entry, Result, Skipped, Spread, spread
from tests.support.template import ROOT, function_folder, functions, layers_of

REPETITIONS = 5

# Peak memory is VmHWM where there is one: ru_maxrss of a child starts from its parent's.
PROBE = """
import json, sys, time
sys.dont_write_bytecode = True
sys.path[:0] = sys.argv[1:]
started = time.perf_counter()
if sys.argv[1:]:
    import app
imported = time.perf_counter()
if sys.argv[1:]:
    from dunwell_aws.aws import client
    client("dynamodb")
ready = time.perf_counter()
if hasattr(sys.modules.get("app"), "scorer"):
    app.scorer().model
try:
    with open("/proc/self/status") as status:
        peak_kb = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
except OSError:
    import resource
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
print(json.dumps([1000 * (imported - started), 1000 * (ready - imported), peak_kb / 1024]))
"""
ENVIRONMENT = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}


def bench(run_dir: Path) -> list[Result]:
    """Every function of the template, and the interpreter alone beside them."""
    try:
        built = _build(run_dir)
    except Exception as error:
        return [Skipped("handlers", f"the layers cannot be built: {error}")]
    bare_ms = spread([_start_ms() for _ in range(REPETITIONS)])
    bare_mb = spread([peak for *_, peak in _probes([])])
    found: list[Result] = []
    for name in functions():
        paths = [str(function_folder(name)), *(str(built / layer / "python") for layer in layers_of(name))]
        found += _entries(name, _probes(paths), bare_ms, bare_mb)
    return found


def _start_ms() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
    return 1000 * (time.perf_counter() - started)


def _entries(name: str, probes: list[list[float]], bare_ms: Spread, bare_mb: Spread) -> list[Entry]:
    imports, clients, peaks = (spread(list(values)) for values in zip(*probes, strict=True))
    cost = f"then {clients.median:.0f} ms for the first AWS client (boto3 is imported then, if not before)"
    return [
        Entry(
            name=f"import_{name}",
            what=f"cold import of {name}",
            unit="ms",
            ours=imports,
            alternative="python -c pass, from start to end",
            plain=bare_ms,
            cost=cost,
            flags=_over("import time", imports, IMPORT_MS, "ms"),
        ),
        Entry(
            name=f"memory_{name}",
            what=f"peak memory of {name} with its first AWS client{', its model' if name == 'ScorePortfolio' else ''}",
            unit="MB",
            ours=peaks,
            alternative="python with nothing imported",
            plain=bare_mb,
            flags=_over("peak memory", peaks, PEAK_MB_OF.get(name, PEAK_MB), "MB"),
        ),
    ]


def _over(what: str, found: Spread, budget: float, unit: str) -> tuple[str, ...]:
    return (f"{what} over the budget of {budget:.0f} {unit}",) if found.median > budget else ()


def _build(run_dir: Path) -> Path:
    sam = Sam(ROOT, run_dir, {"AWS_DEFAULT_REGION": "us-east-1"})
    sam.build()
    return sam.build_dir


def _probes(paths: list[str]) -> list[list[float]]:
    command = [sys.executable, "-I", "-S", "-c", PROBE, *paths]
    outputs = [
        subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout
        for _ in range(REPETITIONS)
    ]
    return [json.loads(output) for output in outputs]
