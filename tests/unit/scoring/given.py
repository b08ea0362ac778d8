"""Invoices and ledgers for the scoring tests."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import zip_longest

from hypothesis import strategies as st

from dunwell.ledger.model import Delivery
from dunwell.scoring.delivery import DeliveryOffsets
from dunwell.scoring.facts import Held, InvoiceFacts

AS_OF = date(2026, 6, 30)
DELIVERIES = st.none() | st.sampled_from(Delivery)
OFFSETS = DeliveryOffsets(paper=0.3, electronic=-0.5)
DAYS = st.integers(-400, 200).map(lambda days: AS_OF + timedelta(days=days))
RARE_DAYS = st.none() | st.none() | DAYS


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
def spans(draw: st.DrawFn) -> tuple[Held, ...]:
    """Up to two spans in dispute, the last one perhaps not over."""
    days = sorted(draw(st.lists(DAYS, max_size=4, unique=True)))
    return tuple(zip_longest(days[::2], days[1::2]))


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
            cancelled_on=draw(RARE_DAYS),
            given_up_on=draw(RARE_DAYS),
            held=draw(st.just(()) | spans()),
        )
        for number in numbers
    ]


def as_it_was(ledger: list[InvoiceFacts], as_of: date) -> list[InvoiceFacts]:
    """The ledger as somebody would have seen it at the start of that day."""

    def known(day: date | None) -> date | None:
        return None if day is None or day >= as_of else day

    return [
        replace(
            one,
            settled_on=known(one.settled_on),
            cancelled_on=known(one.cancelled_on),
            given_up_on=known(one.given_up_on),
            held=tuple((first, known(end)) for first, end in one.held if first < as_of),
        )
        for one in ledger
        if one.issued_on < as_of
    ]
