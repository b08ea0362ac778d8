"""From accounts to assessments: the ledger's entries in the words of scoring, and back."""

from collections.abc import Sequence
from datetime import date

from dunwell.dates import days_past_due
from dunwell.ledger.model import Account
from dunwell.scoring.actions import ActionHistory
from dunwell.scoring.assessment import Assessment, InvoiceAssessment, Recovery
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.known import known_at
from dunwell.scoring.ports import Scorer
from dunwell.scoring.recovery import PastDue, recovery
from dunwell.scoring.score import CustomerScore, InvoiceScore, score_customers


def assess_accounts(
    accounts: Sequence[Account], as_of: date, scorer: Scorer, history: ActionHistory | None = None
) -> list[Assessment]:
    """Assessments of the accounts with something open, in their order; one model call for many accounts.

    `history` says what was done about those with something past due; without it recovery takes that as unknown.
    Internal accounts have no assessment: nobody is behind them.
    """
    scored = [account for account in accounts if not account.customer.is_internal]
    facts = [invoice_facts(account) for account in scored]
    scores = score_customers(facts, as_of, scorer)
    return [
        _assessment(account, score, expected_of(account, own, as_of, history))
        for account, own, score in zip(scored, facts, scores, strict=True)
        if score.risk is not None
    ]


def expected_of(
    account: Account, facts: Sequence[InvoiceFacts], as_of: date, history: ActionHistory | None = None
) -> tuple[Recovery, ...]:
    """What the account is expected to pay of what may be asked for and is past due, by currency."""
    owed = {
        item.invoice.invoice_id: item.collectable_minor
        for item in account.open_invoices
        if item.is_collectable and days_past_due(item.due_on, as_of) > 0
    }
    if not owed:
        return ()
    past_due = [PastDue(one, owed[one.invoice_id]) for one in facts if one.invoice_id in owed]
    done = history.actions(account.customer.customer_id) if history else None
    return recovery(past_due, known_at(facts, as_of), done)


def invoice_facts(account: Account) -> list[InvoiceFacts]:
    """Every invoice of an account as scoring sees it."""
    settled = account.settlement_dates
    return [
        InvoiceFacts(
            invoice_id=invoice.invoice_id,
            issued_on=invoice.issued_on,
            due_on=invoice.due_on,
            amount_minor=invoice.amount_minor,
            currency=invoice.currency,
            settled_on=settled.get(invoice.invoice_id),
            disputed=account.disputed_minor(invoice.invoice_id) > 0,
        )
        for invoice in account.invoices.values()
    ]


def _assessment(account: Account, score: CustomerScore, recoveries: tuple[Recovery, ...]) -> Assessment:
    return Assessment(
        customer_id=account.customer.customer_id,
        as_of=score.as_of,
        risk_permille=round(1000 * (score.risk or 0.0)),
        segment=score.segment.name,
        segment_facts=tuple(score.segment.facts),
        invoices=tuple(_invoice_assessment(invoice) for invoice in score.invoices),
        model_version=score.model.version,
        model_sha256=score.model.sha256,
        card_id=score.model.card_id,
        risk_reasons=tuple(reason.words for reason in score.reasons),
        recoveries=recoveries,
    )


def _invoice_assessment(invoice: InvoiceScore) -> InvoiceAssessment:
    late, late_30, late_90 = (round(1000 * probability) for probability in invoice.probabilities)
    return InvoiceAssessment(
        invoice_id=invoice.invoice_id,
        late_permille=late,
        reasons=tuple(reason.words for reason in invoice.reasons),
        late_30_permille=late_30,
        late_90_permille=late_90,
        expected_on=invoice.expected_on,
        earliest_on=invoice.earliest_on,
        latest_on=invoice.latest_on,
    )
