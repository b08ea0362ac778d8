"""The adapters as deployed, against the local AWS: what each step asks of DynamoDB, and how busy it keeps us.

The local AWS is no DynamoDB: times here tell what a step costs on our side and show when it gets worse; round trips and
units are what AWS bills.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from tests.bench.deployed_steps import Step, Steps
from tests.bench.measure import Entry, Result, Skipped, Spread, spread
from tests.support.emulator import running_emulator

CUSTOMERS = 150
REPETITIONS = 3
TIMES_FASTER = 5
"""How much faster than the first import an unchanged one has to be."""
WRITE_UNITS_A_ROW = 2.5
_PUT_AS_TEXT = "batch_write_item of the rows as text: nothing read, nothing conditional"


@dataclass
class _Found:
    """Repetitions of one step."""

    step: Step
    rates: list[float] = field(default_factory=list)
    busy_ms: list[float] = field(default_factory=list)
    usage: dict[str, float] = field(default_factory=dict)
    list_pages: int = 0


def bench() -> list[Result]:
    """Each step on fresh tables, in the order of a day; repeated on fresh ones."""
    try:
        with running_emulator() as emulator:
            found = _measured(Steps(emulator, number, CUSTOMERS) for number in range(REPETITIONS))
    except pytest.skip.Exception as skipped:
        return [Skipped("deployed", str(skipped))]
    plain = {
        "ingest": (spread(found.pop("plain_writes").rates), _PUT_AS_TEXT),
        "reingest": (spread(found["ingest"].rates), "the first import of the same rows"),
    }
    return [_entry(one, *plain.get(name, (None, ""))) for name, one in found.items()]


def _measured(worlds: Iterable[Steps]) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for world in worlds:
        for step in world.in_order():
            one = found.setdefault(step.name, _Found(step))
            world.meter.reset()
            wall, processor = time.perf_counter(), time.process_time()
            items = step.work()
            one.rates.append(items / (time.perf_counter() - wall))
            one.busy_ms.append(1000 * (time.process_time() - processor) / items)
            one.usage = world.meter.each(items)
            one.list_pages = world.meter.list_pages
    return found


def _said(found: _Found, usage: dict[str, float]) -> str:
    units = (
        f"{usage['round_trips']:.2f} round trips, {usage['read_units']:.2f} read units, "
        f"{usage['write_units']:.2f} write units and {usage['core_ms']:.1f} ms of one core {found.step.per}"
    )
    return f"{units}; {found.list_pages} pages of the work list together" if found.list_pages else units


def _missed(name: str, ours: Spread, plain: Spread | None, usage: dict[str, float]) -> tuple[str, ...]:
    """The budgets of an import that were missed."""
    if name == "reingest" and plain and ours.median < TIMES_FASTER * plain.median:
        return (f"{ours.median / plain.median:.1f} times as fast as the first import, {TIMES_FASTER} wanted",)
    if name == "reingest" and usage["write_units"]:
        return ("an unchanged file wrote something",)
    if name == "ingest" and usage["write_units"] > WRITE_UNITS_A_ROW:
        return (f"{usage['write_units']:.2f} write units a row, {WRITE_UNITS_A_ROW} wanted",)
    return ()


def _entry(found: _Found, plain: Spread | None, alternative: str) -> Entry:
    step = found.step
    usage = found.usage | {"core_ms": spread(found.busy_ms).median}
    return Entry(
        name=f"deployed_{step.name}",
        what=f"{step.what}; DynamoDB of the local AWS",
        unit=step.unit,
        ours=spread(found.rates),
        alternative=alternative,
        plain=plain,
        cost=_said(found, usage),
        flags=_missed(step.name, spread(found.rates), plain, usage),
        usage=usage,
    )
