"""Makes the model: `python -m model_artifacts.late_payment.train --out DIR [--data CSV] [--cut YYYY-MM-DD]
[--figures CSV [--proxies NAME...]]`.

Writes `model.onnx` and `metrics.json` into DIR. The model learns from what the ledger knew on the day of the cut
(without one: on its last day) and, for the horizons and ages that it cannot teach, from made-up portfolios; without
a ledger from these alone. With a cut it is evaluated on what was issued from then on, at rolling cuts too, and held
to the gate (`gate.py`), with the figures as it is served and without them; the exit status is 3 when the gate refuses
it.
"""

import hashlib
import json
import sys
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dunwell.figures import PROXIES
from dunwell.scoring.delivery import NO_OFFSETS, DeliveryOffsets
from dunwell.scoring.drift import DIGITS
from dunwell.scoring.features import FEATURE_NAMES, said
from dunwell.scoring.ports import SETTLEMENT_QUANTILES
from dunwell_onnx.scorer import MODEL_FILE, RECORD_FILE, OnnxScorer
from model_artifacts.late_payment.arguments import REFUSED, ledger_of, training_parser
from model_artifacts.late_payment.dataset import (
    HORIZONS_DAYS,
    PORTFOLIO_AS_OF,
    Moment,
    longest_terms_days,
    made_up,
    moments,
)
from model_artifacts.late_payment.delivery import learned
from model_artifacts.late_payment.evaluate import CutError, evaluate, evaluate_made_up, summary, told_by
from model_artifacts.late_payment.export import to_onnx
from model_artifacts.late_payment.gate import refusals
from model_artifacts.late_payment.ledger_csv import LedgerFile, LedgerFileError
from model_artifacts.late_payment.limits import MADE_UP_STEP, rolling_intervals, rolling_origin, what_the_data_allow
from model_artifacts.late_payment.model import MADE_UP_INVOICES, LatePayment, fit, rows_of, with_intervals
from model_artifacts.late_payment.taught import learned_before, left_out
from model_artifacts.optional_inputs.figures import FiguresError, Published, read_figures
from model_artifacts.optional_inputs.training import add_head

NAME = "late_payment"
VERSION = "2.3.1"
CARD_ID = "MC-LATE-PAYMENT-2"
TRAINING_SEEDS = (101, 102, 103, 104)
CUSTOMERS_A_SEED = 400


def train(
    out: Path,
    file: LedgerFile | None,
    cut: date | None,
    seeds: Sequence[int] = TRAINING_SEEDS,
    customers: int = CUSTOMERS_A_SEED,
    figures: Published | None = None,
    proxies: Collection[str] = (),
) -> dict[str, Any]:
    """Trains, exports, evaluates the exported file as it will be served, writes both files into `out` when all that
    has been done, and returns the record. `figures` beside the ledger are used where they are worth it, `proxies` among
    them only when named. LedgerFileError when the ledger knows of no settlement to learn from.
    """
    before = learned_before(file, cut) if file else None
    offsets, sent = learned(file.ledger, before) if file and before else (NO_OFFSETS, {})
    made = [m for seed in seeds for m in moments(made_up(seed, customers), PORTFOLIO_AS_OF, offsets)]
    real = moments(file.ledger, before, offsets) if file and before else []
    model = fit(real, made, offsets)
    intervals: dict[str, Any] = {}
    if file and before:
        model, intervals = with_intervals(model, file.ledger, before, made[::MADE_UP_STEP])
    content, outside = to_onnx(model), None
    if file and before and figures:
        content, outside = add_head(content, model, file, before, figures, proxies)
    record = _identity(content)
    record["trained_on"] = {
        "ledger_before": before.isoformat() if before and file else None,
        "ledger_moments": len(real),
        "made_up_seeds": list(seeds),
        "made_up_customers_a_seed": customers,
        "made_up_moments": len(made),
        "longest_terms_days": longest_terms_days([*real, *made]),
        "left_out": left_out(file),
    }
    record["delivery"] = sent | {"offsets": offsets._asdict()}
    record["intervals"] = intervals
    if outside:
        record["outside"] = outside
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out) as name:
        folder = Path(name)
        _write(folder, content, record)  # the scorer reads it: what is measured is the file that will be served
        record |= _measured(OnnxScorer(folder), model, file, cut, real, made)
        if file and cut and figures and outside and outside["inputs"]:
            record["evaluation_without_figures"] = record["evaluation"]
            scorer = OnnxScorer(folder)
            record["evaluation"] = evaluate(scorer, file, cut, told_by(figures, scorer))
        record["refused_because"] = refusals(record)
        _write(folder, content, record)
        for file_name in (MODEL_FILE, RECORD_FILE):
            (folder / file_name).replace(out / file_name)
    return record


def _measured(
    scorer: OnnxScorer,
    model: LatePayment,
    file: LedgerFile | None,
    cut: date | None,
    real: Sequence[Moment],
    made: Sequence[Moment],
) -> dict[str, Any]:
    """What is to be known of the exported model: the spread of what it learned from, parity, and how good it is."""
    found: dict[str, Any] = {
        "reference": reference(scorer, rows_of([*real, *made[:: max(1, len(made) // int(MADE_UP_INVOICES))]])),
        "parity": _parity(scorer, model, _all_rows(file, made, model.delivery)),
        "made_up_hold_out": evaluate_made_up(scorer),
    }
    if file and cut:
        found |= {
            "evaluation": evaluate(scorer, file, cut),
            "rolling_origin": rolling_origin(file, cut, made),
            "rolling_intervals": rolling_intervals(file, cut, made),
            "what_the_data_allow": what_the_data_allow(file, cut, made),
        }
    return found


def _identity(content: bytes) -> dict[str, Any]:
    return {
        "name": NAME,
        "version": VERSION,
        "card_id": CARD_ID,
        "sha256": hashlib.sha256(content).hexdigest(),
        "feature_names": list(FEATURE_NAMES),
        "horizons_days": list(HORIZONS_DAYS),
        "settlement_quantiles": list(SETTLEMENT_QUANTILES),
    }


def reference(scorer: OnnxScorer, rows: Any) -> dict[str, Any]:
    """How each feature and score was spread over what the model learnt from: tenths, and the share in each. What the
    model sees later is held against it (`dunwell.scoring.drift`).
    """
    scores = np.array(scorer.probabilities(rows.tolist()))
    columns = dict(zip(FEATURE_NAMES, rows.T, strict=True))
    columns |= {f"late_{horizon}": column for horizon, column in zip(HORIZONS_DAYS, scores.T, strict=True)}
    spread = {name: _spread(np.array(known)) for name, column in columns.items() if (known := said(name, column))}
    return {"rows": len(rows), "spread": spread}


def _spread(values: Any) -> dict[str, list[float]]:
    edges = np.unique(np.quantile(values, np.arange(0.1, 1, 0.1), method="nearest").astype(np.float64).round(DIGITS))
    counts = np.bincount(np.searchsorted(edges, values.astype(np.float64).round(DIGITS)), minlength=len(edges) + 1)
    return {"up_to": edges.tolist(), "shares": (counts / len(values)).round(4).tolist()}


def _all_rows(file: LedgerFile | None, made: Sequence[Moment], offsets: DeliveryOffsets) -> Any:
    """Every moment of the ledger, before the cut and after, and every fifth made-up one."""
    real = moments(file.ledger, file.end + timedelta(days=1), offsets) if file else []
    return rows_of([*real, *made[::5]])


def _parity(scorer: OnnxScorer, model: LatePayment, rows: Any) -> dict[str, Any]:
    served = np.array(scorer.probabilities(rows.tolist()))
    return {"rows": len(rows), "largest_difference": float(f"{np.abs(served - model.probabilities(rows)).max():.1e}")}


def _write(out: Path, content: bytes, record: dict[str, Any]) -> None:
    (out / MODEL_FILE).write_bytes(content)
    (out / RECORD_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and trains."""
    parser = training_parser("late_payment", __doc__)
    parser.add_argument("--figures", type=Path, help="figures beside the ledger (CSV), used where they are worth it")
    parser.add_argument(
        "--proxies", nargs="*", choices=PROXIES, default=[], help="those that may be tried all the same"
    )
    args = parser.parse_args(argv)
    try:
        file = ledger_of(args)
        figures = read_figures(args.figures) if args.figures else None
        record = train(args.out, file, args.cut, figures=figures, proxies=args.proxies)
    except (CutError, FiguresError, LedgerFileError) as error:
        parser.exit(1, f"train: {error}\n")
    for what, count in record["trained_on"]["left_out"].items():
        print(f"Left out: {count} rows: {what}")
    if "evaluation" in record:
        print(summary(record["evaluation"]), "\n")
    if "outside" in record:
        print("Of the figures it uses:", ", ".join(one["name"] for one in record["outside"]["inputs"]) or "none.")
    print(f"Wrote model.onnx and metrics.json to {args.out}.")
    if record["refused_because"]:
        print("The gate refuses this model:", *record["refused_because"], sep="\n  ")
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
