"""A creditor's choice among the rules: a profile, and what its counsel has relaxed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dunwell.errors import InvalidInputError


class Profile(StrEnum):
    """``legal_minimum`` is what law and carriers impose; ``house_default`` adds cautious limits."""

    LEGAL_MINIMUM = "legal_minimum"
    HOUSE_DEFAULT = "house_default"


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A rule that a creditor's counsel switched off: which, who, from when and why. Kept as evidence.

    Raises:
        InvalidInputError: on creation, when nobody answers for it or no reason is given.
    """

    rule_id: str
    relaxed_by: str
    at: datetime
    reason: str

    def __post_init__(self) -> None:
        if not (self.rule_id.strip() and self.relaxed_by.strip() and self.reason.strip()):
            raise InvalidInputError("a relaxation names the rule, who relaxed it and why")
        if self.at.tzinfo is None:
            raise InvalidInputError("the moment of a relaxation needs a time zone")


class Fact(StrEnum):
    """What a rule asks for, and only the creditor can know. Where it is not declared, the rule refuses."""

    ONTARIO_NOTICE = "ontario_notice"
    """Each consumer in Ontario gets the private written notice six days or more before a debt is placed here."""
    MASSACHUSETTS_VALIDATION = "massachusetts_validation"
    """Each consumer in Massachusetts gets 940 CMR 7.08's validation otherwise, within five business days."""
    EMAIL_NOTICE = "email_notice"
    """The creditor used the e-mail addresses and gave 35 days' notice of their use, at the declaration's moment."""
    ROUTINE_SERVICING = "routine_servicing"
    """Who is owed only services the accounts here: New York City's rules for debt collection do not bind it yet."""
    NO_COVERED_COMMERCIAL_DEBT = "no_covered_commercial_debt"
    """No business in California owes what SB 1286 covers, such as a sole trader's debt of up to 500,000 dollars."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A fact for which somebody answers: which, who, from when and on what it rests. Kept as evidence.

    Raises:
        InvalidInputError: on creation, when nobody answers for it or no reason is given.
    """

    fact: Fact
    declared_by: str
    at: datetime
    reason: str

    def __post_init__(self) -> None:
        if not (self.declared_by.strip() and self.reason.strip()):
            raise InvalidInputError("a declaration says who declares the fact and on what it rests")
        if self.at.tzinfo is None:
            raise InvalidInputError("the moment of a declaration needs a time zone")


@dataclass(frozen=True, slots=True)
class Policy:
    """Which rules a creditor follows; ``version`` is recorded with every decision.

    Attributes:
        declarations: facts that rules ask for and that nothing here can show.
    """

    profile: Profile = Profile.HOUSE_DEFAULT
    relaxations: tuple[Relaxation, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    version: str = "2026-11-22"

    def declared(self, fact: Fact, at: datetime) -> Declaration | None:
        """The earliest declaration of a fact that counts at an instant, or None."""
        made = (one for one in self.declarations if one.fact is fact and one.at <= at)
        return min(made, key=lambda one: one.at, default=None)


HOUSE_DEFAULT = Policy()
LEGAL_MINIMUM = Policy(Profile.LEGAL_MINIMUM)
