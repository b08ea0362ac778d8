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

from dunwell.scoring.recovery import RECOVERY_FEATURES, RecoveryModel
from model_artifacts.late_payment.arguments import REFUSED, ledger_of, training_parser
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF
from model_artifacts.late_payment.ledger_csv import LedgerFile, LedgerFileError
from model_artifacts.recovery import evaluate as measured
from model_artifacts.recovery.dataset import Moment, of_ledger, of_simulation
from model_artifacts.recovery.gate import refusals
from model_artifacts.recovery.learn import Floats, learn
from model_artifacts.recovery.simulate import collected

TRAINING_SEEDS = tuple(range(101, 109))
HOLD_OUT_SEEDS = tuple(range(201, 207))
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
    return (json.dumps(asdict(model) | {"features": list(RECOVERY_FEATURES)}, indent=2) + "\n").encode()


def train(out: Path, file: LedgerFile | None, cut: date | None) -> dict[str, Any]:
    """Learns, writes both files into `out`, and returns the record."""
    before = cut or (file.end if file else None)
    made = simulated(TRAINING_SEEDS)
    real = of_ledger(file.ledger, before) if file and before else []
    model = learn([*made, *real])
    content = content_of(model)
    forecasts: Forecasts = {
        "this_model": lambda moments: measured.chances(moments, model),
        "blind_to_actions": lambda moments: measured.chances(moments, measured.without_actions(model)),
        "ageing_bucket_roll_rate": measured.roll_rates([*made, *real]),
        "constant_rate": measured.constant([*made, *real]),
    }
    later = simulated(HOLD_OUT_SEEDS)
    record = {
        "name": "recovery",
        "version": model.version,
        "card_id": model.card_id,
        "sha256": hashlib.sha256(content).hexdigest(),
        "trained_on": {
            "simulated_seeds": list(TRAINING_SEEDS),
            "simulated_moments": len(made),
            "ledger_before": before.isoformat() if before and file else None,
            "ledger_moments": len(real),
        },
        "simulated_hold_out": {
            "seeds": list(HOLD_OUT_SEEDS),
            "by_invoice": measured.by_invoice(later, forecasts),
            "by_group": measured.by_group(later, forecasts["this_model"]),
            "by_account": measured.by_account(later, forecasts),
            "order_of_the_worklist": measured.order_of_the_worklist(later, model),
        },
    }
    if file and cut and (after := of_ledger(file.ledger, file.end, cut)):
        record["ledger_after_the_cut"] = measured.by_invoice(after, forecasts)
    record["refused_because"] = refusals(record)
    out.mkdir(parents=True, exist_ok=True)
    (out / "recovery.json").write_bytes(content)
    (out / "metrics.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and trains."""
    parser = training_parser("recovery", __doc__)
    args = parser.parse_args(argv)
    try:
        record = train(args.out, ledger_of(args), args.cut)
    except LedgerFileError as error:
        parser.exit(1, f"train: {error}\n")
    print(f"Wrote recovery.json and metrics.json to {args.out}.")
    if record["refused_because"]:
        print("The gate refuses this model:", *record["refused_because"], sep="\n  ")
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
