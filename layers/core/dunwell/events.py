"""What happened to a customer, told to the rest of the world by the ledger's outbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

Scalar = str | int | bool | None


RECEIVABLES_IMPORTED = "ReceivablesImported"
PAYMENT_APPLIED = "PaymentApplied"
PAYMENT_FAILED = "PaymentFailed"
REMITTANCE_SUSPENDED = "RemittanceSuspended"
ENTRY_POSTED = "EntryPosted"
CONTACT_PLANNED = "ContactPlanned"
CONTACT_REFUSED = "ContactRefused"
CONTACT_SENT = "ContactSent"
CONTACT_DELIVERED = "ContactDelivered"
CONTACT_BOUNCED = "ContactBounced"
CONTACT_COMPLAINED = "ContactComplained"
ESCALATION_DUE = "EscalationDue"
CASE_OPENED = "CaseOpened"
CASE_CLOSED = "CaseClosed"
CUSTOMERS_MERGED = "CustomersMerged"
CUSTOMER_SPLIT = "CustomerSplit"
HOLD_PLACED = "HoldPlaced"
HOLD_LIFTED = "HoldLifted"
AGREEMENT_PROPOSED = "AgreementProposed"
AGREEMENT_MADE = "AgreementMade"
AGREEMENT_REVISED = "AgreementRevised"
AGREEMENT_COMPLETED = "AgreementCompleted"
AGREEMENT_BROKEN = "AgreementBroken"
AGREEMENT_ENDED = "AgreementEnded"
INSTALMENT_DUE = "InstalmentDue"
INSTALMENT_MISSED = "InstalmentMissed"
PAYMENT_DISPUTED = "PaymentDisputed"
PAYMENT_METHOD_SAVED = "PaymentMethodSaved"
PAYMENT_METHOD_ENDED = "PaymentMethodEnded"
DEBIT_FAILED = "DebitFailed"
ADDRESS_REPLACED = "AddressReplaced"


@dataclass(frozen=True, slots=True)
class Event:
    """One fact.

    Attributes:
        event_id: derived from business identity, so that a repeated fact is recognised.
        name: past tense, one of the constants above; its schema is ``infra/events/<name>.schema.json``.
        customer_id: whose account it happened to.
        occurred_at: when, with a time zone.
        data: ids, integers in minor units and codes; never personal data, never a secret.
    """

    event_id: str
    name: str
    customer_id: str
    occurred_at: datetime
    data: Mapping[str, Scalar] = field(default_factory=dict)
