"""The agents' worklist: one line for each case that waits, in the order of what is to be had."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from dunwell.dates import days_past_due
from dunwell.escalation.case import Case
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.scoring.assessment import Assessment, InvoiceAssessment, Recovery


@dataclass(frozen=True, slots=True)
class WorklistLine:
    """A waiting case.

    Attributes:
        overdue_minor: what is past due and not disputed, in the case's currency (minor units).
        days_past_due: age of the oldest such invoice; 0 when there is none.
        risk_permille, segment: of the newest assessment; None and empty before the first one.
        is_due: whether an agent should look at it today; else a later day was agreed on.
        recovery: what of the past due is expected to come in; None before the first assessment, or when nothing was
            past due then.
        reason: the first of the reasons for the risk, empty without one.
        forecast: what the model says of the oldest such invoice, None when it says nothing.
    """

    case: Case
    customer_name: str
    overdue_minor: int
    days_past_due: int
    risk_permille: int | None
    segment: str
    is_due: bool
    recovery: Recovery | None = None
    reason: str = ""
    forecast: InvoiceAssessment | None = None

    @property
    def expected_minor(self) -> int | None:
        """What of the past due, as it is now, is expected within 90 days (minor units); None when nobody knows."""
        if self.recovery is None:
            return None
        return self.overdue_minor * self.recovery.permille_90 // 1000


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
        is_due=case.is_due(as_of),
        recovery=assessment.recovery(case.currency) if assessment else None,
        reason=assessment.risk_reasons[0] if assessment and assessment.risk_reasons else "",
        forecast=_forecast(assessment, overdue),
    )


def _forecast(assessment: Assessment | None, overdue: list[OpenInvoice]) -> InvoiceAssessment | None:
    if assessment is None or not overdue:
        return None
    oldest = overdue[0].invoice.invoice_id
    return next((one for one in assessment.invoices if one.invoice_id == oldest), None)


def by_expected_value(lines: Iterable[WorklistLine]) -> list[WorklistLine]:
    """The lines with most to be had first.

    Currencies are never compared: each has its own order, and the lists are merged by how far down a line stands in
    its own. Lines without an expectation follow, longest waiting first.
    """
    by_currency: dict[str, list[WorklistLine]] = {}
    unknown = []
    for line in lines:
        if line.expected_minor is None:
            unknown.append(line)
        else:
            by_currency.setdefault(line.case.currency, []).append(line)
    placed = []
    for currency, some in by_currency.items():
        some.sort(key=lambda line: (-(line.expected_minor or 0), _waiting(line)))
        placed += [((place + 0.5) / len(some), currency, place, line) for place, line in enumerate(some)]
    placed.sort(key=lambda one: one[:3])
    return [line for *_, line in placed] + sorted(unknown, key=_waiting)


def _waiting(line: WorklistLine) -> tuple[datetime, str]:
    return line.case.waiting_since or line.case.opened_at, line.case.case_id


def overdue_invoices(account: Account, currency: str, as_of: date) -> list[OpenInvoice]:
    """Open invoices of a currency that are past due and not disputed, oldest due first."""
    return [
        item
        for item in account.open_invoices
        if item.invoice.currency == currency and item.is_collectable and days_past_due(item.due_on, as_of) > 0
    ]
