"""An agreement as messages tell it: its schedule in short, what is new in it, and where an instalment stands."""

from collections.abc import Sequence
from datetime import date

from dunwell.arrangements.evaluate import calendar_of
from dunwell.arrangements.progress import PartProgress, progress
from dunwell.ledger.agreements import AgreedInstalment, Agreement
from dunwell.ledger.model import Account
from dunwell.outreach.policy import Policy


def schedule_of(agreement: Agreement) -> str:
    """The instalments in short, such as ``1:2026-12-01:10000 2:2027-01-04:10000``: what a customer was told."""
    return " ".join(f"{one.number}:{one.due_on.isoformat()}:{one.amount_minor}" for one in agreement.instalments)


def schedule_told(short: str) -> list[AgreedInstalment]:
    """The instalments of ``schedule_of``."""
    parts = (one.split(":") for one in short.split())
    return [
        AgreedInstalment(int(number), date.fromisoformat(due_on), int(amount_minor))
        for number, due_on, amount_minor in parts
    ]


def is_new(part: AgreedInstalment, told: Sequence[AgreedInstalment]) -> bool:
    """Whether the customer was told of no instalment of this day and amount."""
    return not any((one.due_on, one.amount_minor) == (part.due_on, part.amount_minor) for one in told)


def before(
    part: AgreedInstalment, now: Sequence[AgreedInstalment], told: Sequence[AgreedInstalment], as_of: date
) -> AgreedInstalment | None:
    """What an instalment was before: that of its day, else the one of its place in line; None when it is one more.

    Args:
        now, told: all instalments, and those that the customer was told of before, in order of their days.
        as_of: what was due before this day has its place no more, as long as there are later ones.
    """
    same_day = next((one for one in told if one.due_on == part.due_on), None)
    ahead = [one for one in told if one.due_on >= as_of] or list(told)
    place = [one.number for one in now].index(part.number)
    return same_day or (ahead[place] if place < len(ahead) else None)


def part_of(account: Account, agreement: Agreement, number: int, policy: Policy, as_of: date) -> PartProgress | None:
    """Where an instalment stands at the close of a day; None when there is none of the number."""
    kept = progress(account, agreement, calendar_of(policy.arrangements), as_of)
    return next((part for part in kept.parts if part.agreed.number == number), None)
