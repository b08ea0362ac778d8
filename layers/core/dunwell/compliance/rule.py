"""The shape of a rule: what it reaches, since when, on what authority, and the test it applies."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from dunwell.compliance.case import Case, Test
from dunwell.compliance.model import Account, Channel, DebtKind, Party, Purpose, ReasonCode


class Basis(StrEnum):
    """On what a rule rests. House rules go with the profile; platform rules stay until relaxed."""

    LAW = "law"
    CARRIER = "carrier"
    HOUSE = "house"
    PLATFORM = "platform"


class Situation(NamedTuple):
    """The facts by which rules are selected; equal situations meet the same rules."""

    jurisdictions: frozenset[str]
    location_known: bool
    party: Party
    consumer: bool
    channel: Channel
    purpose: Purpose
    answers_customer: bool
    debt_kind: DebtKind
    in_collection_procedures: bool
    covered_commercial: bool


_NO_ACCOUNT = Account()


def situation_of(case: Case) -> Situation:
    """What a case looks like to the scopes of rules."""
    request = case.request
    account = request.account
    return Situation(
        case.place.jurisdictions,
        case.place.known,
        request.party,
        request.customer.consumer,
        request.channel,
        request.purpose,
        case.answers_customer,
        account.debt_kind,
        account.in_collection_procedures,
        account.covered_commercial,
    )


def situation_in(
    jurisdictions: frozenset[str], party: Party, consumer: bool, channel: Channel, purpose: Purpose = Purpose.COLLECTION
) -> Situation:
    """A contact with a customer whose place is known, as the scopes of rules see it."""
    return Situation(
        jurisdictions=jurisdictions,
        location_known=True,
        party=party,
        consumer=consumer,
        channel=channel,
        purpose=purpose,
        answers_customer=False,
        debt_kind=_NO_ACCOUNT.debt_kind,
        in_collection_procedures=_NO_ACCOUNT.in_collection_procedures,
        covered_commercial=_NO_ACCOUNT.covered_commercial,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which contacts a rule reaches. A part left at None does not matter.

    Attributes:
        within: jurisdictions such as ``US``, ``US-MA`` or ``US-NY-NYC``, any of which must apply.
        outside: jurisdictions none of which may apply.
    """

    within: frozenset[str] | None = None
    outside: frozenset[str] = frozenset()
    party: Party | None = None
    consumer: bool | None = None
    channels: frozenset[Channel] | None = None
    location_known: bool | None = None
    not_debt_kinds: frozenset[DebtKind] = frozenset()
    in_collection_procedures: bool | None = None
    covered_commercial: bool | None = None

    def covers(self, situation: Situation) -> bool:
        """Whether a contact in this situation is within reach."""
        if self.within is not None and not self.within & situation.jurisdictions:
            return False
        if self.outside & situation.jurisdictions or situation.debt_kind in self.not_debt_kinds:
            return False
        if self.channels is not None and situation.channel not in self.channels:
            return False
        wanted = (
            (self.party, situation.party),
            (self.consumer, situation.consumer),
            (self.location_known, situation.location_known),
            (self.in_collection_procedures, situation.in_collection_procedures),
            (self.covered_commercial, situation.covered_commercial),
        )
        return all(want is None or want == fact for want, fact in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as data.

    Attributes:
        scopes: it reaches a contact that any of them covers.
        test: whether it stands in the way of a contact within reach.
        only_for: the purposes it is about; empty means every purpose but those in ``not_for``.
        yields_to_reply: it lets one answer to the customer's own message pass.
        effective_from, effective_until: local dates; until is the first day on which it no longer applies.
        unsettled: authorities differ, so counsel may relax it although it is law.
    """

    id: str
    reason: ReasonCode
    citation: str
    test: Test
    scopes: tuple[Scope, ...] = (Scope(),)
    basis: Basis = Basis.LAW
    only_for: frozenset[Purpose] = frozenset()
    not_for: frozenset[Purpose] = frozenset()
    yields_to_reply: bool = False
    effective_from: date | None = None
    effective_until: date | None = None
    unsettled: bool = False

    @property
    def may_be_relaxed(self) -> bool:
        """Whether counsel may switch it off for a creditor."""
        return self.unsettled or self.basis in (Basis.HOUSE, Basis.PLATFORM)

    def reaches(self, situation: Situation) -> bool:
        """Whether the rule has anything to say about contacts in a situation."""
        if self.only_for and situation.purpose not in self.only_for:
            return False
        if situation.purpose in self.not_for or (self.yields_to_reply and situation.answers_customer):
            return False
        return any(scope.covers(situation) for scope in self.scopes)

    def in_force(self, earliest: date, latest: date) -> bool:
        """Whether it applies on a day that is already ``latest`` in some candidate zone and ``earliest`` in others."""
        if self.effective_from is not None and latest < self.effective_from:
            return False
        return self.effective_until is None or earliest < self.effective_until
