"""Customers who cannot pay at once, simulated: no public record says which plans are kept and which offers accepted.

Each one has a hidden ability (what can be spared a month, a payday, months without income) and hidden habits
(discipline, whether money is kept until a lump is together). What a month brings is drawn once for a person, so that
the same person meets the same months whatever was agreed. **Every number here is an assumption**; the forms are not
those of ``dunwell.arrangements.worth``, so that the worth it computes is put to a test.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from dunwell.accounts.model import Customer, CustomerKind
from dunwell.arrangements.affordability import Needs, Payday, anchored
from dunwell.arrangements.policy import Frequency
from dunwell.arrangements.worth import MONTH_DAYS
from dunwell.ledger.agreements import AgreedInstalment
from dunwell.ledger.model import Account, Invoice
from dunwell.money import split

AS_OF = date(2026, 6, 15)
MONTHS = 24
SPARE_MINOR, SPARE_SPREAD = 110_00, 0.7  # median of what a month leaves, and its log-normal spread between people
DEBT_MONTHS, DEBT_SPREAD = 2.5, 0.8  # what is owed, in months of what is spare
NOISE = 0.25  # of one person's months
SHOCK, SHOCK_MONTHS = 0.03, 3  # the chance that income stops in a month, and for how long
SAVINGS_MONTHS = 3.0  # at the start a person holds from nothing to so many months of spare money, mostly little
OFF_PAYDAY = 0.7  # what is left of the month's spare money two weeks after payday
SAVES = 0.5  # what is kept of money that nothing was due for
ATTENDS = (0.02, 0.75)  # chance to look after a debt without an agreement in a month: least, and with full discipline
FADES = 0.85  # attention to a debt without an agreement falls to this each month
PARTLY = 0.12  # chance to send something when the whole is too much
CURES = 0.5  # a missed part comes later in the month, if the money is there
AFTER_BREAKING = 0.6  # attention that is left after a broken plan
BORROWS = 2.0  # what can be borrowed from others to be free for less, in months of spare money at most
HALF_DRAWN = 0.1  # with so much off, half of the most attentive act on an offer
TELLS = (0.7, 1.1)  # what people say they can pay, of what they can
ACCEPTS_BEYOND = 0.35  # a plan beyond one's means is agreed to all the same


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who owes, and what each coming month brings them (minor units). ``risk_permille`` and ``ratio``, what is
    owed against what is usual, are what history shows of it, not exactly.
    """

    number: int
    debt_minor: int
    spare_minor: int
    savings_minor: int
    payday: int
    discipline: float
    tells: float
    months: list[int]
    draws: list[tuple[float, float, float, float]]
    risk_permille: int
    ratio: float

    @property
    def account(self) -> Account:
        """What Dunwell knows: one invoice, 75 days past due."""
        who = Customer(f"cus_{self.number}", "example", "made_up", str(self.number), CustomerKind.PERSON, "N. N.")
        issued_on = AS_OF - timedelta(days=105)
        invoice = Invoice("inv_1", "1", "USD", self.debt_minor, issued_on, issued_on + timedelta(days=30))
        return Account(who, 1, {"inv_1": invoice})

    @property
    def needs(self) -> Needs:
        """What they say."""
        return Needs(round(self.spare_minor * self.tells), payday=Payday(Frequency.MONTHLY, self.payday))


def people(seed: int, count: int) -> list[Person]:
    """A portfolio; the same arguments always give the same."""
    return [_person(random.Random(f"{seed}/{number}/arrangements"), number) for number in range(count)]


def _person(rng: random.Random, number: int) -> Person:
    spare = round(SPARE_MINOR * rng.lognormvariate(0, SPARE_SPREAD))
    debt = max(60_00, round(spare * DEBT_MONTHS * rng.lognormvariate(0, DEBT_SPREAD)))
    discipline = rng.betavariate(3, 1.2)
    bad_until, months = -1, list[int]()
    for month in range(MONTHS):
        if rng.random() < SHOCK:
            bad_until = month + SHOCK_MONTHS - 1
        amount = round(spare * rng.lognormvariate(0, NOISE))
        months.append(0 if month <= bad_until else amount)
    draws = [(rng.random(), rng.random(), rng.random(), rng.random()) for _ in range(MONTHS * 5)]
    risk = min(990, max(10, round(1000 * (0.1 + 1.2 * (1 - discipline)) + rng.gauss(0, 90))))
    return Person(
        number=number,
        debt_minor=debt,
        spare_minor=spare,
        savings_minor=round(spare * SAVINGS_MONTHS * rng.betavariate(0.8, 2)),
        payday=rng.randrange(1, 29),
        discipline=discipline,
        tells=rng.uniform(*TELLS),
        months=months,
        draws=draws,
        risk_permille=risk,
        ratio=debt / (spare * rng.lognormvariate(0, 0.3)),
    )


Receipts = list[tuple[int, int]]
"""Days from the start, and amounts (minor units)."""


def without(person: Person, owed_minor: int | None = None, since: int = 0, attention: float = 1.0) -> Receipts:
    """What comes in without an agreement, from a month on."""
    left, came = person.debt_minor if owed_minor is None else owed_minor, Receipts()
    saved = 0.0 if since else float(person.savings_minor)
    for month in range(since, MONTHS):
        money = person.months[month] + saved
        looks, sends, share, _ = person.draws[month]
        least, most = ATTENDS
        if looks < attention * FADES ** (month - since) * (least + (most - least) * person.discipline):
            amount = left if money >= left else round(money * share) if sends < PARTLY else 0
            if amount:
                came.append((month * MONTH_DAYS + MONTH_DAYS // 2, min(left, amount)))
                left -= min(left, amount)
                money -= amount
        saved = money * SAVES
        if not left:
            break
    return came


def agrees(person: Person, parts: tuple[AgreedInstalment, ...]) -> bool:
    """Whether somebody agrees to a plan that they are shown."""
    gap = _gap_days(parts)
    heaviest = max(part.amount_minor for part in parts) * MONTH_DAYS / max(1, gap)
    return heaviest <= person.spare_minor * 1.1 or person.draws[-1][3] < ACCEPTS_BEYOND


def with_plan(person: Person, parts: tuple[AgreedInstalment, ...]) -> Receipts:
    """What comes in with a plan: until two parts were missed, and what then comes in without it."""
    left, gap, came = person.debt_minor, _gap_days(parts), Receipts()
    saved = float(person.savings_minor)
    for number, part in enumerate(parts):
        day = (part.due_on - AS_OF).days
        month = min(MONTHS - 1, day // MONTH_DAYS)
        income = person.months[month] * min(1.0, gap / MONTH_DAYS)
        money = saved + income * _left_since_payday(person, part.due_on)
        looks, cures, _, _ = person.draws[MONTHS + number]
        if looks < person.discipline**0.5 and money >= part.amount_minor:
            came.append((day, part.amount_minor))
        elif cures < CURES * person.discipline and saved + income >= part.amount_minor:
            came.append((day + 4, part.amount_minor))
        else:
            return came + without(person, left, min(MONTHS - 1, month + 1), AFTER_BREAKING)
        left -= part.amount_minor
        saved = max(0.0, saved + income - part.amount_minor) * SAVES
    return came


def takes(person: Person, amount_minor: int, days: int) -> bool:
    """Whether somebody takes an offer to be free for less: who can raise it by the day, and is drawn by what is off."""
    borrows, looks, _, _ = person.draws[-2]
    can_raise = person.savings_minor + person.months[0] * days / MONTH_DAYS + BORROWS * person.spare_minor * borrows
    share = 1 - amount_minor / person.debt_minor
    return can_raise >= amount_minor and looks < share / (share + HALF_DRAWN) * (0.3 + 0.7 * person.discipline)


def present_value(came: Receipts, percent: float, until_days: int = MONTHS * MONTH_DAYS) -> float:
    """What receipts are worth today (minor units)."""
    return sum(amount * float((1 + percent / 100) ** (-day / 365)) for day, amount in came if day <= until_days)


def equal_parts(person: Person, count: int) -> tuple[AgreedInstalment, ...]:
    """One size for all: so many equal parts, today and on the same day of the next months."""
    days = (anchored(AS_OF, number, AS_OF.day) for number in range(count))
    parts = enumerate(zip(days, split(person.debt_minor, [1] * count), strict=True), start=1)
    return tuple(AgreedInstalment(number, on, amount) for number, (on, amount) in parts)


def _gap_days(parts: tuple[AgreedInstalment, ...]) -> int:
    return (parts[-1].due_on - parts[0].due_on).days // max(1, len(parts) - 1) if len(parts) > 1 else MONTH_DAYS


def _left_since_payday(person: Person, day: date) -> float:
    since = (day.day - person.payday) % MONTH_DAYS
    return 1.0 if since <= 3 else max(OFF_PAYDAY, 1.0 - (1 - OFF_PAYDAY) * since / 14)
