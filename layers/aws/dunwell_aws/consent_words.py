"""The exact words that customers agree to, in their language: the portal shows them, agents read them out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dunwell.ledger.agreements import AgreedInstalment, Agreement

if TYPE_CHECKING:
    from dunwell.outreach.policy import Creditor
    from dunwell_aws.portal.words import Say

CONSENT = "consent"
"""The file of these words, ``infra/messages/<language>/consent.yaml``, and their area."""


def plan_consent(say: "Say", creditor: "Creditor", agreement: Agreement, method: str = "") -> str:
    """What is agreed to by a plan.

    Args:
        method: what is debited, in words; empty: the customer pays by themselves.
    """
    said = [_schedule_words(say, creditor, agreement)]
    if agreement.charges_minor:
        charges = say.money(agreement.charges_minor, agreement.currency)
        said.append(say("consent.cost", charges=charges, apr=say.writer.rate(agreement.apr_permille)))
    if method:
        said.append(say("consent.debit", creditor=creditor.name, label=method, telephone=creditor.telephone))
    else:
        said.append(say("consent.link"))
    said.append(say("consent.broken", n=agreement.grace_days))
    return " ".join(said)


def offer_consent(say: "Say", creditor: "Creditor", agreement: Agreement) -> str:
    """What is agreed to by accepting a settlement or a discount."""
    return say(
        "consent." + agreement.kind,
        total=say.money(agreement.amount_minor, agreement.currency),
        owed=say.money(agreement.debt_minor, agreement.currency),
        creditor=creditor.name,
        schedule=_schedule(say, agreement.instalments, agreement.currency),
        invoices=invoices_text(say, agreement),
    )


def promise_consent(say: "Say", grace_days: int) -> str:
    """What a promise to pay brings and does not bring."""
    return f"{say('consent.promise_pauses', n=grace_days)} {say('consent.no_debit')}"


def invoices_text(say: "Say", agreement: Agreement) -> str:
    """What an agreement is about, in one line."""
    return ", ".join(say("consent.invoice", number=debt.number) for debt in agreement.debts)


def _schedule_words(say: "Say", creditor: "Creditor", agreement: Agreement) -> str:
    return say(
        "consent.plan",
        total=say.money(agreement.amount_minor, agreement.currency),
        creditor=creditor.name,
        n=len(agreement.instalments),
        schedule=_schedule(say, agreement.instalments, agreement.currency),
    )


def _schedule(say: "Say", instalments: Sequence[AgreedInstalment], currency: str) -> str:
    """Amounts and days in one line."""
    parts = [
        say("consent.plan_part", amount=say.money(one.amount_minor, currency), day=say.date(one.due_on))
        for one in instalments
    ]
    return "; ".join(parts)
