"""From accounts to assessments: the ledger's entries in the words of scoring, and back."""

from collections.abc import Sequence
from datetime import date

from dunwell.ledger.model import Account
from dunwell.scoring.assessment import Assessment, InvoiceAssessment
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.moment_log import LoggedMoment, moments_to_log
from dunwell.scoring.ports import Scorer
from dunwell.scoring.score import CustomerScore, InvoiceScore, score_customers


def assess_accounts(accounts: Sequence[Account], as_of: date, scorer: Scorer) -> list[Assessment]:
    """Assessments of the accounts with something open, in their order; one model call for many accounts.

    Internal accounts have no assessment: nobody is behind them.
    """
    return [assessment for assessment, _ in assess_and_log(accounts, as_of, scorer)]


def assess_and_log(
    accounts: Sequence[Account], as_of: date, scorer: Scorer
) -> list[tuple[Assessment, list[LoggedMoment]]]:
    """As `assess_accounts`; with each assessment the moments to hold the model to later."""
    scored = [account for account in accounts if not account.customer.is_internal]
    scores = score_customers([invoice_facts(account) for account in scored], as_of, scorer)
    return [
        (_assessment(account, score), moments_to_log(account.customer.customer_id, score))
        for account, score in zip(scored, scores, strict=True)
        if score.risk is not None
    ]


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


def _assessment(account: Account, score: CustomerScore) -> Assessment:
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
