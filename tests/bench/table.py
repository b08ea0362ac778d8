"""The results as a table for a terminal."""

from collections.abc import Mapping, Sequence

from tests.bench.measure import Entry, Result

HEADER = ("", "median", "min", "max", "unit", "plain", "ratio")
_COLUMNS_TO_THE_LEFT = {0, 4}


def table(facts: Mapping[str, object], results: Sequence[Result]) -> str:
    """A line each, then what each costs, the flags, and what was left out."""
    entries = [one for one in results if isinstance(one, Entry)]
    lines = [f"\n{facts['cores']} cores, {facts['processor']}, Python {facts['python']}, load {facts['load_before']}"]
    lines += _aligned([HEADER, *(_cells(entry) for entry in entries)])
    lines += ["", *(f"{entry.name}: {entry.cost}" for entry in entries if entry.cost)]
    lines += [f"OVER BUDGET {entry.name}: {flag}" for entry in entries for flag in entry.flags]
    lines += [f"LEFT OUT {one.name}: {one.reason}" for one in results if not isinstance(one, Entry)]
    return "\n".join(lines)


def _cells(entry: Entry) -> tuple[str, ...]:
    plain = _number(entry.plain.median) if entry.plain else ""
    ratio = f"{entry.ratio:.2f}" if entry.ratio else ""
    ours = entry.ours
    return entry.name, _number(ours.median), _number(ours.minimum), _number(ours.maximum), entry.unit, plain, ratio


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_cell(at, text, widths[at]) for at, text in enumerate(row)).rstrip() for row in rows]


def _cell(at: int, text: str, width: int) -> str:
    return text.ljust(width) if at in _COLUMNS_TO_THE_LEFT else text.rjust(width)
