"""What one customer was invoiced over 24 months, and when it was paid."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from infra.local.portfolio.habits import MAX_DELAY_DAYS, Habit, draw_delay_days

HISTORY_DAYS = 730
QUIET_DAYS = (35, 110)  # how long before as-of a customer who has gone quiet stopped paying
DISPUTED_AFTER_DAYS = 5  # nobody disputes what the post has not brought yet
MINOR_PER_UNIT = {"USD": 100, "EUR": 100, "GBP": 100, "CAD": 100, "JPY": 1}
UNITS_PER_DOLLAR = {"USD": 1.0, "EUR": 0.9, "GBP": 0.8, "CAD": 1.35, "JPY": 150.0}


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice. `amount_minor` counts minor units; `settled_on` is None while it is open."""

    issued_on: date
    due_on: date
    amount_minor: int
    disputed: bool
    settled_on: date | None


@dataclass(frozen=True, slots=True)
class Account:
    """What stays the same over a customer's life: the usual amount (dollars), terms, payment day, offset."""

    habit: Habit
    business: bool
    currency: str
    usual_dollars: float
    terms_days: int
    offset_days: float
    pays_on_fridays: bool
    started_on: date
    gap_days: float


def open_account(habit: Habit, business: bool, currency: str, as_of: date, rng: random.Random) -> Account:
    """Draws a customer's account: how much, how often, on which terms, since when."""
    if habit.name == "new":
        started_on = as_of - timedelta(days=rng.randrange(5, 90))
    elif rng.random() < 0.3:
        started_on = as_of - timedelta(days=rng.randrange(180, HISTORY_DAYS))
    else:
        started_on = as_of - timedelta(days=HISTORY_DAYS)
    usual = rng.lognormvariate(math.log(900 if business else 110), 0.9 if business else 0.6)
    terms = rng.choices((14, 30, 45, 60), (1, 6, 2, 1) if business else (4, 6, 0, 0))[0]
    gap = min(120.0, max(4.0, rng.lognormvariate(math.log(37 if business else 52), 0.55)))
    offset = rng.uniform(*habit.offset_days)
    return Account(habit, business, currency, usual, terms, offset, business and rng.random() < 0.5, started_on, gap)


def invoices(account: Account, as_of: date, rng: random.Random) -> Iterator[Invoice]:
    """Yields the account's invoices in order of issue; nothing in them is later than `as_of`."""
    quiet_from = as_of - timedelta(days=rng.randrange(*QUIET_DAYS))
    stops_on = quiet_from + timedelta(days=30) if account.habit.name == "gone_quiet" else as_of
    first_gap_days = min(int(account.gap_days), (as_of - account.started_on).days)
    issued_on = account.started_on + timedelta(days=rng.randrange(first_gap_days + 1))
    while issued_on <= stops_on:
        invoice = _draw(account, issued_on, as_of, rng)
        if account.habit.name == "gone_quiet" and invoice.settled_on and invoice.settled_on >= quiet_from:
            invoice = replace(invoice, settled_on=None)
        yield invoice
        issued_on += timedelta(days=max(1, round(rng.gauss(account.gap_days, account.gap_days / 4))))


def _draw(account: Account, issued_on: date, as_of: date, rng: random.Random) -> Invoice:
    log_ratio = rng.gauss(0, 0.5)
    units = account.usual_dollars * UNITS_PER_DOLLAR[account.currency] * math.exp(log_ratio)
    amount_minor = max(1, round(units * MINOR_PER_UNIT[account.currency]))
    due_on = issued_on + timedelta(days=account.terms_days)
    disputed = rng.random() < account.habit.dispute_rate and issued_on <= as_of - timedelta(days=DISPUTED_AFTER_DAYS)
    age = 1 - (as_of - issued_on).days / HISTORY_DAYS
    delay = draw_delay_days(
        account.habit,
        rng,
        offset=account.offset_days,
        age=age,
        due_on=due_on,
        log_ratio=log_ratio,
        disputed=disputed,
    )
    settled_on = _working_day(account, max(issued_on + timedelta(days=1), due_on + timedelta(days=delay)))
    settled_on = min(settled_on, due_on + timedelta(days=MAX_DELAY_DAYS + 2))
    return Invoice(issued_on, due_on, amount_minor, disputed, settled_on if settled_on <= as_of else None)


def _working_day(account: Account, day: date) -> date:
    """Businesses pay on working days, some only in a Friday run; people also pay at weekends."""
    if account.pays_on_fridays:
        return day + timedelta(days=(4 - day.weekday()) % 7)
    return day + timedelta(days=max(0, 7 - day.weekday())) if account.business and day.weekday() > 4 else day
