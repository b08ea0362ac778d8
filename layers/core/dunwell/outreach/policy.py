"""The creditor's dunning policy: who is asking, in which stages, and when a case goes to a person. Versioned data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dunwell.accounts.model import Channel
from dunwell.charges.policy import ChargePolicy
from dunwell.compliance.decide import check_relaxations
from dunwell.compliance.policy import HOUSE_DEFAULT
from dunwell.compliance.policy import Policy as RulesPolicy
from dunwell.errors import InvalidInputError
from dunwell.figures import PROXIES
from dunwell.outreach.choice_policy import ChoicePolicy


@dataclass(frozen=True, slots=True)
class Creditor:
    """The one who is owed.

    Attributes:
        party: ``first`` collects its own debts in its own name, ``third`` collects for another.
        timezone: the ledger's business zone (IANA).
        sender: the address messages come from; its domain is verified with the mail service.
        postal_address, telephone: shown in every message and on every page.
        compliance: which contact rules the creditor follows, and what its counsel relaxed.
    """

    creditor_id: str
    name: str
    party: str
    timezone: str
    sender: str
    postal_address: str
    telephone: str
    compliance: RulesPolicy = HOUSE_DEFAULT

    def __post_init__(self) -> None:
        check_relaxations(self.compliance)


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


@dataclass(frozen=True, slots=True)
class Stage:
    """A level of urgency.

    Attributes:
        channels: in order of preference.
        template: the name of its words; empty: the stage's name.
        min_gap_days: least days since any earlier message before this one; None: the policy's.
        repeat_after_days: the same stage may be repeated after this many days; None says it once.
        then: the stage that follows, which is not said before this one was; empty: the next in the list.
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


@dataclass(frozen=True, slots=True)
class EscalationRule:
    """When an unresponsive customer's account goes to an agent.

    Attributes:
        after_stage: a message of this stage must have reached the customer first: nobody is escalated unwarned.
        silent_days: days since that message without it being settled.
        days_past_due: least age of the oldest invoice; min_risk_permille: least risk, in thousandths.
    """

    after_stage: str
    silent_days: int
    days_past_due: int
    min_risk_permille: int


@dataclass(frozen=True, slots=True)
class Policy:
    """A version of a creditor's policy.

    Attributes:
        stages: from the mildest to the most severe.
        min_gap_days: least days between two messages to one customer, whatever the stage.
        tolerance_minor: open balances up to this are not worth a message, by currency (minor units).
        patience_permille: customers below this risk are left alone for ``patience_days`` after the due date.
        charges: late fees and interest; none unless a rule says so.
        choice: how a channel is chosen among those permitted, and when a message is worth its cost.
        proxies: figures that may stand for who somebody is (``dunwell.figures.PROXIES``) and that scoring may use all
            the same, each with a note that says why.
    """

    version: str
    creditor: Creditor
    stages: tuple[Stage, ...]
    escalation: EscalationRule
    min_gap_days: int = 3
    tolerance_minor: Mapping[str, int] = field(default_factory=dict)
    patience_permille: int = 0
    patience_days: int = 0
    charges: ChargePolicy = field(default_factory=ChargePolicy)
    choice: ChoicePolicy = field(default_factory=ChoicePolicy)
    proxies: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        days = [stage.when.days_past_due for stage in self.stages]
        if not days or days != sorted(set(days)):
            raise InvalidInputError("stages must be listed from the mildest on, each later than the one before it")
        if self.escalation.after_stage not in {stage.name for stage in self.stages}:
            raise InvalidInputError(f"escalation.after_stage {self.escalation.after_stage!r} is not one of the stages")
        if unknown := sorted(self.proxies.keys() - PROXIES.keys()):
            raise InvalidInputError(f"proxies {unknown}: only {', '.join(PROXIES)} can be switched on")
        if unexplained := [name for name, note in self.proxies.items() if not note.strip()]:
            raise InvalidInputError(f"proxies {unexplained}: write why they are used, and what was measured first")

    def stage_due(self, days: int) -> Stage | None:
        """The most severe stage that is due at a number of days past due."""
        return next((stage for stage in reversed(self.stages) if days >= stage.when.days_past_due), None)

    def severity(self, stage_name: str) -> int:
        """A stage's rank, the mildest being 0; a stage that the policy no longer has ranks below all."""
        return next((i for i, stage in enumerate(self.stages) if stage.name == stage_name), -1)
