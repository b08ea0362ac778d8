"""The agents' worklist: one line for each case that waits, with what tells an agent where to start."""

from dataclasses import dataclass
from datetime import date

from dunwell.dates import days_past_due
from dunwell.escalation.case import Case
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.scoring.assessment import Assessment, InvoiceAssessment


@dataclass(frozen=True, slots=True)
class WorklistLine:
    """A waiting case.

    Attributes:
        overdue_minor: what is past due and not disputed, in the case's currency (minor units).
        days_past_due: age of the oldest such invoice; 0 when there is none.
        risk_permille, segment: of the newest assessment; None and empty before the first one.
        reason: the first of the reasons for the risk, empty without one.
        forecast: what the model says of the oldest such invoice, None when it says nothing.
        is_due: whether an agent should look at it today; else a later day was agreed on.
    """

    case: Case
    customer_name: str
    overdue_minor: int
    days_past_due: int
    risk_permille: int | None
    segment: str
    reason: str
    forecast: InvoiceAssessment | None
    is_due: bool


def worklist_line(case: Case, account: Account, assessment: Assessment | None, as_of: date) -> WorklistLine:
    """A case's line as of a business date."""
    overdue = overdue_invoices(account, case.currency, as_of)
    return WorklistLine(
        case=case,
        customer_name=account.customer.name,
        overdue_minor=sum(item.collectable_minor for item in overdue),
        days_past_due=max((days_past_due(item.due_on, as_of) for item in overdue), default=0),
        risk_permille=assessment.risk_permille if assessment else None,
        segment=assessment.segment if assessment else "",
        reason=assessment.risk_reasons[0] if assessment and assessment.risk_reasons else "",
        forecast=_forecast(assessment, overdue),
        is_due=case.is_due(as_of),
    )


def _forecast(assessment: Assessment | None, overdue: list[OpenInvoice]) -> InvoiceAssessment | None:
    if assessment is None or not overdue:
        return None
    oldest = overdue[0].invoice.invoice_id
    return next((one for one in assessment.invoices if one.invoice_id == oldest), None)


def overdue_invoices(account: Account, currency: str, as_of: date) -> list[OpenInvoice]:
    """Open invoices of a currency that are past due and not disputed, oldest due first."""
    return [
        item
        for item in account.open_invoices
        if item.invoice.currency == currency and item.is_collectable and days_past_due(item.due_on, as_of) > 0
    ]
