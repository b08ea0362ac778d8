"""What the model says of a customer, as a document for programs."""

from collections.abc import Sequence
from typing import Any

from dunwell.scoring.assessment import Assessment, InvoiceAssessment, PastScore, Recovery, ScoreReason


def assessment_document(assessment: Assessment, *, is_open: bool) -> dict[str, Any]:
    """The assessment as plain data: dates as ISO 8601, probabilities in thousandths, None where nothing is known.

    `is_open`: whether the customer owes anything; else all but the history is about what has been settled since.
    """
    return {
        "customer_id": assessment.customer_id,
        "as_of": assessment.as_of.isoformat(),
        "is_open": is_open,
        "risk_permille": assessment.risk_permille,
        "risk_reasons": _reasons(assessment.risk_reasons),
        "segment": {"name": assessment.segment, "facts": list(assessment.segment_facts)},
        "model": {
            "version": assessment.model_version,
            "sha256": assessment.model_sha256,
            "card_id": assessment.card_id,
        },
        "invoices": [_invoice(invoice) for invoice in assessment.invoices],
        "invoices_left_out": assessment.invoices_left_out,
        "recoveries": [_recovery(recovery) for recovery in assessment.recoveries],
        "history": [_past(one) for one in assessment.history],
    }


def _past(score: PastScore) -> dict[str, Any]:
    """`model` is the beginning of the model's hash, None where it was not kept."""
    return {"as_of": score.as_of.isoformat(), "risk_permille": score.risk_permille, "model": score.model or None}


def _reasons(reasons: Sequence[ScoreReason]) -> list[dict[str, Any]]:
    """The largest first. `direction` is None, and the others are empty, where only the words were kept."""
    return [
        {
            "words": one.words,
            "feature": one.feature,
            "direction": one.direction,
            "effect_permille": one.effect_permille,
        }
        for one in reasons
    ]


def _invoice(invoice: InvoiceAssessment) -> dict[str, Any]:
    days = {"expected_on": invoice.expected_on, "earliest_on": invoice.earliest_on, "latest_on": invoice.latest_on}
    return {
        "invoice_id": invoice.invoice_id,
        "late_permille": invoice.late_permille,
        "late_30_permille": invoice.late_30_permille,
        "late_90_permille": invoice.late_90_permille,
        "settlement": {name: day.isoformat() if day else None for name, day in days.items()},
        "reasons": _reasons(invoice.reasons),
    }


def _recovery(recovery: Recovery) -> dict[str, Any]:
    expected = {
        30: (recovery.permille_30, recovery.expected_30_minor),
        60: (recovery.permille_60, recovery.expected_60_minor),
        90: (recovery.permille_90, recovery.expected_90_minor),
    }
    return {
        "currency": recovery.currency,
        "past_due_minor": recovery.past_due_minor,
        "within": [
            {"days": days, "permille": permille, "expected_minor": minor}
            for days, (permille, minor) in expected.items()
        ],
        "reasons": _reasons(recovery.reasons),
        "model": {"version": recovery.model_version, "card_id": recovery.card_id},
    }
