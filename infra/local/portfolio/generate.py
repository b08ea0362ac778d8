"""Puts customers and their invoices together as rows of the template."""

import random
from collections.abc import Iterator
from datetime import date

from infra.local.portfolio.dirty import Row, broken_rows
from infra.local.portfolio.habits import pick_habit
from infra.local.portfolio.invoices import MINOR_PER_UNIT, Invoice, invoices, open_account
from infra.local.portfolio.people import Customer, make_customer

COLUMNS = (
    "customer_number",
    "customer_name",
    "customer_kind",
    "email",
    "phone",
    "language",
    "country",
    "region",
    "postcode",
    "timezone",
    "sms_consent",
    "invoice_number",
    "currency",
    "amount",
    "issued_on",
    "due_on",
    "disputed",
    "settled_on",
)


def habit_of_customer(customer_number: str, seed: int) -> str:
    """The latent habit behind a customer of the portfolio with this seed: the answer a segmentation should
    find.
    """
    return pick_habit(_random(seed, int(customer_number[1:]) - 10001, "habit")).name


def generate(customers: int, seed: int, as_of: date, dirty: int) -> Iterator[dict[str, str]]:
    """Yields the portfolio's rows in order of issue, with `dirty` broken rows spread among them.

    Each customer draws from a random stream of its own, so that a larger portfolio holds the smaller one's
    customers unchanged. ValueError when `customers` is below 1 or `dirty` below 0.
    """
    if customers < 1 or dirty < 0:
        raise ValueError(f"Ask for at least 1 customer and 0 broken rows, not {customers} and {dirty}.")
    drawn = [item for index in range(customers) for item in _customer_invoices(index, seed, as_of)]
    drawn.sort(key=lambda item: (item[1].issued_on, item[2]))
    rows = [_row(customer, invoice, number) for customer, invoice, number in drawn]
    rng = _random(seed, customers, "dirty")
    for broken in broken_rows(rows, dirty, rng):
        rows.insert(rng.randrange(len(rows) + 1), broken)
    yield from rows


def _random(seed: int, index: int, what: str) -> random.Random:
    return random.Random(f"{seed}/{index}/{what}")


def _customer_invoices(index: int, seed: int, as_of: date) -> list[tuple[Customer, Invoice, str]]:
    customer = make_customer(index, _random(seed, index, "who"))
    habit = pick_habit(_random(seed, index, "habit"))
    rng = _random(seed, index, "invoices")
    account = open_account(habit, customer.kind == "business", customer.place.currency, as_of, rng)
    numbered = enumerate(invoices(account, as_of, rng), 1)
    return [(customer, invoice, f"INV-{customer.number[1:]}-{n:04d}") for n, invoice in numbered]


def _row(customer: Customer, invoice: Invoice, number: str) -> Row:
    values = (
        customer.number,
        customer.name,
        customer.kind,
        customer.email,
        customer.phone,
        customer.language,
        customer.place.country,
        customer.place.region,
        customer.postcode,
        customer.timezone,
        customer.sms_consent,
        number,
        customer.place.currency,
        _decimal(invoice.amount_minor, customer.place.currency),
        invoice.issued_on.isoformat(),
        invoice.due_on.isoformat(),
        "yes" if invoice.disputed else "no",
        invoice.settled_on.isoformat() if invoice.settled_on else "",
    )
    return dict(zip(COLUMNS, values, strict=True))


def _decimal(amount_minor: int, currency: str) -> str:
    if MINOR_PER_UNIT[currency] == 1:
        return str(amount_minor)
    units, rest = divmod(amount_minor, MINOR_PER_UNIT[currency])
    return f"{units}.{rest:02d}"
