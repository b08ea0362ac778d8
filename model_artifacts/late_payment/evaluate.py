"""How good a model is on later data, beside what needs no model:
`python -m model_artifacts.evaluate --model DIR --data CSV --cut YYYY-MM-DD [--out JSON] [--figures CSV]
[--groups CSV]`.

The test part is every invoice issued from the cut on, as it stood at issue and at later moments; an answer counts
once the ledger reaches past it. The rivals learn from what was known before the cut. A model that was trained on
figures beside the ledger is told them as in service, where they are given. With labels of groups (`impact.py`), the
risks of the customers on the day of the cut are compared between them.
"""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from dunwell.scoring.features import FEATURE_NAMES
from dunwell.scoring.ports import Scorer
from dunwell.scoring.score import score_customers, settlement
from dunwell_aws.documents import folder, read_policy
from dunwell_onnx.scorer import ModelFileError, OnnxScorer
from model_artifacts.late_payment import impact, measures, rivals
from model_artifacts.late_payment.arguments import evaluating_parser, write_measures
from model_artifacts.late_payment.asking import Asking, asking
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
from model_artifacts.optional_inputs.figures import FiguresError, Published, Telling, read_figures

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


def evaluate(scorer: Scorer, file: LedgerFile, cut: date, telling: Telling | None = None) -> dict[str, Any]:
    """Measures of the model and its rivals on what was issued from the cut on. CutError when there is nothing.

    Args:
        telling: what the model is told beside the ledger; the rivals are not.
    """
    model = asking(scorer, file.ledger, telling)
    offsets = scorer.model.delivery
    train = moments(file.ledger, cut, offsets)
    test = moments(file.ledger, file.end, offsets, issued_from=cut)
    at_issue = [m for m in test if m.at_issue]
    if not at_issue:
        raise CutError(f"No invoice was issued from {cut} on: the ledger ends on {file.end}.")
    found: dict[str, Any] = {"cut": cut.isoformat(), "end": file.end.isoformat(), "rows": file.rows}
    found["left_out"] = dict(sorted(file.left_out.items()))
    found["test_invoices"] = len(at_issue)
    if scorer.model.outside:
        told = sum(any(model.told(moment)) for moment in at_issue)
        found["figures"] = {"inputs": [one.name for one in scorer.model.outside], "invoices_told_of": told}
    for horizon in HORIZONS_DAYS:
        found[f"late_{horizon}"] = {
            age: of_age
            for age, chosen in AGES.items()
            if (of_age := _late(model, [m for m in train if m.at_issue], list(filter(chosen, test)), horizon))
        }
    if file.has_disputes and "logistic_regression" in found["late_0"].get("at_issue", {}):
        known = _known(at_issue, 0)
        p = late_with_disputes(train, known, file.ledger, cut, offsets)
        found["late_0"]["at_issue"]["with_disputes_not_served"] = measures.classification(table(known, 0)[1], p)
    found["days_late"] = _days_late(model, train, at_issue, file, cut)
    found["interval_80"] = {
        age: measured
        for age, chosen in INTERVAL_AGES.items()
        if (measured := _interval(model, list(filter(chosen, test)), file))
    }
    return found


def impact_at(
    scorer: Scorer, file: LedgerFile, cut: date, groups: impact.Groups, telling: Telling | None = None
) -> dict[str, Any]:
    """Adverse impact ratios of the customers' risks on the day of the cut, at the risks at which the default policy
    loses its patience and calls an agent.
    """
    policy = read_policy(folder("infra"))
    thresholds = [policy.patience_permille / 1000, policy.escalation.min_risk_permille / 1000]
    told = [telling.of(customer, cut) for customer in file.ledger] if telling and telling.inputs else []
    scores = score_customers(list(file.ledger.values()), cut, scorer, told)
    risks = {one: score.risk for one, score in zip(file.ledger, scores, strict=True) if score.risk is not None}
    return impact.adverse_impact(risks, groups, thresholds)


def _known(found: Sequence[Moment], horizon: int) -> list[Moment]:
    column = HORIZONS_DAYS.index(horizon)
    return [m for m in found if m.labels[column] is not None and m.features[_OVERDUE] <= horizon]


def _late(asked: Asking, train: Sequence[Moment], test: Sequence[Moment], horizon: int) -> dict[str, Any]:
    known = _known(test, horizon)
    y = table(known, horizon)[1]
    if min(y.sum(), (1 - y).sum()) < FEWEST:
        return {}
    column = asked.column(horizon)
    model = np.array([forecast.probabilities[column] for forecast in asked.forecasts(known)])
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
    asked: Asking, train: Sequence[Moment], test: Sequence[Moment], file: LedgerFile, cut: date
) -> dict[str, Any]:
    settled, days = _foreseen(asked, _settled(test, file))
    if not settled:
        return {}
    actual = rivals.days_of([m.invoice for m in settled])
    forecasts = {"model": days[:, 1], **rivals.days_late(train, settled, file.ledger, cut)}
    return {name: measures.days_late(actual, days) for name, days in forecasts.items()}


def _interval(asked: Asking, test: Sequence[Moment], file: LedgerFile) -> measures.Measures:
    known = _settled(test, file)
    settled, days = _foreseen(asked, known)
    if len(settled) < FEWEST:
        return {}
    found = measures.interval(rivals.days_of([m.invoice for m in settled]), days[:, 0], days[:, 2])
    return found | ({"without_a_day": unsaid} if (unsaid := len(known) - len(settled)) else {})


def _foreseen(asked: Asking, test: Sequence[Moment]) -> tuple[list[Moment], measures.Floats]:
    """The moments for which the model names days, and days late as served: earliest, expected, latest."""
    longest = asked.scorer.model.longest_terms_days
    served = [
        (m, [(day - m.invoice.due_on).days for day in days])
        for m, forecast in zip(test, asked.forecasts(test), strict=True)
        if (days := settlement(m.invoice, m.day, forecast.lateness, longest))
    ]
    return [m for m, _ in served], np.array([days for _, days in served], dtype=np.float64).reshape(len(served), 3)


def evaluate_made_up(scorer: Scorer) -> dict[str, Any]:
    """Measures on portfolios the model was not trained on: they show that it learns, not that the world is so."""
    ledger = {f"{seed}/{name}": facts for seed in HOLD_OUT_SEEDS for name, facts in made_up(seed).items()}
    test = moments(ledger, PORTFOLIO_AS_OF, scorer.model.delivery)
    file = LedgerFile(ledger, PORTFOLIO_AS_OF, len(test), has_disputes=True)
    found: dict[str, Any] = {"seeds": list(HOLD_OUT_SEEDS)}
    for horizon in HORIZONS_DAYS:
        by_age = {age: _late(Asking(scorer), [], list(filter(chosen, test)), horizon) for age, chosen in AGES.items()}
        found[f"late_{horizon}"] = {age: of_age for age, of_age in by_age.items() if of_age}
    found["interval_80"] = {
        age: _interval(Asking(scorer), list(filter(chosen, test)), file) for age, chosen in INTERVAL_AGES.items()
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
    if figures := found.get("figures"):
        takes, told = ", ".join(figures["inputs"]), figures["invoices_told_of"]
        lines.append(f"  the model takes {takes} too: it was told something of {told} invoices (FIGURES=figures.csv).")
    if not any(found[f"late_{horizon}"] for horizon in HORIZONS_DAYS):
        lines.append(f"  too few to judge the probabilities: {FEWEST} late ones and {FEWEST} others are needed.")
    for horizon in HORIZONS_DAYS:
        for age, of_age in found[f"late_{horizon}"].items():
            lines.append(f"\nlate by more than {horizon} days, {age.replace('_', ' ')}")
            lines += as_table(of_age, ("auc", "pr_auc", "brier", "calibration_slope", "calibration_error", "accuracy"))
    lines.append("\ndays late, at issue")
    lines += as_table(found["days_late"], ("mae_clipped", "mae_signed"))
    lines.append("\n80 % interval of the settlement date")
    lines += as_table(found["interval_80"], ("coverage", "coverage_from", "coverage_to", "width_days"))
    if unsaid := found["interval_80"].get("all", {}).get("without_a_day"):
        lines.append(f"  not counted: {unsaid} moments for which the model names no day.")
    if "adverse_impact" in found:
        lines.append(impact.summary(found["adverse_impact"]))
    return "\n".join(lines)


def as_table(rows: dict[str, Any], columns: Sequence[str]) -> list[str]:
    """Measures as lines of text, a row a forecast."""

    def cell(value: float | None) -> str:
        return f"{'-' if value is None else value if isinstance(value, int) else f'{value:.4f}':>18}"

    head = " " * 26 + "".join(f"{name.replace('_', ' '):>18}" for name in columns)
    return [head, *(f"  {name:<24}" + "".join(cell(row[column]) for column in columns) for name, row in rows.items())]


def main(argv: list[str] | None = None) -> None:
    """Parses the command line, evaluates, prints the measures and writes them."""
    parser = evaluating_parser("late_payment", __doc__)
    parser.add_argument("--figures", type=Path, help="figures beside the ledger (CSV), for a model that takes some")
    parser.add_argument("--groups", type=Path, help="labels to compute adverse impact by (CSV: customer_id, sex, …)")
    args = parser.parse_args(argv)
    try:
        scorer = OnnxScorer(args.model)
        model = scorer.model
        refuse_seen(scorer.record, args.cut)
        groups = impact.read_groups(args.groups) if args.groups else None
        telling = told_by(read_figures(args.figures), scorer) if args.figures else None
        file = read_ledger(args.data, args.today)
        found = evaluate(scorer, file, args.cut, telling)
        if groups:
            found["adverse_impact"] = impact_at(scorer, file, args.cut, groups, telling)
    except (CutError, FiguresError, LedgerFileError, ModelFileError, impact.GroupFileError) as error:
        parser.exit(1, f"evaluate: {error}\n")
    print(summary(found))
    if telling and not telling.inputs:
        print("\nThe model takes no figures: FIGURES changes nothing.")
    write_measures(args, {"name": model.name, "version": model.version, "sha256": model.sha256}, found)


def told_by(published: Published, scorer: OnnxScorer) -> Telling:
    """What figures say to a model: of proxies, those that it was trained with leave to use."""
    return Telling(published, scorer.model.outside, (scorer.record.get("outside") or {}).get("proxies", ()))
