"""Agreements, payment methods and debits as tests need them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from dunwell.ledger.agreements import AgreedDebt, AgreedInstalment, Agreement, AgreementKind, AgreementStatus
from dunwell.ledger.debits import AttemptStatus, DebitAttempt, MethodKind, MethodStatus, PaymentMethod

MADE_AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def agreement(*invoice_ids: str, amount_minor: int = 100_00, **changes: Any) -> Agreement:
    """An active promise to pay so much of each invoice, unless said otherwise."""
    total = amount_minor * len(invoice_ids)
    made = Agreement(
        agreement_id="agr_1",
        kind=AgreementKind.PROMISE,
        currency="USD",
        debts=tuple(AgreedDebt(one, one.removeprefix("inv_").upper(), amount_minor) for one in invoice_ids),
        instalments=(AgreedInstalment(1, date(2026, 11, 30), total),),
        status=AgreementStatus.ACTIVE,
        made_at=MADE_AT,
        made_by="customer",
    )
    return replace(made, **changes)


def method(method_id: str = "pmt_1", **changes: Any) -> PaymentMethod:
    """A saved card, unless said otherwise."""
    made = PaymentMethod(
        method_id, "pm_1", "cus_gateway", MethodKind.CARD, "Visa •••• 4242", MethodStatus.ACTIVE, MADE_AT
    )
    return replace(made, **changes)


def attempt(attempt_id: str = "agr_1#1#1", **changes: Any) -> DebitAttempt:
    """A started try to debit the first instalment, unless said otherwise."""
    purpose = attempt_id.rpartition("#")[0]
    lines = (("inv_a", 100_00),)
    made = DebitAttempt(attempt_id, purpose, "pmt_1", "USD", 100_00, lines, MADE_AT, AttemptStatus.STARTED)
    return replace(made, **changes)
