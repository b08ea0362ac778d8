"""A portfolio that lines are made for: customers, their open invoices, the accounts that they pay from."""

import math
import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from dunwell.money import exponent
from dunwell.remittance.model import DiscountTerm, OpenInvoice, Payer
from infra.local.portfolio.people import make_customer
from infra.local.remittance.memory_index import InMemoryRemittanceIndex

TODAY = date(2026, 6, 30)
KNOWN_ACCOUNT = 0.65  # share of customers that paid from their account before
SHARED_ACCOUNT = 0.03  # share of accounts that also paid for another customer
DISCOUNT_TERMS = 0.25  # share of customers with an early-payment discount
ROUND_PRICE = 0.2  # share of invoices at a list price, which many others have too
NAMED_PLACE = 0.5  # share of businesses with a town in their name

_TOWNS = "Nord Süd Köln Wien Lyon Leeds Austin Madrid Cork Kobe Toronto Bremen Nantes Bath Reno Graz Sevilla"
CITIES = _TOWNS.split()
ROUND = (49, 99, 120, 199, 250, 500, 1000, 1250)


@dataclass
class World:
    """What is known when the lines arrive; ``account`` is each customer's own, known to the index or not."""

    index: InMemoryRemittanceIndex
    payers: list[Payer] = field(default_factory=list)
    account: dict[str, str] = field(default_factory=dict)
    currency: dict[str, str] = field(default_factory=dict)
    invoices: dict[str, list[OpenInvoice]] = field(default_factory=dict)


def make_world(customers: int, rng: random.Random) -> World:
    """A portfolio with three legal entities, each with its own way of numbering invoices."""
    world = World(InMemoryRemittanceIndex())
    serials = [rng.randrange(9_000, 90_000) for _ in range(3)]
    for i in range(customers):
        _add_customer(world, i, rng)
    issued = sorted(
        ((TODAY - timedelta(days=rng.randrange(1, 120)), payer) for payer in world.payers for _ in range(_count(rng))),
        key=lambda one: (one[0], one[1].customer_id),
    )
    for issued_on, payer in issued:
        entity = int(payer.customer_id[4:]) % 4
        if entity < 3:
            serials[entity] += rng.choice((1, 1, 1, 2, 3))
        number = _number(entity, issued_on, payer, serials, len(world.invoices[payer.customer_id]))
        _add_invoice(world, payer, number, issued_on, rng)
    return world


def _count(rng: random.Random) -> int:
    return min(40, 1 + int(rng.expovariate(1 / 3.0)))


def _add_customer(world: World, i: int, rng: random.Random) -> None:
    made = make_customer(i, rng)
    town = f" {rng.choice(CITIES)}" if made.kind == "business" and rng.random() < NAMED_PLACE else ""
    words = made.name.split(" ")
    name = f"{' '.join(words[:-1])}{town} {words[-1]}" if town else made.name
    payer = Payer(f"cus_{i}", made.number, name)
    world.payers.append(payer)
    world.index.put_payer(payer)
    world.invoices[payer.customer_id] = []
    world.currency[payer.customer_id] = made.place.currency
    account = f"{made.place.country}{rng.randrange(10, 99)}{rng.randrange(10**15, 10**16)}"
    world.account[payer.customer_id] = account
    if rng.random() < KNOWN_ACCOUNT:
        world.index.learn_account(account, payer.customer_id, rng.randrange(1, 20))
    if rng.random() < SHARED_ACCOUNT and i:
        world.index.learn_account(account, f"cus_{rng.randrange(i)}", rng.randrange(1, 4))


def _number(entity: int, issued_on: date, payer: Payer, serials: list[int], nth: int) -> str:
    if entity == 0:
        return f"INV-{issued_on.year}-{serials[0]:06d}"
    if entity == 1:
        return f"RE{issued_on.year}/{serials[1]:05d}"
    if entity == 2:
        return f"90{serials[2]:08d}"
    code = random.Random(payer.customer_id).choices("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", k=8)
    return f"{''.join(code)}-{nth + 1:04d}"


def _add_invoice(world: World, payer: Payer, number: str, issued_on: date, rng: random.Random) -> None:
    currency = world.currency[payer.customer_id]
    unit = int(10 ** exponent(currency))
    amount = rng.choice(ROUND) * unit if rng.random() < ROUND_PRICE else int(math.exp(rng.gauss(6.2, 1.1)) * unit) + 1
    if currency == "JPY":
        amount *= 100
    invoice = OpenInvoice(
        f"inv_{number}", payer.customer_id, number, currency, amount, issued_on, issued_on + timedelta(days=30)
    )
    if random.Random(payer.customer_id).random() < DISCOUNT_TERMS:
        terms = DiscountTerm(rng.choice((20, 30)), issued_on + timedelta(days=14))
        invoice = replace(invoice, discounts=(terms,))
    world.invoices[payer.customer_id].append(invoice)
    world.index.put_invoice(invoice)
