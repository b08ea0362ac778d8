"""Invoices and ledgers for the scoring tests."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from dunwell.ledger.model import Delivery
from dunwell.scoring.delivery import DeliveryOffsets
from dunwell.scoring.facts import InvoiceFacts

AS_OF = date(2026, 6, 30)
DELIVERIES = st.none() | st.sampled_from(Delivery)
OFFSETS = DeliveryOffsets(paper=0.3, electronic=-0.5)
DAYS = st.integers(-400, 200).map(lambda days: AS_OF + timedelta(days=days))


def invoice(
    number: int = 1,
    issued: int = -30,
    terms: int = 30,
    late: int | None = None,
    amount_minor: int = 10_000,
    currency: str = "USD",
    delivery: Delivery | None = None,
) -> InvoiceFacts:
    """An invoice issued so many days from AS_OF (negative: before), settled `late` days after due or open."""
    issued_on = AS_OF + timedelta(days=issued)
    due_on = issued_on + timedelta(days=terms)
    settled_on = None if late is None else due_on + timedelta(days=late)
    return InvoiceFacts(f"I{number}", issued_on, due_on, amount_minor, currency, settled_on, False, delivery=delivery)


@st.composite
def ledgers(draw: st.DrawFn) -> list[InvoiceFacts]:
    numbers = range(draw(st.integers(0, 12)))
    return [
        InvoiceFacts(
            invoice_id=f"I{number}",
            issued_on=draw(DAYS),
            due_on=draw(DAYS),
            amount_minor=draw(st.integers(0, 10**12)),
            currency=draw(st.sampled_from(["USD", "JPY"])),
            settled_on=draw(st.none() | DAYS),
            disputed=draw(st.booleans()),
            delivery=draw(DELIVERIES),
        )
        for number in numbers
    ]


def as_it_was(ledger: list[InvoiceFacts], as_of: date) -> list[InvoiceFacts]:
    """The ledger as somebody would have seen it at the start of that day."""
    return [
        replace(i, settled_on=None if i.settled_on and i.settled_on >= as_of else i.settled_on)
        for i in ledger
        if i.issued_on < as_of
    ]
