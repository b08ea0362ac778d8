"""The agents' worklist: one line for each case that waits, in the order of what is to be had."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunwell.accounts.holds import kept_back
from dunwell.dates import business_date, days_past_due
from dunwell.escalation.case import Case
from dunwell.ledger.agreements import AgreementStatus
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.scoring.assessment import Assessment, InvoiceAssessment, Recovery, ScoreReason
from dunwell.scoring.features import DAYS_OVERDUE, FEATURE_NAMES

PAST_DUE = FEATURE_NAMES[DAYS_OVERDUE]


@dataclass(frozen=True, slots=True)
class WorklistLine:
    """A waiting case.

    Attributes:
        overdue_minor: what is past due and not disputed, in the case's currency (minor units).
        days_past_due: age of the oldest such invoice; 0 when there is none.
        risk_permille, segment: of the newest assessment; None and empty before the first one.
        is_open: whether the customer owes anything: else what the assessment says is about what was settled since.
        is_due: whether an agent should look at it today; else a later day was agreed on, or it waits.
        recovery: what of the past due is expected to come in; None before the first assessment, or when nothing was
            past due then.
        reason: the first of the reasons for the risk that `days_past_due` does not say already, None without one.
        forecast: what the model says of the oldest such invoice, None when it says nothing.
        agreed_minor: what of the past due an agreement covers.
        waits_for: why there is nothing to do: the kind of an agreement that covers all that is past due, or of the hold
            on it; empty when there is.
        again_on: when to look again, as far as a day is known.
    """

    case: Case
    customer_name: str
    overdue_minor: int
    days_past_due: int
    risk_permille: int | None
    segment: str
    is_due: bool
    recovery: Recovery | None = None
    reason: ScoreReason | None = None
    forecast: InvoiceAssessment | None = None
    agreed_minor: int = 0
    is_open: bool = True
    waits_for: str = ""
    again_on: date | None = None

    @property
    def expected_minor(self) -> int | None:
        """What of the past due, as it is now, is expected within 90 days (minor units); None when nobody knows."""
        if self.recovery is None:
            return None
        return self.overdue_minor * self.recovery.permille_90 // 1000


def worklist_line(
    case: Case, account: Account, assessment: Assessment | None, as_of: date, zone_name: str
) -> WorklistLine:
    """A case's line as of a business date in the creditor's zone."""
    overdue = overdue_invoices(account, case.currency, as_of)
    agreed = account.paused_invoices(as_of)
    wait = waiting(account, overdue, as_of, zone_name)
    again_on = wait.until if wait else None if _broke_since(case, account) else case.next_on
    return WorklistLine(
        case=case,
        customer_name=account.customer.name,
        overdue_minor=sum(item.collectable_minor for item in overdue),
        days_past_due=max((days_past_due(item.due_on, as_of) for item in overdue), default=0),
        risk_permille=assessment.risk_permille if assessment else None,
        segment=assessment.segment if assessment else "",
        is_due=wait is None and (again_on is None or again_on <= as_of),
        recovery=assessment.recovery(case.currency) if assessment else None,
        reason=_reason(assessment),
        forecast=_forecast(assessment, overdue),
        agreed_minor=sum(item.collectable_minor for item in overdue if item.invoice.invoice_id in agreed),
        is_open=bool(account.open_invoices),
        waits_for=wait.why if wait else "",
        again_on=again_on,
    )


@dataclass(frozen=True, slots=True)
class Wait:
    """Why nothing is to be done about debts now: the kind of an agreement or a hold; until when, if that is known."""

    why: str
    until: date | None


def waiting(account: Account, debts: Sequence[OpenInvoice], as_of: date, zone_name: str) -> Wait | None:
    """What forbids to press for any of some debts on a date; None when at least one may be pressed for."""
    found = [_wait(account, one, as_of, zone_name) for one in debts]
    if not found or None in found:
        return None
    waits = [one for one in found if one]
    until = [one.until for one in waits if one.until]
    return Wait(waits[0].why, min(until) if until else None)


def _wait(account: Account, item: OpenInvoice, as_of: date, zone_name: str) -> Wait | None:
    invoice_id = item.invoice.invoice_id
    agreement = account.agreement_on(invoice_id)
    if agreement and agreement.pauses(as_of):
        ends_on = agreement.pauses_until
        return Wait(agreement.kind.value, ends_on + timedelta(days=1) if ends_on else agreement.next_on)
    for hold in account.customer.holds:
        if kept_back((hold,), invoice_id, as_of, zone_name):
            return Wait(hold.kind, business_date(hold.ends_at, zone_name) if hold.ends_at else None)
    return None


def _broke_since(case: Case, account: Account) -> bool:
    """Whether an agreement broke after an agent put the case off."""
    put_off_at = case.history[-1].at if case.history else case.opened_at
    return any(
        one.currency == case.currency and one.status is AgreementStatus.BROKEN and one.steps[-1].at > put_off_at
        for one in account.agreements.values()
        if one.steps
    )


def _reason(assessment: Assessment | None) -> ScoreReason | None:
    """That something is past due is said of every line: another reason tells one from the next."""
    reasons = assessment.risk_reasons if assessment else ()
    return next((one for one in reasons if one.feature != PAST_DUE), reasons[0] if reasons else None)


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
