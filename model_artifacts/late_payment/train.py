"""Makes the model: `python -m model_artifacts.late_payment.train --out DIR [--ibm CSV]`.

Writes `model.onnx` and `metrics.json` into DIR. Without the IBM sample the model is trained on made-up
portfolios alone, which `metrics.json` then says.
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dunwell.scoring.features import FEATURE_NAMES
from dunwell_onnx.scorer import OnnxScorer
from model_artifacts.late_payment.dataset import (
    HORIZONS_DAYS,
    IBM_CUT,
    PORTFOLIO_AS_OF,
    Ledger,
    Moment,
    made_up,
    moments,
    read_ibm,
)
from model_artifacts.late_payment.evaluate import (
    HOLD_OUT_SEEDS,
    evaluate_ibm,
    evaluate_made_up,
    rivals_ibm,
)
from model_artifacts.late_payment.model import fit, to_onnx

NAME = "late_payment"
VERSION = "1.0.0"
CARD_ID = "MC-LATE-PAYMENT-1"
TRAINING_SEEDS = (101, 102, 103, 104)
CUSTOMERS_A_SEED = 400


def train(
    out: Path, ibm: Ledger | None, seeds: Sequence[int] = TRAINING_SEEDS, customers: int = CUSTOMERS_A_SEED
) -> None:
    """Trains, exports, evaluates the exported file as it will be served, and writes both files into `out`."""
    made = [m for seed in seeds for m in moments(made_up(seed, customers), PORTFOLIO_AS_OF)]
    real: list[Moment] = moments(ibm, IBM_CUT) if ibm else []
    content = to_onnx(fit(real, made))
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.onnx").write_bytes(content)
    record: dict[str, Any] = {
        "name": NAME,
        "version": VERSION,
        "card_id": CARD_ID,
        "sha256": hashlib.sha256(content).hexdigest(),
        "feature_names": list(FEATURE_NAMES),
        "horizons_days": list(HORIZONS_DAYS),
        "trained_on": {
            "ibm_before": IBM_CUT.isoformat() if ibm else None,
            "ibm_moments": len(real),
            "made_up_seeds": list(seeds),
            "made_up_customers_a_seed": customers,
            "made_up_moments": len(made),
        },
    }
    _write(out, record)  # the scorer reads it: what is measured is the file that will be served
    scorer = OnnxScorer(out)
    record["made_up_hold_out"] = {"seeds": list(HOLD_OUT_SEEDS), **evaluate_made_up(scorer)}
    if ibm:
        record["ibm_after_cut"] = {"cut": IBM_CUT.isoformat(), **evaluate_ibm(scorer, ibm), **rivals_ibm(ibm)}
    _write(out, record)


def _write(out: Path, record: dict[str, Any]) -> None:
    (out / "metrics.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and trains."""
    parser = argparse.ArgumentParser(prog="python -m model_artifacts.late_payment.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--ibm", type=Path, help="IBM's accounts receivable sample (CSV), to train and test on")
    args = parser.parse_args(argv)
    train(args.out, read_ibm(args.ibm) if args.ibm else None)
    print(f"Wrote model.onnx and metrics.json to {args.out}.")


if __name__ == "__main__":
    main()
