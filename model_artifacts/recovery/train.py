"""Makes recovery: `python -m model_artifacts.recovery.train --out DIR [--data CSV] [--cut YYYY-MM-DD]`.

Writes `recovery.json`, which the core reads (`layers/core/dunwell/scoring/recovery.json` is the deployed one), and
`metrics.json` into DIR. Learns from made-up portfolios under simulated collection and from what the ledger knew on the
day of the cut.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from dunwell.scoring.recovery import MONTH_DAYS, RECOVERY_FEATURES, RecoveryModel
from model_artifacts.late_payment.arguments import REFUSED, ledger_of, training_parser
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF
from model_artifacts.late_payment.evaluate import CutError
from model_artifacts.late_payment.ledger_csv import LedgerFile, LedgerFileError
from model_artifacts.late_payment.taught import learned_before, left_out
from model_artifacts.recovery import evaluate as measured
from model_artifacts.recovery.dataset import Moment, of_ledger, of_simulation
from model_artifacts.recovery.gate import refusals
from model_artifacts.recovery.learn import Floats, learn
from model_artifacts.recovery.simulate import collected

TRAINING_SEEDS = tuple(range(101, 109))
HOLD_OUT_SEEDS = tuple(range(201, 207))
SHOWN = ("auc", "brier", "calibration_slope", "calibration_error")
Forecasts = dict[str, Callable[[Sequence[Moment]], Floats]]


def simulated(seeds: Sequence[int]) -> list[Moment]:
    """Moments of made-up portfolios under collection; accounts of different seeds keep apart."""
    return [
        moment._replace(account=f"{seed}/{moment.account}")
        for seed in seeds
        for moment in of_simulation(collected(seed), PORTFOLIO_AS_OF)
    ]


def content_of(model: RecoveryModel) -> bytes:
    """The model's file."""
    plain = asdict(model) | {"features": list(RECOVERY_FEATURES)}
    del plain["sha256"]  # a file cannot hold its own
    return (json.dumps(plain, indent=2) + "\n").encode()


def train(
    out: Path,
    file: LedgerFile | None,
    cut: date | None,
    seeds: Sequence[int] = TRAINING_SEEDS,
    hold_out_seeds: Sequence[int] = HOLD_OUT_SEEDS,
) -> dict[str, Any]:
    """Learns, writes both files into `out`, and returns the record. LedgerFileError when the ledger can teach nothing,
    CutError when the cut leaves nothing to test on.
    """
    before = learned_before(file, cut) if file else None
    real = _known(of_ledger(file.ledger, before)) if file and before else []
    after = _known(of_ledger(file.ledger, file.end, cut)) if file and cut else []
    if file and not real:
        raise LedgerFileError(
            f"In this ledger nothing was past due before {before} whose next {MONTH_DAYS} days are known, so it cannot "
            "teach what of a debt comes in. Take a later cut, or train without a ledger, from simulation alone."
        )
    if file and cut and not after:
        raise CutError(
            f"From {cut} on nothing was past due whose next {MONTH_DAYS} days are known: the ledger ends on {file.end}."
        )
    made = simulated(seeds)
    model = learn([*made, *real])
    content = content_of(model)
    forecasts: Forecasts = {
        "this_model": lambda moments: measured.chances(moments, model),
        "blind_to_actions": lambda moments: measured.chances(moments, measured.without_actions(model)),
        "ageing_bucket_roll_rate": measured.roll_rates([*made, *real]),
        "constant_rate": measured.constant([*made, *real]),
    }
    record: dict[str, Any] = {
        "name": "recovery",
        "version": model.version,
        "card_id": model.card_id,
        "sha256": hashlib.sha256(content).hexdigest(),
        "trained_on": {
            "simulated_seeds": list(seeds),
            "simulated_moments": len(made),
            "ledger_before": before.isoformat() if before else None,
            "ledger_moments": len(real),
            "left_out": left_out(file),
        },
        "simulated_hold_out": _on_hold_out(hold_out_seeds, model, forecasts),
    }
    if after:
        record["ledger_after_the_cut"] = measured.by_invoice(after, forecasts)
    record["refused_because"] = refusals(record)
    out.mkdir(parents=True, exist_ok=True)
    (out / "recovery.json").write_bytes(content)
    (out / "metrics.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


def _known(moments: Sequence[Moment]) -> list[Moment]:
    """Those of which something can be learned."""
    return [one for one in moments if one.settled[0] is not None]


def _on_hold_out(seeds: Sequence[int], model: RecoveryModel, forecasts: Forecasts) -> dict[str, Any]:
    later = simulated(seeds)
    return {
        "seeds": list(seeds),
        "by_invoice": measured.by_invoice(later, forecasts),
        "by_group": measured.by_group(later, forecasts["this_model"]),
        "by_account": measured.by_account(later, forecasts),
        "order_of_the_worklist": measured.order_of_the_worklist(later, model),
    }


def summary(record: dict[str, Any]) -> str:
    """The measures beside those of the plain rivals, as a table of text."""
    trained, held_out = record["trained_on"], record["simulated_hold_out"]
    lines = [f"Learned from {trained['simulated_moments']} moments of simulated collection", ""]
    if trained["ledger_before"]:
        lines[0] += f" and {trained['ledger_moments']} of the ledger before {trained['ledger_before']}"
    lines[0] += "."
    places = {"simulated, held out": held_out["by_invoice"], "the ledger": record.get("ledger_after_the_cut", {})}
    for place, by_horizon in places.items():
        for horizon, by in by_horizon.items():
            rows, paid = by["this_model"]["rows"], by["this_model"]["late_share"]
            lines.append(f"{place}, {horizon.replace('_', ' ')}: {rows} moments, {paid:.1%} paid")
            lines += [_line(name, one) for name, one in by.items()]
    money = held_out["by_account"]["this_model"]["expected_over_collected"]
    return "\n".join([*lines, f"In money, {money} of what came in within 90 days was expected.", ""])


def _line(name: str, measures: dict[str, Any]) -> str:
    said = (f"{key} {'-' if (one := measures[key]) is None else f'{one:.4f}'}" for key in SHOWN)
    return f"  {name:<26}" + "  ".join(said)


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and trains."""
    parser = training_parser("recovery", __doc__)
    args = parser.parse_args(argv)
    try:
        record = train(args.out, ledger_of(args), args.cut)
    except (CutError, LedgerFileError) as error:
        parser.exit(1, f"train: {error}\n")
    for what, count in record["trained_on"]["left_out"].items():
        print(f"Left out: {count} rows: {what}")
    print(summary(record))
    print(f"Wrote recovery.json and metrics.json to {args.out}.")
    if record["refused_because"]:
        print("The gate refuses this model:", *record["refused_because"], sep="\n  ")
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
