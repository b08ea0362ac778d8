"""Makes the segments: `python -m model_artifacts.segments.train --out DIR [--data CSV] [--cut YYYY-MM-DD]`.

Writes `segments.json`, which the core reads (`layers/core/dunwell/scoring/segments.json` is the deployed one), and
`metrics.json` into DIR. Learns from made-up portfolios and from what the ledger knew on the day of the cut.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from dunwell.scoring.behaviour import FEW_PAID
from dunwell.scoring.known import known_at
from dunwell.scoring.segments import SegmentModel
from model_artifacts.late_payment.arguments import REFUSED, ledger_of, training_parser
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF, Ledger, made_up
from model_artifacts.late_payment.evaluate import CutError
from model_artifacts.late_payment.ledger_csv import LedgerFile, LedgerFileError
from model_artifacts.late_payment.taught import learned_before, left_out
from model_artifacts.segments import evaluate as measured
from model_artifacts.segments.gate import refusals
from model_artifacts.segments.learn import (
    CONFIRMATIONS,
    SNAPSHOT_EVERY_DAYS,
    Floats,
    MeaningError,
    TrainingRows,
    learn,
    measures_of,
    snapshots,
    training_rows,
)

TRAINING_SEEDS = (101, 102, 103, 104)
HOLD_OUT_SEEDS = (201, 202)
LATER_DAYS = 180
OTHER_CONFIRMATIONS = (1, 2, 3, 4)


def content_of(model: SegmentModel) -> bytes:
    """The model's file."""
    return (json.dumps(asdict(model), indent=2) + "\n").encode()


def train(
    out: Path, file: LedgerFile | None, cut: date | None, seeds: Sequence[int] = TRAINING_SEEDS
) -> dict[str, Any]:
    """Learns, writes both files into `out`, and returns the record. LedgerFileError when the ledger can teach nothing,
    CutError when the cut leaves nothing to test on, MeaningError when a name would lose its meaning.
    """
    before = learned_before(file, cut) if file else None
    if file and before and not any(len(known_at(own, before).settled) >= FEW_PAID for own in file.ledger.values()):
        raise LedgerFileError(
            f"No customer of this ledger had paid {FEW_PAID} invoices before {before}, so it cannot teach how they "
            "behave. Take a later cut, or train without a ledger, from made-up portfolios alone."
        )
    made = [made_up(seed) for seed in seeds]
    rows = training_rows(made, file.ledger if file else None, before)
    model = learn(rows, made)
    content = content_of(model)
    record = {
        "name": "segments",
        "version": model.version,
        "card_id": model.card_id,
        "sha256": hashlib.sha256(content).hexdigest(),
        "trained_on": {
            "made_up_seeds": list(seeds),
            "ledger_before": before.isoformat() if before else None,
            "left_out": left_out(file),
        },
        "made_up_hold_out": _made_up_hold_out(model, rows),
    }
    if file and before:
        record["ledger"] = _on_ledger(model, file, before, rows)
    record["refused_because"] = refusals(record)
    out.mkdir(parents=True, exist_ok=True)
    (out / "segments.json").write_bytes(content)
    (out / "metrics.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


def _made_up_hold_out(model: SegmentModel, learned_from: TrainingRows) -> dict[str, Any]:
    ledgers = {seed: made_up(seed) for seed in HOLD_OUT_SEEDS}
    first = ledgers[HOLD_OUT_SEEDS[0]]
    day = PORTFOLIO_AS_OF - timedelta(days=LATER_DAYS)
    rows = _rows(ledgers.values(), PORTFOLIO_AS_OF, SNAPSHOT_EVERY_DAYS["made_up"])
    later = measured.later_payments(
        {f"{seed}/{number}": facts for seed, one in ledgers.items() for number, facts in one.items()},
        day,
        PORTFOLIO_AS_OF,
        model,
    )
    return {
        "seeds": list(HOLD_OUT_SEEDS),
        "resampling": measured.resampled(learned_from, rows, model),
        "same_with_one_invoice_left_out": measured.one_invoice_left_out(first, PORTFOLIO_AS_OF, model),
        "by_confirmations": {str(count): _held(model, count, first) for count in OTHER_CONFIRMATIONS},
        "agreement_with_habit": measured.agreement(first, HOLD_OUT_SEEDS[0], PORTFOLIO_AS_OF, model),
        "late_afterwards": later,
        "variance_of_late_between_segments": measured.spread_between(later),
    }


def _rows(ledgers: Iterable[Ledger], last_day: date, every_days: int) -> Floats:
    return measures_of([day for customer in snapshots(ledgers, last_day, every_days) for day in customer])


def _held(model: SegmentModel, count: int, ledger: Ledger) -> dict[str, Any]:
    other = replace(model, confirmations=count)
    agreed = measured.agreement(ledger, HOLD_OUT_SEEDS[0], PORTFOLIO_AS_OF, other)["share"]
    return {
        "chosen": count == CONFIRMATIONS,
        "changes_a_customer_a_year": measured.changes_a_year(ledger, PORTFOLIO_AS_OF, other),
        "agreement_with_habit": agreed,
        "deteriorating": measured.noticed(ledger, HOLD_OUT_SEEDS[0], PORTFOLIO_AS_OF, other),
    }


def _on_ledger(model: SegmentModel, file: LedgerFile, cut: date, learned_from: TrainingRows) -> dict[str, Any]:
    rows = _rows([file.ledger], cut, SNAPSHOT_EVERY_DAYS["ledger"])
    later = measured.later_payments(file.ledger, cut, file.end, model)
    record = {
        "cut": cut.isoformat(),
        "resampling": measured.resampled(learned_from, rows, model),
        "same_with_one_invoice_left_out": measured.one_invoice_left_out(file.ledger, cut, model),
        "changes_a_customer_a_year_after_the_cut": measured.changes_a_year(file.ledger, file.end, model),
    }
    if (between := measured.spread_between(later)) is not None:
        record |= {"late_afterwards": later, "variance_of_late_between_segments": between}
    return record


def summary(record: dict[str, Any]) -> str:
    """How steady the segments are and how far apart, as text."""
    trained, made = record["trained_on"], record["made_up_hold_out"]
    a_year = next(one["changes_a_customer_a_year"] for one in made["by_confirmations"].values() if one["chosen"])
    lines = [f"Learned from {len(trained['made_up_seeds'])} made-up portfolios"]
    if trained["ledger_before"]:
        lines[0] += f" and the ledger before {trained['ledger_before']}"
    lines += _measured("made up, held out", made, a_year)
    if ledger := record.get("ledger"):
        lines += _measured("the ledger", ledger, ledger["changes_a_customer_a_year_after_the_cut"])
    return "\n".join([*lines, ""])


def _measured(place: str, found: dict[str, Any], a_year: float) -> list[str]:
    between = found.get("variance_of_late_between_segments")
    lines = [
        f"\n{place}: adjusted Rand index {found['resampling']['adjusted_rand_mean']} (least "
        f"{found['resampling']['adjusted_rand_least']}) when learned again from customers drawn with repetition",
        f"  {found['same_with_one_invoice_left_out']:.1%} keep their segment without one invoice; {a_year} changes a "
        "customer and year",
        f"  of the variance of late afterwards, between segments: {'not known' if between is None else between}",
    ]
    return lines + [
        f"  {name:<16}{one['customers']:>6} customers, {one['invoices']:>6} invoices"
        + (f", {one['late']:.1%} late, {one['over_30_days']:.1%} over 30 days" if one["invoices"] else "")
        for name, one in found.get("late_afterwards", {}).items()
    ]


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and trains."""
    parser = training_parser("segments", __doc__)
    args = parser.parse_args(argv)
    try:
        record = train(args.out, ledger_of(args), args.cut)
    except (CutError, LedgerFileError, MeaningError) as error:
        parser.exit(1, f"train: {error}\n")
    for what, count in record["trained_on"]["left_out"].items():
        print(f"Left out: {count} rows: {what}")
    print(summary(record))
    print(f"Wrote segments.json and metrics.json to {args.out}.")
    if record["refused_because"]:
        print("The gate refuses this model:", *record["refused_because"], sep="\n  ")
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
