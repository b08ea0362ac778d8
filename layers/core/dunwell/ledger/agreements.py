"""What was agreed about debts: a plan, a promise to pay, a settlement, a discount. One shape for all four.

An agreement is a fact of the account, as its entries are: it is read with them and changes in the same write. How far
it was kept is not stored but follows from the money (``dunwell.arrangements``).
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class AgreementKind(StrEnum):
    """What the customer agrees to.

    plan        the whole debt in instalments
    promise     an amount by a day; no evidence is needed, nothing is debited by it
    settlement  less than the whole debt, in full
    discount    less than the whole debt for paying early
    """

    PLAN = "plan"
    PROMISE = "promise"
    SETTLEMENT = "settlement"
    DISCOUNT = "discount"


class AgreementStatus(StrEnum):
    """Where an agreement is.

    proposed → authorised (the evidence is kept) → active (its first money has come) → completed | broken
    proposed → lapsed (nobody accepted it in time) | cancelled (withdrawn, or waiting for approval and refused)
    authorised, active → cancelled (ended by agreement, or replaced by another one)
    A promise is active at once.
    """

    PROPOSED = "proposed"
    AUTHORISED = "authorised"
    ACTIVE = "active"
    COMPLETED = "completed"
    BROKEN = "broken"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


STANDING = frozenset({AgreementStatus.AUTHORISED, AgreementStatus.ACTIVE})


@dataclass(frozen=True, slots=True)
class AgreedDebt:
    """An invoice and what of it was open and agreed about (minor units of the agreement's currency)."""

    invoice_id: str
    number: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class AgreedInstalment:
    """A part to be paid by a day (minor units). ``number`` counts from 1 and never changes its meaning.

    Attributes:
        due_on: a day on which banks work, as agreed.
        charges_minor: interest and fees within the amount.
    """

    number: int
    due_on: date
    amount_minor: int
    charges_minor: int = 0


@dataclass(frozen=True, slots=True)
class Authorisation:
    """The evidence of consent (rule REGE-AUTH): what was shown, when, how and from where it was agreed to.

    Attributes:
        words: exactly as they stood on the page, or were read out.
        method: ``portal``, ``api`` or ``agent``; by: ``customer``, or the agent who heard it.
        address: the network address that the consent came from; empty when it was spoken.
        method_id: the saved payment method that may be debited; empty: the customer pays by themselves.
    """

    words: str
    at: datetime
    method: str
    by: str
    address: str = ""
    method_id: str = ""


@dataclass(frozen=True, slots=True)
class AgreementStep:
    """A change of status or terms: when, by whom (``customer``, ``agent:jo``, ``system``), and a code that says why."""

    status: AgreementStatus
    at: datetime
    who: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed about debts in one currency.

    Attributes:
        debts: oldest first; a debt is under one standing agreement at a time.
        instalments: in order of their days; together the debts, plus ``charges_minor``, less ``forgiven_minor``.
        made_at: with the creditor's time zone. Money counts for the agreement from then on.
        expires_on: the last day on which a proposal may be accepted; None once it was.
        pauses_until: the last day on which it stops reminders, charges and escalation; None: as long as it stands. A
            promise runs out by itself, whether or not anybody looks.
        next_on: the day on which somebody has to look at it again; None: never. The work list of agreements goes by it.
        grace_days: business days after a due day within which money still counts.
        tolerance_permille: how much of an amount must have come for it to count as paid, in thousandths.
        approval: whose approval is still needed, such as ``supervisor``; empty: nobody's.
        forgiven_minor: given up by the creditor, as a credit note while it stands.
        apr_permille: the annual percentage rate of its charges in thousandths, 125 being 12.5 %; 0 without charges.
        policy_version, model_version, reasons: what it was made from, and why it was recommended (codes).
        replaces: the agreement that it took the place of; empty for none.
    """

    agreement_id: str
    kind: AgreementKind
    currency: str
    debts: tuple[AgreedDebt, ...]
    instalments: tuple[AgreedInstalment, ...]
    status: AgreementStatus
    made_at: datetime
    made_by: str
    expires_on: date | None = None
    pauses_until: date | None = None
    next_on: date | None = None
    grace_days: int = 0
    tolerance_permille: int = 1000
    approval: str = ""
    charges_minor: int = 0
    forgiven_minor: int = 0
    apr_permille: int = 0
    authorisation: Authorisation | None = None
    steps: tuple[AgreementStep, ...] = ()
    policy_version: str = ""
    model_version: str = ""
    reasons: tuple[str, ...] = ()
    replaces: str = ""

    @property
    def is_standing(self) -> bool:
        """Whether it was agreed to and has not ended."""
        return self.status in STANDING

    def pauses(self, as_of: date) -> bool:
        """Whether it stops reminders, charges and escalation about its debts on a date."""
        return self.is_standing and (self.pauses_until is None or as_of <= self.pauses_until)

    @property
    def invoice_ids(self) -> tuple[str, ...]:
        """The invoices it is about."""
        return tuple(debt.invoice_id for debt in self.debts)

    @property
    def debt_minor(self) -> int:
        """What was owed on the debts when it was made (minor units)."""
        return sum(debt.amount_minor for debt in self.debts)

    @property
    def amount_minor(self) -> int:
        """What the customer pays altogether (minor units)."""
        return sum(one.amount_minor for one in self.instalments)
