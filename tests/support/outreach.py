"""A dunning policy, contacts and a way out that keeps what it was given."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dunwell.accounts.model import Channel
from dunwell.compliance.model import MessageFacts
from dunwell.ledger.model import Invoice
from dunwell.outreach.contact import Contact, ContactStatus, DecisionRecord, contact_id
from dunwell.outreach.dispatch import Message, Send
from dunwell.outreach.policy import Conditions, EscalationRule, Policy, Stage
from dunwell.scoring.assessment import Assessment
from tests.support.portal import CREDITOR, invoice

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""A Monday, ten in the morning in New York."""

BOTH = (Channel.EMAIL, Channel.SMS)
POLICY = Policy(
    version="test-1",
    creditor=CREDITOR,
    stages=(
        Stage("upcoming", Conditions(-7), (Channel.EMAIL,)),
        Stage("due", Conditions(1), BOTH),
        Stage("firm", Conditions(10), BOTH),
        Stage("final", Conditions(20), BOTH, repeat_after_days=14),
    ),
    escalation=EscalationRule(after_stage="final", silent_days=7, days_past_due=30, min_risk_permille=500),
    min_gap_days=3,
    tolerance_minor={"USD": 100},
    patience_permille=150,
    patience_days=3,
)
OK = DecisionRecord(True, "OK", NOW, None, (), "test-1", "2026f")


def overdue(days: int, number: str = "A1", amount_minor: int = 10_000, **changes: Any) -> Invoice:
    """An invoice so many days past due; negative is before."""
    return invoice(number, amount_minor, TODAY - timedelta(days=days), **changes)


def contact(stage: str = "due", days_ago: int = 0, **changes: Any) -> Contact:
    """A planned e-mail about invoice A1 of Anna's, unless said otherwise."""
    on = TODAY - timedelta(days=days_ago)
    currency = changes.get("currency", "USD")
    made = Contact(
        contact_id=contact_id("cus_anna", currency, stage, on),
        customer_id="cus_anna",
        currency=currency,
        channel=Channel.EMAIL,
        stage=stage,
        invoice_ids=("inv_a1",),
        planned_on=on,
        status=ContactStatus.PLANNED,
        policy_version="test-1",
        risk_permille=None,
        model_version="",
        template=stage,
        decisions=(OK,),
    )
    return replace(made, **changes)


def sent(stage: str, days_ago: int, **changes: Any) -> Contact:
    """A contact that reached the customer."""
    at = NOW - timedelta(days=days_ago)
    return contact(stage, days_ago, **{"status": ContactStatus.SENT, "sent_at": at, "message_id": "m"} | changes)


def assessment(risk_permille: int = 700, customer_id: str = "cus_anna", as_of: date = TODAY) -> Assessment:
    """What the model said about a customer."""
    return Assessment(customer_id, as_of, risk_permille, "drifting", ("late of late",), (), "1", "0" * 64, "MC-TEST")


@dataclass
class SentBox:
    """``Sender`` that keeps what it was given, and fails as it is told."""

    is_repeatable: bool = False
    messages: list[Message] = field(default_factory=list)
    error: BaseException | None = None
    meanwhile: Callable[[], object] = lambda: None

    def facts(self, message: Message) -> MessageFacts:
        return MessageFacts(opt_out_notice=True, disclosure=True)

    def prepare(self, message: Message) -> Send:
        return lambda: self._send(message)

    def _send(self, message: Message) -> str:
        self.meanwhile()
        if self.error:
            raise self.error
        self.messages.append(message)
        return f"m-{len(self.messages)}"
