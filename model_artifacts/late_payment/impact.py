"""Whether scores or decisions weigh on one group more than on another: adverse impact ratios, where group labels are
supplied: `python -m model_artifacts.late_payment.impact --decisions CSV --groups CSV [--out JSON]`.

The labels are a CSV file: a column customer_id, and one column a way of grouping (such as sex or age_band). They are
used for this and nothing else: no model sees them. Of a score, a risk below the threshold at which the policy acts on
it counts in a customer's favour; of decisions, what their file says (columns customer_id, decision, in_favour: yes or
no; one row each time that it was decided). A group's ratio is its favourable share over that of the best group; below
four fifths it is flagged, when both have 30 or more. It is for people to judge, and no mark that a model passes.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import erfc, sqrt
from pathlib import Path
from typing import Any

from dunwell.errors import InvalidInputError
from model_artifacts.late_payment.csv_lines import cells_of, lines_of

FOUR_FIFTHS = 0.8
FEWEST = 30
CUSTOMER = "customer_id"
DECIDED = ("decision", "in_favour")
_IN_FAVOUR = {"yes": True, "no": False}
Groups = dict[str, dict[str, str]]
Decisions = dict[str, list[tuple[str, bool]]]
"""By kind of decision: whom each was about, and whether it was in their favour."""


class GroupFileError(Exception):
    """The file holds no group labels, or no decisions."""


def read_groups(path: Path) -> Groups:
    """By way of grouping and customer: the group. What is left empty is not known. GroupFileError: no such labels."""
    found: Groups = defaultdict(dict)
    for _, row in _rows(path, (CUSTOMER,), " and at least one with groups, such as sex"):
        for kind, group in row.items():
            if kind != CUSTOMER and row[CUSTOMER] and group:
                _note(found[kind], row[CUSTOMER], group, kind, path)
    if not found:
        raise GroupFileError(f"{path} has no row with a customer and a group.")
    return dict(found)


def read_decisions(path: Path) -> Decisions:
    """What was decided, by kind. GroupFileError when a row cannot be right: leaving one out would bend the ratio."""
    found: Decisions = defaultdict(list)
    for number, row in _rows(path, (CUSTOMER, *DECIDED)):
        if not row[CUSTOMER] or not row["decision"] or row["in_favour"].lower() not in _IN_FAVOUR:
            raise GroupFileError(f"{path}, line {number}: it needs a customer, a decision, and in_favour as yes or no.")
        found[row["decision"]].append((row[CUSTOMER], _IN_FAVOUR[row["in_favour"].lower()]))
    if not found:
        raise GroupFileError(f"{path} has no decisions in it.")
    return dict(found)


def _rows(path: Path, needed: Sequence[str], more: str = "") -> Iterator[tuple[int, dict[str, str]]]:
    """Rows by column, each with the number of its line. GroupFileError when one cannot be read."""
    lines = lines_of(path, GroupFileError)
    columns = [one.casefold() if one.casefold() in needed else one for one in _cells(next(lines, (1, "\n")), path)]
    others = {name for name in columns if name and name not in needed}
    if not set(needed) <= set(columns) or (more and not others):
        raise GroupFileError(f"{path} needs the column{'s' * (len(needed) > 1)} {', '.join(needed)}{more}.")
    if len(others) + len(needed) < len([name for name in columns if name]):
        raise GroupFileError(f"{path} has two columns of one name: leave one of them, and rename the other.")
    for line in lines:
        cells = _cells(line, path) + [""] * len(columns)
        yield line[0], {name: cell for name, cell in zip(columns, cells, strict=False) if name}


def _cells(line: tuple[int, str], path: Path) -> list[str]:
    try:
        return cells_of(line[1])
    except InvalidInputError as error:
        raise GroupFileError(f"{path}, line {line[0]}: {error}.") from error


def _note(known: dict[str, str], customer: str, group: str, kind: str, path: Path) -> None:
    if known.setdefault(customer, group) != group:
        raise GroupFileError(
            f"{path} says of customer {customer} two things under {kind}: {known[customer]} and {group}."
        )


def adverse_impact(risks: Mapping[str, float], groups: Groups, thresholds: Iterable[float]) -> dict[str, Any]:
    """By way of grouping and threshold: how many customers each group has, its favourable share, the ratio to the best
    group, the chance of such a difference if there were none (two-sided), and the verdict: the best, passes, flagged,
    or too few.

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
    labelled = risks.keys() & of_customer.keys()
    return _compared_all((of_customer[customer], risks[customer] < threshold) for customer in labelled)


def impact_of_decisions(decisions: Decisions, groups: Groups) -> dict[str, Any]:
    """By way of grouping and kind of decision: how many there were of each group, the share in its favour, and the
    rest as of scores. The chance takes decisions for independent, which those about one customer are not.
    """
    return {
        kind: {
            decision: {
                "without_a_label": sum(customer not in of_customer for customer, _ in made),
                "groups": _compared_all((of_customer[who], favour) for who, favour in made if who in of_customer),
            }
            for decision, made in decisions.items()
        }
        for kind, of_customer in groups.items()
    }


def _compared_all(favoured: Iterable[tuple[str, bool]]) -> dict[str, dict[str, Any]]:
    """By group, held against the best: empty when there is nobody."""
    counts: Counter[str] = Counter()
    good: Counter[str] = Counter()
    for group, favour in favoured:
        counts[group] += 1
        good[group] += favour
    if not counts:
        return {}
    enough = [group for group in counts if counts[group] >= FEWEST] or list(counts)
    best = max(sorted(enough), key=lambda group: good[group] / counts[group])
    return {group: _compared(group, best, counts, good) for group in sorted(counts)}


def _compared(group: str, best: str, counts: Mapping[str, int], good: Mapping[str, int]) -> dict[str, Any]:
    share, best_share = good[group] / counts[group], good[best] / counts[best]
    ratio = share / best_share if best_share else None
    few = min(counts[group], counts[best]) < FEWEST
    verdict = "too few" if few else "flagged" if ratio is not None and ratio < FOUR_FIFTHS else "passes"
    return {
        "count": counts[group],
        "share_in_favour": round(share, 4),
        "ratio": None if ratio is None else round(ratio, 4),
        "p_value": _p_value(good[group], counts[group], good[best], counts[best]),
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


def decisions_summary(found: Mapping[str, Any]) -> str:
    """The ratios of decisions as text."""
    lines = []
    for kind, by_decision in found.items():
        for decision, measured in by_decision.items():
            lines.append(f"\n{kind}: {decision}, in favour ({measured['without_a_label']} without a label)")
            lines += [_line(group, one) for group, one in measured["groups"].items()]
    return "\n".join(lines)


def _line(group: str, one: Mapping[str, Any]) -> str:
    ratio = "-" if one["ratio"] is None else f"{one['ratio']:.3f}"
    size = f"{one['count']:>7} {one['share_in_favour']:>8.1%}"
    return f"  {group:<20} {size}  ratio {ratio}  p {one['p_value']:.3f}  {one['verdict']}"


def main(argv: list[str] | None = None) -> None:
    """Parses the command line, prints the ratios of decisions and writes them."""
    parser = argparse.ArgumentParser(prog="python -m model_artifacts.late_payment.impact", description=__doc__)
    parser.add_argument("--decisions", type=Path, required=True, help="CSV: customer_id, decision, in_favour")
    parser.add_argument("--groups", type=Path, required=True, help="CSV: customer_id and a column a way of grouping")
    parser.add_argument("--out", type=Path, help="the JSON file to write")
    args = parser.parse_args(argv)
    try:
        found = impact_of_decisions(read_decisions(args.decisions), read_groups(args.groups))
        if args.out:
            args.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    except (GroupFileError, OSError) as error:
        parser.exit(1, f"impact: {error}\n")
    print(decisions_summary(found))


if __name__ == "__main__":
    main()
