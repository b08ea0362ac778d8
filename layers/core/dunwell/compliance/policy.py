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


@dataclass(frozen=True, slots=True)
class Policy:
    """Which rules a creditor follows; ``version`` is recorded with every decision."""

    profile: Profile = Profile.HOUSE_DEFAULT
    relaxations: tuple[Relaxation, ...] = ()
    version: str = "2026-11-22"


HOUSE_DEFAULT = Policy()
LEGAL_MINIMUM = Policy(Profile.LEGAL_MINIMUM)
