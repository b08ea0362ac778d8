"""The cascade: creditor → group → segment → customer → invoice. The narrowest word wins, matter by matter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from dunwell.accounts.model import Channel, Customer
from dunwell.errors import InvalidInputError
from dunwell.ledger.model import Invoice
from dunwell.money import is_currency
from dunwell.outreach.stage import NO_CURRENCY, Stage, Standing

LEVELS = ("group", "segment", "customer", "invoice")
"""Below the creditor, whose word is the policy itself; the widest first."""
MATTERS = ("exclude", "stages", "channels", "min_gap_days", "patience_permille", "patience_days", "tolerance_minor")
"""What an override may change."""


@dataclass(frozen=True, slots=True)
class Override:
    """Other terms for some. Exactly one of group, segment, customer and invoice says for whom; None changes nothing.

    Attributes:
        group: of customers, as their source names it; segment: a behaviour segment.
        customer, invoice: its number, or our id. An invoice's terms are those of every message whose oldest it is.
        why: for those who read it later.
        exclude: left out of messages; False takes back a wider exclusion.
        stages: the names of those that are said; the others are not.
        channels: instead of every stage's own, in this order.
        min_gap_days: between any two messages, whatever the stages say of themselves.
        tolerance_minor: by currency; a currency not named keeps the wider tolerance.
    """

    group: str = ""
    segment: str = ""
    customer: str = ""
    invoice: str = ""
    why: str = ""
    exclude: bool | None = None
    stages: tuple[str, ...] | None = None
    channels: tuple[Channel, ...] | None = None
    min_gap_days: int | None = None
    patience_permille: int | None = None
    patience_days: int | None = None
    tolerance_minor: Mapping[str, int] | None = None

    @property
    def target(self) -> tuple[str, str]:
        """For whom: the level and the name. The first of several, which ``check_overrides`` refuses."""
        return next(((level, name) for level in LEVELS if (name := getattr(self, level))), ("", ""))

    @property
    def matters(self) -> list[str]:
        """What it changes."""
        return [matter for matter in MATTERS if getattr(self, matter) is not None]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a customer is reminded, after the cascade.

    Attributes:
        stages: those that may be said to this customer, from the mildest on, with the channels that are used.
        min_gap_days: between any two messages; None where no override says so: each stage's own or the policy's.
        won_by: matter → who said so, such as ``group key accounts``; what is not named the creditor's policy says.
    """

    stages: tuple[Stage, ...]
    tolerance_minor: Mapping[str, int]
    patience_permille: int
    patience_days: int
    min_gap_days: int | None = None
    exclude: bool = False
    won_by: Mapping[str, str] = field(default_factory=dict)

    def stage_due(self, it: Standing) -> Stage | None:
        """The most severe stage whose conditions hold."""
        return next((stage for stage in reversed(self.stages) if stage.when.met_by(it)), None)

    def narrowed(self, override: Override, ladder: tuple[Stage, ...]) -> "Terms":
        """With a narrower word on some matters.

        Args:
            ladder: all stages of the policy, which an override chooses from.
        """
        said = {matter: getattr(override, matter) for matter in override.matters}
        won = {**self.won_by, **dict.fromkeys(said, " ".join(override.target))}
        names, channels = said.pop("stages", None), said.pop("channels", None)
        stages = self.stages
        if names is not None:
            # The stages' channels stay those that are in force: another level may have had a word on them.
            used = stages[0].channels if "channels" in self.won_by else None
            stages = tuple(one if used is None else replace(one, channels=used) for one in ladder if one.name in names)
        if channels is not None:
            stages = tuple(replace(one, channels=channels) for one in stages)
        if "tolerance_minor" in said:
            said["tolerance_minor"] = {**self.tolerance_minor, **said["tolerance_minor"]}
        return replace(self, **said, stages=stages, won_by=won)


@dataclass(frozen=True)
class Cascade:
    """The overrides of a policy, found by whom they are for."""

    ladder: tuple[Stage, ...]
    overrides: Sequence[Override]

    @cached_property
    def _by_target(self) -> dict[tuple[str, str], Override]:
        return {override.target: override for override in self.overrides}

    def for_customer(self, terms: Terms, customer: Customer, segment: str) -> Terms:
        """The creditor's terms, narrowed for a customer of a segment."""
        targets = (
            ("group", customer.group),
            ("segment", segment),
            ("customer", customer.customer_id),
            ("customer", customer.number),
        )
        for target in targets:
            if found := self._by_target.get(target):
                terms = terms.narrowed(found, self.ladder)
        return terms

    def for_invoice(self, terms: Terms, invoice: Invoice) -> Terms:
        """A customer's terms, narrowed for an invoice."""
        found = self._of(invoice)
        return terms.narrowed(found, self.ladder) if found else terms

    def leaves_out(self, terms: Terms, invoice: Invoice) -> bool:
        """Whether an invoice is excluded from messages: by its own override, else by its customer's terms."""
        found = self._of(invoice)
        return terms.exclude if found is None or found.exclude is None else found.exclude

    def _of(self, invoice: Invoice) -> Override | None:
        return self._by_target.get(("invoice", invoice.number)) or self._by_target.get(("invoice", invoice.invoice_id))


def check_overrides(overrides: Sequence[Override], ladder: Sequence[Stage]) -> None:
    """Refuse overrides that cannot be understood, or under which a warning would be skipped.

    Raises:
        InvalidInputError: says which and what to do; ``field`` is its place in the document.
    """
    known: set[tuple[str, str]] = set()
    for number, override in enumerate(overrides):
        for place, fault in _faults(override, ladder):
            raise InvalidInputError(f"override {number + 1}: {fault}", field=f"overrides.{number}{place}")
        if override.target in known:
            raise InvalidInputError(
                f"there are two overrides for {' '.join(override.target)}: make one of them",
                field=f"overrides.{number}",
            )
        known.add(override.target)


def _faults(override: Override, ladder: Sequence[Stage]) -> Iterator[tuple[str, str]]:
    if sum(bool(getattr(override, level)) for level in LEVELS) != 1:
        yield "", f"say for whom, by exactly one of {', '.join(LEVELS)}"
    if not override.matters:
        yield "", f"it changes nothing; say at least one of {', '.join(MATTERS)}"
    if override.channels is not None and len(set(override.channels)) != len(override.channels or (None, None)):
        yield ".channels", "name at least one channel, and each once; `exclude: true` sends nothing"
    yield from _number_faults(override)
    if override.stages is not None:
        yield from _stage_faults(override.stages, ladder)


def _number_faults(override: Override) -> Iterator[tuple[str, str]]:
    for matter in ("min_gap_days", "patience_days", "patience_permille"):
        if (getattr(override, matter) or 0) < 0:
            yield f".{matter}", "it is not negative"
    if (override.patience_permille or 0) > 1000:
        yield ".patience_permille", "it is from 0 to 1000 thousandths"
    for currency in override.tolerance_minor or {}:
        if not is_currency(currency):
            yield f".tolerance_minor.{currency}", NO_CURRENCY.format(currency)
    if any(amount < 0 for amount in (override.tolerance_minor or {}).values()):
        yield ".tolerance_minor", "a tolerance is not negative"


def _stage_faults(names: Sequence[str], ladder: Sequence[Stage]) -> Iterator[tuple[str, str]]:
    known = [stage.name for stage in ladder]
    unknown = sorted(set(names) - set(known))
    if not names or unknown:
        yield ".stages", f"{', '.join(unknown) or 'nothing'} is not a stage; there are {', '.join(known)}"
        return
    last = max(known.index(name) for name in names)
    for stage in ladder[:last]:
        if stage.then and stage.name not in names:
            yield ".stages", f"stage {stage.name!r} warns and is never skipped: name it too"
