"""The creditor's dunning policy: who is asking, in which stages, and when a case goes to a person. Versioned data."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from dunwell.accounts.model import Channel, Customer
from dunwell.arrangements.policy import ArrangementPolicy
from dunwell.charges.policy import ChargePolicy
from dunwell.compliance.decide import check_relaxations
from dunwell.compliance.policy import HOUSE_DEFAULT
from dunwell.compliance.policy import Policy as RulesPolicy
from dunwell.compliance.regions import STATE_ZONES
from dunwell.dates import business_date
from dunwell.errors import InvalidInputError
from dunwell.figures import PROXIES
from dunwell.ledger.entry import Entry
from dunwell.ledger.model import Invoice
from dunwell.money import is_currency
from dunwell.outreach.announced import MANNERS, Announced
from dunwell.outreach.cascade import Cascade, Override, Terms, check_overrides
from dunwell.outreach.choice_policy import ChoicePolicy
from dunwell.outreach.stage import (
    NO_CURRENCY,
    THANKS,
    Attachment,
    Conditions,
    Consolidation,
    Stage,
    Standing,
    Tone,
    check_stages,
)
from dunwell.timezones import zone

__all__ = [
    "Attachment",
    "Conditions",
    "Consolidation",
    "Creditor",
    "EscalationRule",
    "Override",
    "Policy",
    "PolicyVersions",
    "Receipts",
    "Stage",
    "Standing",
    "Thanks",
    "Tone",
]


_ADDRESS = r"[^\s@<>,]+@[^\s@<>,]+\.[^\s@<>,]+"
_SENDER = re.compile(rf"{_ADDRESS}|[^\r\n<>]*<{_ADDRESS}>")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Creditor:
    """The one who is owed.

    Attributes:
        party: ``first`` collects its own debts in its own name, ``third`` collects for another.
        owed_to: of a third party, the one who is owed where a customer's record does not say (``legal_entity``).
        licences: of a third party, its licence in each of the United States, and for ``NYC``; or why it needs none.
            Nobody is contacted where there is no row.
        timezone: the ledger's business zone (IANA).
        sender: the address messages come from; its domain is verified with the mail service.
        postal_address, telephone: shown in every message and on every page.
        compliance: which contact rules the creditor follows, and what its counsel relaxed.
        language: what is written to customers whose own has no words (ISO 639-1).
        colour, logo_url: how messages look; the logo is an image of at least 40 pixels' height, empty for none.

    Raises:
        InvalidInputError: on creation, when the colour is not one such as ``#1d4ed8``.
    """

    creditor_id: str
    name: str
    party: str
    timezone: str
    sender: str
    postal_address: str
    telephone: str
    language: str = "en"
    colour: str = "#1d4ed8"
    logo_url: str = ""
    owed_to: str = ""
    licences: Mapping[str, str] = field(default_factory=dict)
    compliance: RulesPolicy = HOUSE_DEFAULT

    def __post_init__(self) -> None:
        check_relaxations(self.compliance)
        if self.owed_to and self.party != "third":
            raise InvalidInputError("who collects for itself is owed: take owed_to out", field="creditor.owed_to")
        for state, licence in self.licences.items():
            if state not in {*STATE_ZONES, "NYC"} or not licence.strip():
                raise InvalidInputError(
                    f"creditor.licences: {state!r} is no state, such as NJ, or NYC, with a licence or why none is due",
                    field="creditor.licences",
                )
        for place, fault in self._faults():
            raise InvalidInputError(f"creditor.{place}: {fault}", field=f"creditor.{place}")
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", self.colour):
            raise InvalidInputError(
                f"creditor.colour {self.colour!r} is not a colour such as #1d4ed8", field="creditor.colour"
            )

    def _faults(self) -> Iterator[tuple[str, str]]:
        """Place and fault of what every message shows."""
        for name in ("creditor_id", "name", "postal_address", "telephone"):
            if not getattr(self, name).strip():
                yield name, "is empty, and every message shows it: write it" if name != "creditor_id" else "is empty"
        if not _SENDER.fullmatch(self.sender):
            yield "sender", "is not an address such as Example Ltd <billing@example.com>, on one line"
        if self.logo_url and not re.fullmatch(r"https://[^\s\"'<>]+", self.logo_url):
            yield "logo_url", "is not an address that begins with https://; leave it out for no logo"


@dataclass(frozen=True, slots=True)
class EscalationRule:
    """When an unresponsive customer's account goes to an agent.

    Attributes:
        after_stage: a message of this stage must have reached the customer first: nobody is escalated unwarned. Like a
            stage with `then` it is never skipped: nothing more severe is said before it.
        silent_days: days since that message without it being settled.
        days_past_due: least age of the oldest invoice; min_risk_permille: least risk, in thousandths.
    """

    after_stage: str
    silent_days: int
    days_past_due: int
    min_risk_permille: int


@dataclass(frozen=True, slots=True)
class Thanks:
    """How customers are thanked when a payment settles what they were reminded of.

    Attributes:
        channels: in order of preference.
        within_days: payments that become known later than this are not thanked for.
    """

    channels: tuple[Channel, ...] = (Channel.EMAIL,)
    within_days: int = 3


@dataclass(frozen=True, slots=True)
class Receipts:
    """For which money customers get a receipt.

    Attributes:
        channels: in order of preference.
        methods: how the money came (``Entry.method``): what was paid through the gateway. Of a transfer the customer's
            own bank tells them, and an import may tell of years ago.
        within_days: money that becomes known later than this gets none.
    """

    channels: tuple[Channel, ...] = (Channel.EMAIL, Channel.PORTAL)
    methods: frozenset[str] = frozenset({"stripe"})
    within_days: int = 3

    def covers(self, entry: Entry, as_of: date) -> bool:
        """Whether an entry gets a receipt on a business date."""
        return entry.method in self.methods and (as_of - entry.on).days <= self.within_days


@dataclass(frozen=True)
class Policy:
    """A version of a creditor's policy.

    Attributes:
        stages: from the mildest to the most severe.
        effective_from: the first business date on which it is in force; None: it always was.
        min_gap_days: least days between two messages to one customer, whatever the stage.
        tolerance_minor: open balances up to this are not worth a message, by currency (minor units).
        patience_permille: customers below this risk are left alone for ``patience_days`` after the due date.
        overrides: other terms for groups, segments, customers and invoices.
        thanks: for payments after a reminder; None thanks nobody, and a third party never does.
        receipts: for money from customers; None gives none. A receipt takes the place of thanks for the same payment.
        charges: late fees and interest; none unless a rule says so.
        arrangements: plans, promises, discounts and settlements that customers may agree to.
        choice: how a channel is chosen among those permitted, and when a message is worth its cost.
        proxies: figures that may stand for who somebody is (``dunwell.figures.PROXIES``) and that scoring may use all
            the same, each with a note that says why.
    """

    version: str
    creditor: Creditor
    stages: tuple[Stage, ...]
    escalation: EscalationRule
    effective_from: date | None = None
    min_gap_days: int = 3
    tolerance_minor: Mapping[str, int] = field(default_factory=dict)
    patience_permille: int = 0
    patience_days: int = 0
    overrides: tuple[Override, ...] = ()
    thanks: Thanks | None = None
    receipts: Receipts | None = field(default_factory=Receipts)
    charges: ChargePolicy = field(default_factory=ChargePolicy)
    arrangements: ArrangementPolicy = field(default_factory=ArrangementPolicy)
    choice: ChoicePolicy = field(default_factory=ChoicePolicy)
    proxies: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.creditor.party not in ("first", "third"):
            raise InvalidInputError("a creditor is the first or the third party", field="creditor.party")
        zone(self.creditor.timezone)
        if not _VERSION.fullmatch(self.version):
            raise InvalidInputError(
                "the version names a place in the decision log: letters, digits, dots, dashes and underscores",
                field="version",
            )
        check_stages(self.stages)
        self._check_numbers()
        self._check_escalation()
        check_overrides(self.overrides, self.stages)
        self._check_thanks()
        self._check_proxies()

    def _check_numbers(self) -> None:
        for name in ("min_gap_days", "patience_days"):
            if getattr(self, name) < 0:
                raise InvalidInputError(f"{name} is a number of days: 0 or more", field=name)
        if not 0 <= self.patience_permille <= 1000:
            raise InvalidInputError("patience_permille is from 0 to 1000 thousandths", field="patience_permille")
        for currency in self.tolerance_minor:
            if not is_currency(currency):
                raise InvalidInputError(NO_CURRENCY.format(currency), field=f"tolerance_minor.{currency}")
        if any(amount < 0 for amount in self.tolerance_minor.values()):
            raise InvalidInputError("a tolerance is not negative", field="tolerance_minor")

    def _check_escalation(self) -> None:
        rule, names = self.escalation, [stage.name for stage in self.stages]
        if rule.after_stage not in names:
            raise InvalidInputError(
                f"escalation.after_stage {rule.after_stage!r} is not one of the stages: name one of {', '.join(names)}",
                field="escalation.after_stage",
            )
        if rule.silent_days < 0:
            raise InvalidInputError("silent_days is a number of days: 0 or more", field="escalation.silent_days")
        if not 0 <= rule.min_risk_permille <= 1000:
            raise InvalidInputError("a risk is from 0 to 1000 thousandths", field="escalation.min_risk_permille")
        warning = self.stages[names.index(rule.after_stage)]
        for later in self.stages[names.index(rule.after_stage) + 1 :]:
            if not later.when.implies(warning.when):
                raise InvalidInputError(
                    f"stage {warning.name!r} warns before escalation and is never skipped, but {later.name!r} can be "
                    f"due where it is not: give {later.name!r} all conditions of {warning.name!r}",
                    field="escalation.after_stage",
                )

    def _check_thanks(self) -> None:
        if self.thanks and self.creditor.party == "third":
            raise InvalidInputError("a third party thanks nobody: leave `thanks` out", field="thanks")
        if self.thanks and (not self.thanks.channels or self.thanks.within_days < 0):
            raise InvalidInputError("thanks need a channel, and within_days of 0 or more", field="thanks")
        if self.receipts and (not self.receipts.channels or self.receipts.within_days < 0):
            raise InvalidInputError("receipts need a channel, and within_days of 0 or more", field="receipts")
        if self.receipts and Channel.CALL in self.receipts.channels:
            raise InvalidInputError("a receipt is written: take `call` out of its channels", field="receipts.channels")

    def _check_proxies(self) -> None:
        if unknown := sorted(self.proxies.keys() - PROXIES.keys()):
            raise InvalidInputError(
                f"proxies {unknown}: only {', '.join(PROXIES)} can be switched on", field=f"proxies.{unknown[0]}"
            )
        if unexplained := [name for name, note in self.proxies.items() if not note.strip()]:
            raise InvalidInputError(
                f"proxies {unexplained}: write why they are used, and what was measured first",
                field=f"proxies.{unexplained[0]}",
            )

    @cached_property
    def _severities(self) -> dict[str, int]:
        return {stage.name: rank for rank, stage in enumerate(self.stages)}

    def severity(self, stage_name: str) -> int:
        """A stage's rank, the mildest being 0; a stage that the policy no longer has ranks below all."""
        return self._severities.get(stage_name, -1)

    def warns(self, stage: Stage) -> bool:
        """Whether a stage is never skipped: nothing more severe is said, nor is anybody escalated, before it was."""
        return bool(stage.then) or stage.name == self.escalation.after_stage

    @cached_property
    def cascade(self) -> Cascade:
        """The overrides."""
        return Cascade(self.stages, self.overrides)

    @cached_property
    def _own_terms(self) -> Terms:
        return Terms(self.stages, self.tolerance_minor, self.patience_permille, self.patience_days)

    def terms(self, customer: Customer, segment: str) -> Terms:
        """How a customer of a segment is reminded; ``terms_about`` an invoice has the narrower word."""
        return self.cascade.for_customer(self._own_terms, customer, segment) if self.overrides else self._own_terms

    def terms_about(self, terms: Terms, oldest: Invoice) -> Terms:
        """The customer's terms for a message whose oldest invoice this is."""
        return self.cascade.for_invoice(terms, oldest) if self.overrides else terms

    def gap_days(self, stage: Stage, terms: Terms) -> int:
        """Least days between any earlier message and one of a stage."""
        if terms.min_gap_days is not None:
            return terms.min_gap_days
        return self.min_gap_days if stage.min_gap_days is None else stage.min_gap_days

    @property
    def wordings(self) -> frozenset[tuple[str, Tone, Channel]]:
        """Every template, tone and channel that a message may need, by a stage or an override: all must have words."""
        others = {channel for override in self.overrides for channel in override.channels or ()}
        told = {(one.words, one.tone, channel) for one in self.stages for channel in others.union(one.channels)}
        thanks = self.thanks.channels if self.thanks else ()
        told |= {(THANKS, Tone.FRIENDLY, channel) for channel in thanks}
        told |= {(kind, Tone.NEUTRAL, channel) for kind, manner in MANNERS.items() for channel in manner.channels}
        receipts = self.receipts.channels if self.receipts else ()
        return frozenset(told | {(Announced.RECEIPT, Tone.NEUTRAL, channel) for channel in receipts})


@dataclass(frozen=True, slots=True)
class PolicyVersions:
    """The versions of one policy, side by side; on each business date one is in force.

    Raises:
        InvalidInputError: there is none, or two have one name or one first day.
    """

    versions: Sequence[Policy]

    def __post_init__(self) -> None:
        if not self.versions:
            raise InvalidInputError("there is no version of the policy")
        names = [one.version for one in self.versions]
        if len(set(names)) < len(names):
            raise InvalidInputError("two versions have the same name: give each its own `version`", field="version")
        if len({one.creditor.creditor_id for one in self.versions}) > 1:
            raise InvalidInputError(
                "the versions have more than one creditor.creditor_id: it names the books and never changes",
                field="creditor.creditor_id",
            )
        days = [one.effective_from for one in self.versions]
        if len(set(days)) < len(days):
            raise InvalidInputError(
                "two versions begin on the same day: give each its own `effective_from`", field="effective_from"
            )

    def on(self, day: date) -> Policy:
        """The version in force on a business date.

        Raises:
            InvalidInputError: none was yet.
        """
        return self._newest([one for one in self.versions if (one.effective_from or date.min) <= day], str(day))

    def at(self, instant: datetime) -> Policy:
        """The version in force at an instant, by the calendar of each version's own creditor.

        Raises:
            InvalidInputError: none was yet.
        """
        begun = [one for one in self.versions if (one.effective_from or date.min) <= _today(one, instant)]
        return self._newest(begun, instant.isoformat())

    def _newest(self, begun: Sequence[Policy], when: str) -> Policy:
        if not begun:
            first = min(one.effective_from or date.min for one in self.versions)
            raise InvalidInputError(
                f"no version of the policy is in force on {when}; the first begins on {first}", field="effective_from"
            )
        return max(begun, key=lambda one: one.effective_from or date.min)


def _today(policy: Policy, instant: datetime) -> date:
    return business_date(instant, policy.creditor.timezone)
