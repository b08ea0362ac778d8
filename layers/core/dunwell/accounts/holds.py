"""Holds: reasons to stop some actions. Placed, lifted, run out; never deleted."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from dunwell.dates import business_date
from dunwell.errors import InvalidInputError, NotFoundError
from dunwell.events import HOLD_LIFTED, HOLD_PLACED, Event
from dunwell.hold_kinds import OF_THE_PERSON, PAUSING, Activity
from dunwell.ids import stable_id


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason to stop some actions; which ones, the table in ``hold_kinds`` says.

    Attributes:
        kind: a hold of the contact rules, such as ``bankruptcy`` (``hold_kinds.HoldKind``).
        invoice_id: the debt it covers; None covers everything the customer owes.
        placed_at, until: with time zones; until None means until somebody lifts it.
        placed_by, note: who placed it (an agent, or the source), and why in words.
        lifted_at, lifted_by: when it was lifted before its end, and by whom; None and empty while it was not.
        task_id: the task until whose end it stands; empty of one that is about no task.
    """

    kind: str
    invoice_id: str | None
    placed_at: datetime
    until: datetime | None = None
    placed_by: str = ""
    note: str = ""
    lifted_at: datetime | None = None
    lifted_by: str = ""
    task_id: str = ""

    @property
    def hold_id(self) -> str:
        """Its name, made from what it is: placed twice it is the same hold."""
        return stable_id("hld", self.kind, self.invoice_id or "", self.task_id or self.placed_at.isoformat())

    @property
    def ends_at(self) -> datetime | None:
        """When it ended or will end; None while nobody knows."""
        ends = [one for one in (self.until, self.lifted_at) if one is not None]
        return min(ends, default=None)

    def in_force(self, at: datetime) -> bool:
        """Whether it stops anything at an instant."""
        return self.placed_at <= at and (self.ends_at is None or at < self.ends_at)

    def touches(self, day: date, zone_name: str) -> bool:
        """Whether it stood at any time of a day in a zone."""
        if business_date(self.placed_at, zone_name) > day:
            return False
        return self.ends_at is None or day <= business_date(self.ends_at, zone_name)

    @property
    def debt_id(self) -> str | None:
        """The one debt that it covers; None when it covers all, as a fact of the person does wherever it was noted."""
        return None if self.kind in OF_THE_PERSON else self.invoice_id

    def covers(self, invoice_id: str) -> bool:
        """Whether it is about a debt."""
        return self.debt_id in (None, invoice_id)

    def pauses(self, activity: Activity) -> bool:
        """Whether an activity pauses while it is in force."""
        return self.kind in PAUSING[activity]


Holds = tuple[Hold, ...]


def placed(holds: Holds, hold: Hold) -> Holds:
    """The holds with one more; again changes nothing, and never places anew what was lifted.

    Raises:
        InvalidInputError: its times have no zone, or it ends before it begins.
    """
    if hold.placed_at.tzinfo is None or (hold.until and hold.until.tzinfo is None):
        raise InvalidInputError("the times of a hold need a time zone")
    if hold.until and hold.until <= hold.placed_at:
        raise InvalidInputError("a hold ends after it was placed: correct one of the two times", field="until")
    return holds if any(one.hold_id == hold.hold_id for one in holds) else (*holds, hold)


def lifted(holds: Holds, hold_id: str, at: datetime, who: str) -> Holds:
    """The holds after one was lifted; again changes nothing.

    Raises:
        NotFoundError: there is no such hold. InvalidInputError: it does not say who, or the time has no zone.
    """
    if not who or at.tzinfo is None:
        raise InvalidInputError("say who lifts the hold, and when with a time zone")
    if not any(hold.hold_id == hold_id for hold in holds):
        raise NotFoundError("there is no such hold")
    return tuple(
        replace(hold, lifted_at=at, lifted_by=who) if hold.hold_id == hold_id and hold.lifted_at is None else hold
        for hold in holds
    )


def added_holds(known: Holds, new: Iterable[Hold]) -> Holds:
    """The known holds and those that are new; what is known of one is not changed by hearing of it again."""
    told = {hold.hold_id for hold in known}
    found = {hold.hold_id: hold for hold in new if hold.hold_id not in told}
    return (*known, *found.values())


def merged_holds(kept: Holds, absorbed: Holds) -> Holds:
    """The holds of both. One that was lifted for one of two customers only stands: both records are kept."""
    return tuple(dict.fromkeys((*kept, *absorbed)))


def kept_back(holds: Holds, invoice_id: str, day: date, zone_name: str) -> bool:
    """Whether a debt may not be handed on to people on a day."""
    return any(
        hold.pauses(Activity.HAND_OFF) and hold.covers(invoice_id) and hold.touches(day, zone_name) for hold in holds
    )


def paused_debts(holds: Iterable[Hold], activity: Activity, at: datetime) -> frozenset[str] | None:
    """The debts for which an activity pauses at an instant; None when it pauses for all that the customer owes."""
    debts = {hold.debt_id for hold in holds if hold.pauses(activity) and hold.in_force(at)}
    return None if None in debts else frozenset(one for one in debts if one)


def hold_placed(customer_id: str, hold: Hold, at: datetime) -> Event:
    """The event of a hold that was placed."""
    return _event(HOLD_PLACED, customer_id, hold, at)


def hold_lifted(customer_id: str, hold: Hold, at: datetime) -> Event:
    """The event of a hold that was lifted."""
    return _event(HOLD_LIFTED, customer_id, hold, at)


def _event(name: str, customer_id: str, hold: Hold, at: datetime) -> Event:
    lifted_at = hold.lifted_at.isoformat() if hold.lifted_at else ""
    return Event(
        event_id=stable_id("evt", name, customer_id, hold.hold_id, lifted_at),
        name=name,
        customer_id=customer_id,
        occurred_at=at,
        data={"hold_id": hold.hold_id, "kind": hold.kind, "invoice_id": hold.invoice_id},
    )
