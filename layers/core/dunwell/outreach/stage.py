"""The stages of urgency: when each is due and how it is said, and which lists of stages make sense."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations

from dunwell.accounts.model import Channel
from dunwell.errors import InvalidInputError
from dunwell.money import is_currency
from dunwell.outreach.announced import Announced

THANKS = "thanks"
"""What takes the place of a stage, and of its template, when a customer is thanked for a payment."""
CASE_CALL = "case_call"
"""What takes the place of a stage when an agent calls about a case."""
THEY_CALLED = "they_called"
"""What takes the place of a stage when a customer calls: it says nothing that a reminder would."""
NO_CURRENCY = "{!r} is not an ISO 4217 currency code: write one such as USD, in capitals"
RESERVED = (THANKS, CASE_CALL, THEY_CALLED, *map(str, Announced))
"""Names that no stage may have: what goes out under them is no reminder."""


class Tone(StrEnum):
    """How a message sounds, from the mildest on."""

    FRIENDLY = "friendly"
    NEUTRAL = "neutral"
    FIRM = "firm"
    FINAL = "final"


class Consolidation(StrEnum):
    """Which invoices a message lists: all that may be asked for by then, or those that reached the stage themselves."""

    ALL = "all"
    STAGE = "stage"


class Attachment(StrEnum):
    """What goes with a message where its channel can carry it."""

    STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a customer stands in a currency: what conditions look at.

    Attributes:
        days_past_due: of the oldest invoice that may be asked for; negative is before the due date.
        unpaid_count: invoices past due that may be asked for.
        balance_minor: what may be asked for, less debits on their way (minor units).
        risk_permille: None before the first score; segment: empty before it.
    """

    days_past_due: int
    unpaid_count: int
    currency: str
    balance_minor: int
    risk_permille: int | None = None
    segment: str = ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a stage is due: all of them hold. Thresholds are inclusive and look at what is really still due.

    Attributes:
        days_past_due: of the oldest invoice that may be asked for, at least; negative is before the due date.
        unpaid_count: invoices that are past due, at least.
        balance_minor: what may be asked for, at least, by currency (minor units); a currency not listed has no limit.
        risk_permille: the customer's risk at least, in thousandths; an unknown risk meets no threshold above 0.
        segments: one of these; empty is any.
    """

    days_past_due: int
    unpaid_count: int = 0
    balance_minor: Mapping[str, int] = field(default_factory=dict)
    risk_permille: int = 0
    segments: frozenset[str] = frozenset()

    def met_by(self, it: Standing) -> bool:
        """Whether all of them hold."""
        return (
            it.days_past_due >= self.days_past_due
            and it.unpaid_count >= self.unpaid_count
            and (it.risk_permille or 0) >= self.risk_permille
            and it.balance_minor >= self.balance_minor.get(it.currency, it.balance_minor)
            and (not self.segments or it.segment in self.segments)
        )

    def implies(self, other: "Conditions") -> bool:
        """Whether the other's hold whenever these do."""
        return (
            self.days_past_due >= other.days_past_due
            and self.unpaid_count >= other.unpaid_count
            and self.risk_permille >= other.risk_permille
            and all(self.balance_minor.get(money, 0) >= least for money, least in other.balance_minor.items())
            and (not other.segments or bool(self.segments and self.segments <= other.segments))
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """A level of urgency.

    Attributes:
        channels: in order of preference.
        template: the name of its words; empty: the stage's name.
        min_gap_days: least days since any earlier message before this one; None: the policy's.
        repeat_after_days: the same stage may be repeated after this many days; None says it once.
        then: what this stage warns of: the name of a later stage. A stage that warns is never skipped: nothing more
            severe is said about the same oldest invoice before this was. Empty: it may be, when a later one is due.
    """

    name: str
    when: Conditions
    channels: tuple[Channel, ...]
    tone: Tone = Tone.NEUTRAL
    template: str = ""
    min_gap_days: int | None = None
    consolidation: Consolidation = Consolidation.ALL
    attachments: tuple[Attachment, ...] = ()
    repeat_after_days: int | None = None
    then: str = ""

    @property
    def words(self) -> str:
        """The name of the template."""
        return self.template or self.name

    @property
    def is_about_overdue(self) -> bool:
        """Whether its words may call what they list overdue: then it lists nothing that is not due yet."""
        return self.when.days_past_due >= 1


def check_stages(stages: Sequence[Stage]) -> None:
    """Refuse a list of stages in which one is out of place.

    Raises:
        InvalidInputError: says which stage, and what to do; ``field`` is its place in the document.
    """
    if not stages:
        raise InvalidInputError("a policy has at least one stage; list them from the mildest on", field="stages")
    for number, stage in enumerate(stages):
        for place, fault in _own_faults(stage):
            raise InvalidInputError(f"stage {stage.name!r}: {fault}", field=f"stages.{number}.{place}")
    names = [stage.name for stage in stages]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise InvalidInputError(
                f"there are two stages {name!r}: give one another name", field=f"stages.{number}.name"
            )
    for earlier, later in combinations(range(len(stages)), 2):
        _check_order(stages[earlier], stages[later], f"stages.{later}")
    for number, stage in enumerate(stages):
        _check_then(stages, stage, f"stages.{number}.then")


def _own_faults(stage: Stage) -> Iterator[tuple[str, str]]:
    """Place and fault of what is wrong with a stage by itself."""
    when = stage.when
    if not stage.name or stage.name in RESERVED:
        yield "name", f"it needs a name, and one other than {', '.join(map(repr, RESERVED))}"
    if not stage.channels or len(set(stage.channels)) < len(stage.channels):
        yield "channels", "name at least one channel, and each once"
    if when.unpaid_count < 0:
        yield "when.unpaid_count", "a number of invoices is not negative"
    if not 0 <= when.risk_permille <= 1000:
        yield "when.risk_permille", "a risk is from 0 to 1000 thousandths"
    for currency, least in when.balance_minor.items():
        if not is_currency(currency):
            yield f"when.balance_minor.{currency}", NO_CURRENCY.format(currency)
        if least < 0:
            yield f"when.balance_minor.{currency}", "a least balance is not negative"
    if (stage.min_gap_days or 0) < 0:
        yield "min_gap_days", "a gap is not negative"
    if stage.repeat_after_days is not None and stage.repeat_after_days < 1:
        yield "repeat_after_days", "a stage is repeated after one day at the earliest; leave it out to say it once"


def _check_order(earlier: Stage, later: Stage, place: str) -> None:
    """Each stage is due no earlier and sounds no milder than those before it, and leaves them a day of their own."""
    if later.when.days_past_due < earlier.when.days_past_due:
        raise InvalidInputError(
            f"stage {later.name!r} is due before {earlier.name!r} and stands after it: "
            "list stages from the mildest on, or correct its days_past_due",
            field=f"{place}.when.days_past_due",
        )
    if earlier.when.implies(later.when):
        raise InvalidInputError(
            f"stages {earlier.name!r} and {later.name!r} overlap: {earlier.name!r} would never be said, because "
            f"{later.name!r} is due whenever it is. List stages from the mildest on, each under stricter conditions",
            field=f"{place}.when",
        )
    tones = list(Tone)
    if tones.index(later.tone) < tones.index(earlier.tone):
        raise InvalidInputError(
            f"stage {later.name!r} sounds milder ({later.tone}) than {earlier.name!r} before it ({earlier.tone}): "
            "a later stage is at least as firm",
            field=f"{place}.tone",
        )


def _check_then(stages: Sequence[Stage], stage: Stage, place: str) -> None:
    """What a stage warns of comes later, and whenever something more severe is due the warning may be given."""
    if not stage.then:
        return
    ranks = {one.name: rank for rank, one in enumerate(stages)}
    if stage.then not in ranks:
        known = ", ".join(ranks)
        raise InvalidInputError(
            f"stage {stage.name!r} goes on to {stage.then!r}, which is not a stage; there are {known}", field=place
        )
    if ranks[stage.then] <= ranks[stage.name]:
        raise InvalidInputError(
            f"stages go round in a circle: {stage.name!r} goes on to {stage.then!r}, which is not more severe; "
            "name a stage that is listed later",
            field=place,
        )
    for later in stages[ranks[stage.name] + 1 :]:
        if not later.when.implies(stage.when):
            raise InvalidInputError(
                f"stage {stage.name!r} warns and is never skipped, but {later.name!r} can be due where it is not: "
                f"give {later.name!r} all conditions of {stage.name!r}, or take `then` away",
                field=place,
            )
