"""How good a model is on later data, beside what needs no model:
`python -m model_artifacts.late_payment.evaluate --model DIR --data CSV --cut YYYY-MM-DD [--out JSON] [--groups CSV]`.

The test part is every invoice issued from the cut on, as it stood at issue and at later moments; an answer counts
once the ledger reaches past it. The rivals learn from what was known before the cut. With labels of groups
(`impact.py`), the risks of the customers on the day of the cut are compared between them.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from dunwell.scoring.features import FEATURE_NAMES
from dunwell.scoring.ports import Forecast, Scorer
from dunwell.scoring.score import score_customers, settlement
from dunwell_aws.documents import folder, read_policy
from dunwell_onnx.scorer import ModelFileError, OnnxScorer
from model_artifacts.late_payment import impact, measures, rivals
from model_artifacts.late_payment.arguments import add_today, day
from model_artifacts.late_payment.conformal import kind_of
from model_artifacts.late_payment.dataset import (
    HORIZONS_DAYS,
    KNOWN_AFTER_DUE_DAYS,
    PORTFOLIO_AS_OF,
    Moment,
    made_up,
    moments,
)
from model_artifacts.late_payment.disputes import late_with_disputes
from model_artifacts.late_payment.ledger_csv import LedgerFile, LedgerFileError, read_ledger
from model_artifacts.late_payment.model import table

_OVERDUE, _TO_DUE = FEATURE_NAMES.index("days_overdue"), FEATURE_NAMES.index("days_to_due")
AGES: dict[str, Callable[[Moment], bool]] = {
    "at_issue": lambda m: m.at_issue,
    "before_due": lambda m: not m.at_issue and m.features[_TO_DUE] > 0,
    "past_due": lambda m: m.features[_OVERDUE] > 0,
}
INTERVAL_AGES: dict[str, Callable[[Moment], bool]] = {
    "all": lambda m: True,
    **AGES,
    "past_due_week": lambda m: kind_of(m) == "past_due_week",
    "past_due_longer": lambda m: kind_of(m) == "past_due_longer",
}
HOLD_OUT_SEEDS = (201, 202)  # never trained on
FEWEST = 30  # late and not late: fewer say nothing


class CutError(Exception):
    """The cut leaves nothing to test on, or the model has seen what it would be tested on."""


def evaluate(scorer: Scorer, file: LedgerFile, cut: date) -> dict[str, Any]:
    """Measures of the model and its rivals on what was issued from the cut on. CutError when there is nothing."""
    offsets = scorer.model.delivery
    train = moments(file.ledger, cut, offsets)
    test = moments(file.ledger, file.end, offsets, issued_from=cut)
    at_issue = [m for m in test if m.at_issue]
    if not at_issue:
        raise CutError(f"No invoice was issued from {cut} on: the ledger ends on {file.end}.")
    found: dict[str, Any] = {"cut": cut.isoformat(), "end": file.end.isoformat(), "rows": file.rows}
    found["left_out"] = dict(sorted(file.left_out.items()))
    found["test_invoices"] = len(at_issue)
    for horizon in HORIZONS_DAYS:
        found[f"late_{horizon}"] = {
            age: of_age
            for age, chosen in AGES.items()
            if (of_age := _late(scorer, [m for m in train if m.at_issue], list(filter(chosen, test)), horizon))
        }
    if file.has_disputes and "logistic_regression" in found["late_0"].get("at_issue", {}):
        known = _known(at_issue, 0)
        p = late_with_disputes(train, known, file.ledger, cut, offsets)
        found["late_0"]["at_issue"]["with_disputes_not_served"] = measures.classification(table(known, 0)[1], p)
    found["days_late"] = _days_late(scorer, train, at_issue, file, cut)
    found["interval_80"] = {
        age: measured
        for age, chosen in INTERVAL_AGES.items()
        if (measured := _interval(scorer, list(filter(chosen, test)), file))
    }
    return found


def impact_at(scorer: Scorer, file: LedgerFile, cut: date, groups: impact.Groups) -> dict[str, Any]:
    """Adverse impact ratios of the customers' risks on the day of the cut, at the risks at which the default policy
    loses its patience and calls an agent.
    """
    policy = read_policy(folder("infra"))
    thresholds = [policy.patience_permille / 1000, policy.escalation.min_risk_permille / 1000]
    scores = score_customers(list(file.ledger.values()), cut, scorer)
    risks = {one: score.risk for one, score in zip(file.ledger, scores, strict=True) if score.risk is not None}
    return impact.adverse_impact(risks, groups, thresholds)


def _known(found: Sequence[Moment], horizon: int) -> list[Moment]:
    column = HORIZONS_DAYS.index(horizon)
    return [m for m in found if m.labels[column] is not None and m.features[_OVERDUE] <= horizon]


def _late(scorer: Scorer, train: Sequence[Moment], test: Sequence[Moment], horizon: int) -> dict[str, Any]:
    known = _known(test, horizon)
    y = table(known, horizon)[1]
    if min(y.sum(), (1 - y).sum()) < FEWEST:
        return {}
    column = scorer.model.horizons_days.index(horizon)
    model = np.array([forecast.probabilities[column] for forecast in _forecasts(scorer, known)])
    others = rivals.late(train, known, horizon)
    if not train:
        others["base_rate"] = np.full(len(y), y.mean())
    return {name: measures.classification(y, p) for name, p in {"model": model, **others}.items()}


def _settled(test: Sequence[Moment], file: LedgerFile) -> list[Moment]:
    """Those whose settlement can be compared: all, when none is open at the end; else those due long before, since
    among the young only the prompt ones are settled.
    """
    if all(m.invoice.settled_on for m in test):
        return list(test)
    return [m for m in test if m.invoice.settled_on and (file.end - m.invoice.due_on).days > KNOWN_AFTER_DUE_DAYS]


def _days_late(
    scorer: Scorer, train: Sequence[Moment], test: Sequence[Moment], file: LedgerFile, cut: date
) -> dict[str, Any]:
    settled, days = _foreseen(scorer, _settled(test, file))
    if not settled:
        return {}
    actual = rivals.days_of([m.invoice for m in settled])
    forecasts = {"model": days[:, 1], **rivals.days_late(train, settled, file.ledger, cut)}
    return {name: measures.days_late(actual, days) for name, days in forecasts.items()}


def _interval(scorer: Scorer, test: Sequence[Moment], file: LedgerFile) -> measures.Measures:
    asked = _settled(test, file)
    settled, days = _foreseen(scorer, asked)
    if len(settled) < FEWEST:
        return {}
    found = measures.interval(rivals.days_of([m.invoice for m in settled]), days[:, 0], days[:, 2])
    return found | ({"without_a_day": unsaid} if (unsaid := len(asked) - len(settled)) else {})


def _foreseen(scorer: Scorer, test: Sequence[Moment]) -> tuple[list[Moment], measures.Floats]:
    """The moments for which the model names days, and days late as served: earliest, expected, latest."""
    served = [
        (m, [(day - m.invoice.due_on).days for day in days])
        for m, forecast in zip(test, _forecasts(scorer, test), strict=True)
        if (days := settlement(m.invoice, m.day, forecast.lateness, scorer.model.longest_terms_days))
    ]
    return [m for m, _ in served], np.array([days for _, days in served], dtype=np.float64).reshape(len(served), 3)


def _forecasts(scorer: Scorer, test: Sequence[Moment]) -> list[Forecast]:
    return scorer.forecasts([m.features for m in test])


def evaluate_made_up(scorer: Scorer) -> dict[str, Any]:
    """Measures on portfolios the model was not trained on: they show that it learns, not that the world is so."""
    ledger = {f"{seed}/{name}": facts for seed in HOLD_OUT_SEEDS for name, facts in made_up(seed).items()}
    test = moments(ledger, PORTFOLIO_AS_OF, scorer.model.delivery)
    file = LedgerFile(ledger, PORTFOLIO_AS_OF, len(test), has_disputes=True)
    found: dict[str, Any] = {"seeds": list(HOLD_OUT_SEEDS)}
    for horizon in HORIZONS_DAYS:
        by_age = {age: _late(scorer, [], list(filter(chosen, test)), horizon) for age, chosen in AGES.items()}
        found[f"late_{horizon}"] = {age: of_age for age, of_age in by_age.items() if of_age}
    found["interval_80"] = {
        age: _interval(scorer, list(filter(chosen, test)), file) for age, chosen in INTERVAL_AGES.items()
    }
    return found


def refuse_seen(model_record: dict[str, Any], cut: date) -> None:
    """CutError when the model was trained on what came after the cut."""
    before = model_record.get("trained_on", {}).get("ledger_before")
    if before is not None and date.fromisoformat(before) > cut:
        raise CutError(
            f"The model was trained on what was known by {before}: testing it from {cut} on would test what it has "
            f"seen. Use a cut of {before} or later, or train again with CUT={cut}."
        )


def summary(found: dict[str, Any]) -> str:
    """The measures at issue as a table of text."""
    lines = [f"Invoices issued from {found['cut']} on: {found['test_invoices']}; the ledger ends on {found['end']}."]
    lines += [f"  left out: {count} rows: {what}" for what, count in found["left_out"].items()]
    if not any(found[f"late_{horizon}"] for horizon in HORIZONS_DAYS):
        lines.append(f"  too few to judge the probabilities: {FEWEST} late ones and {FEWEST} others are needed.")
    for horizon in HORIZONS_DAYS:
        for age, of_age in found[f"late_{horizon}"].items():
            lines.append(f"\nlate by more than {horizon} days, {age.replace('_', ' ')}")
            lines += _table(of_age, ("auc", "pr_auc", "brier", "calibration_slope", "calibration_error", "accuracy"))
    lines.append("\ndays late, at issue")
    lines += _table(found["days_late"], ("mae_clipped", "mae_signed"))
    lines.append("\n80 % interval of the settlement date")
    lines += _table(found["interval_80"], ("coverage", "coverage_from", "coverage_to", "width_days"))
    if unsaid := found["interval_80"].get("all", {}).get("without_a_day"):
        lines.append(f"  not counted: {unsaid} moments for which the model names no day.")
    if "adverse_impact" in found:
        lines.append(impact.summary(found["adverse_impact"]))
    return "\n".join(lines)


def _table(rows: dict[str, Any], columns: Sequence[str]) -> list[str]:
    def cell(value: float | None) -> str:
        return f"{'-' if value is None else f'{value:.4f}':>18}"

    head = " " * 26 + "".join(f"{name.replace('_', ' '):>18}" for name in columns)
    return [head, *(f"  {name:<24}" + "".join(cell(row[column]) for column in columns) for name, row in rows.items())]


def main(argv: list[str] | None = None) -> None:
    """Parses the command line, evaluates, prints the measures and writes them."""
    parser = argparse.ArgumentParser(prog="python -m model_artifacts.late_payment.evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the folder with model.onnx and metrics.json")
    parser.add_argument("--data", type=Path, required=True, help="a ledger in the canonical columns (CSV)")
    parser.add_argument("--cut", type=day, required=True, help="test on what was issued from then on")
    parser.add_argument("--out", type=Path, help="the JSON file to write (default: beside the model)")
    parser.add_argument("--groups", type=Path, help="labels to compute adverse impact by (CSV: customer_id, sex, …)")
    add_today(parser)
    args = parser.parse_args(argv)
    try:
        scorer = OnnxScorer(args.model)
        model = scorer.model
        refuse_seen(json.loads((args.model / "metrics.json").read_text(encoding="utf-8")), args.cut)
        groups, file = impact.read_groups(args.groups) if args.groups else None, read_ledger(args.data, args.today)
        found = evaluate(scorer, file, args.cut)
        if groups:
            found["adverse_impact"] = impact_at(scorer, file, args.cut, groups)
    except (CutError, LedgerFileError, ModelFileError, impact.GroupFileError) as error:
        parser.exit(1, f"evaluate: {error}\n")
    found = {"model": {"name": model.name, "version": model.version, "sha256": model.sha256}, **found}
    out = args.out or args.model / f"evaluation-{args.cut}.json"
    print(summary(found))
    try:
        out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        parser.exit(1, f"evaluate: {out} cannot be written: {error.strerror}.\n")
    print(f"\nWrote {out}.")


if __name__ == "__main__":
    main()
