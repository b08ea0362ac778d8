"""Whether the score weighs on one group more than on another: adverse impact ratios, where group labels are supplied.

The labels are a CSV file: a column customer_id, and one column a way of grouping (such as sex or age_band). They are
used for this and nothing else: no model sees them. What counts in a customer's favour is a risk below the threshold at
which the policy acts on it. A group's ratio is its favourable share over that of the best group; below four fifths it
is flagged, when both have 30 customers or more. It is for people to judge, and no mark that a model passes.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from math import erfc, sqrt
from pathlib import Path
from typing import Any

FOUR_FIFTHS = 0.8
FEWEST = 30
CUSTOMER = "customer_id"
Groups = dict[str, dict[str, str]]


class GroupFileError(Exception):
    """The file holds no group labels."""


def read_groups(path: Path) -> Groups:
    """By way of grouping and customer: the group. What is left empty is not known. GroupFileError: no such labels."""
    found: Groups = defaultdict(dict)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            kinds = [name for name in reader.fieldnames or () if name and name != CUSTOMER]
            if not kinds or CUSTOMER not in (reader.fieldnames or ()):
                raise GroupFileError(f"{path} needs the column {CUSTOMER} and at least one with groups, such as sex.")
            for row in reader:
                customer = (row[CUSTOMER] or "").strip()
                for kind in kinds:
                    if customer and (group := (row[kind] or "").strip()):
                        _note(found[kind], customer, group, kind, path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GroupFileError(f"{path} cannot be read as CSV in UTF-8: {error}") from error
    if not found:
        raise GroupFileError(f"{path} has no row with a customer and a group.")
    return dict(found)


def _note(known: dict[str, str], customer: str, group: str, kind: str, path: Path) -> None:
    if known.setdefault(customer, group) != group:
        raise GroupFileError(
            f"{path} says of customer {customer} two things under {kind}: {known[customer]} and {group}."
        )


def adverse_impact(risks: Mapping[str, float], groups: Groups, thresholds: Iterable[float]) -> dict[str, Any]:
    """By way of grouping and threshold: each group's customers, favourable share, ratio to the best group, the chance
    of such a difference if there were none (two-sided), and the verdict: the best, passes, flagged, or too few.

    Args:
        risks: of the customers that have one.
    """
    thresholds = list(thresholds)
    return {
        kind: {
            "customers_without_a_label": len(set(risks) - set(of_customer)),
            "customers_without_a_score": len(set(of_customer) - set(risks)),
            "below": {f"{threshold:g}": _at(risks, of_customer, threshold) for threshold in thresholds},
        }
        for kind, of_customer in groups.items()
    }


def _at(risks: Mapping[str, float], of_customer: Mapping[str, str], threshold: float) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    below: Counter[str] = Counter()
    for customer in risks.keys() & of_customer.keys():
        counts[of_customer[customer]] += 1
        below[of_customer[customer]] += risks[customer] < threshold
    if not counts:
        return {}
    enough = [group for group in counts if counts[group] >= FEWEST] or list(counts)
    best = max(sorted(enough), key=lambda group: below[group] / counts[group])
    return {group: _compared(group, best, counts, below) for group in sorted(counts)}


def _compared(group: str, best: str, counts: Mapping[str, int], below: Mapping[str, int]) -> dict[str, Any]:
    share, best_share = below[group] / counts[group], below[best] / counts[best]
    ratio = share / best_share if best_share else None
    few = min(counts[group], counts[best]) < FEWEST
    verdict = "too few" if few else "flagged" if ratio is not None and ratio < FOUR_FIFTHS else "passes"
    return {
        "customers": counts[group],
        "share_below": round(share, 4),
        "ratio": None if ratio is None else round(ratio, 4),
        "p_value": _p_value(below[group], counts[group], below[best], counts[best]),
        "verdict": "the best" if group == best and not few else verdict,
    }


def _p_value(one: int, of_one: int, other: int, of_other: int) -> float:
    """Two-sided, of two shares by the normal approximation."""
    share = (one + other) / (of_one + of_other)
    error = sqrt(share * (1 - share) * (1 / of_one + 1 / of_other))
    return round(erfc(abs(one / of_one - other / of_other) / error / sqrt(2)), 4) if error else 1.0


def summary(found: Mapping[str, Any]) -> str:
    """The ratios as text."""
    lines = []
    for kind, measured in found.items():
        for threshold, of_group in measured["below"].items():
            lines.append(f"\n{kind}: customers with a risk below {threshold}")
            lines += [_line(group, one) for group, one in of_group.items()]
            lines += [] if of_group else ["  nobody has both a label and something open on that day"]
    return "\n".join(lines)


def _line(group: str, one: Mapping[str, Any]) -> str:
    ratio = "-" if one["ratio"] is None else f"{one['ratio']:.3f}"
    size = f"{one['customers']:>7} {one['share_below']:>8.1%}"
    return f"  {group:<20} {size}  ratio {ratio}  p {one['p_value']:.3f}  {one['verdict']}"
