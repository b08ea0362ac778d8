"""Every way worth considering in which a customer's open invoices may be what a line pays."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, product

from dunwell.remittance.amounts import Fit, Settlement, discount_minor, settle
from dunwell.remittance.evidence import Claim, Evidence, Standing
from dunwell.remittance.model import OpenInvoice
from dunwell.remittance.references import Level, Mention
from dunwell.remittance.subsets import subsets
from dunwell.remittance.tolerances import Tolerances

MAX_READINGS = 8


class Way(StrEnum):
    """How a draft came to its invoices."""

    NAMED = "named"
    COMPLETED = "completed"
    SINGLE = "single"
    SUBSET = "subset"
    ALL = "all"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Draft:
    """One way to understand a line, before it is scored.

    Attributes:
        levels: how the text names the invoice at the same position, None where it does not.
        ambiguous: another draft of this customer fits as well.
        outdone: another invoice fits the text better where it names one of these.
        settled_named: the text names an invoice of this customer that is paid already.
        repeat: the same amount came lately from this customer.
        chance_permille: how likely the amounts add up by accident.
        unexplained: numbers in the text that may be invoices and are none of these.
        deducts: the payer says that something was taken off; in_advance: that nothing is billed yet.
    """

    standing: Standing
    way: Way
    invoices: tuple[OpenInvoice, ...]
    levels: tuple[Level | None, ...]
    settlement: Settlement
    open_count: int
    ambiguous: bool = False
    outdone: bool = False
    settled_named: bool = False
    repeat: bool = False
    chance_permille: int = 0
    unexplained: int = 0
    deducts: bool = False
    in_advance: bool = False


@dataclass(frozen=True, slots=True)
class _Choice:
    way: Way
    invoices: tuple[OpenInvoice, ...]
    ambiguous: bool = False
    chance_permille: int = 0


def drafts(evidence: Evidence, tolerances: Tolerances) -> list[Draft]:
    """All drafts for a line, of all customers that may have paid it."""
    return [
        draft
        for standing in evidence.standings
        if evidence.open_invoices[standing.payer.customer_id]
        for draft in _of_customer(evidence, standing, tolerances)
    ]


def _of_customer(evidence: Evidence, standing: Standing, tolerances: Tolerances) -> list[Draft]:
    invoices = evidence.open_invoices[standing.payer.customer_id]
    mentions = evidence.mentions[standing.payer.customer_id]
    choices = {
        frozenset(one.invoice_id for one in c.invoices): c for c in reversed(_named(evidence, mentions, tolerances))
    }
    settled = {key: _settled(evidence, c.invoices, tolerances) for key, c in choices.items()}
    if standing.identified and not any(one.fit in (Fit.EXACT, Fit.DISCOUNT) for one in settled.values()):
        for choice in _unnamed(evidence, invoices, tolerances):
            choices.setdefault(frozenset(one.invoice_id for one in choice.invoices), choice)
    for choice in _completed(evidence, invoices, mentions):
        choices.setdefault(frozenset(one.invoice_id for one in choice.invoices), choice)
    return [_draft(evidence, standing, choice, len(invoices), mentions, tolerances) for choice in choices.values()]


def _settled(evidence: Evidence, invoices: Sequence[OpenInvoice], tolerances: Tolerances) -> Settlement:
    return settle(evidence.line.amount_minor, evidence.line.value_on, invoices, tolerances)


def _named(evidence: Evidence, mentions: Sequence[Mention], tolerances: Tolerances) -> list[_Choice]:
    """What the text names, read ever more generously: surest mentions alone, then with weaker ones."""
    found: list[_Choice] = []
    for least in sorted({mention.level for mention in mentions}, reverse=True):
        readings = _readings([mention for mention in mentions if mention.level >= least])
        fitting = [one for one in readings if _settled(evidence, one, tolerances).fit in (Fit.EXACT, Fit.DISCOUNT)]
        kept = fitting or readings
        found += [_Choice(Way.NAMED, one, ambiguous=len(kept) > 1) for one in kept]
    return found


def _readings(mentions: Sequence[Mention]) -> list[tuple[OpenInvoice, ...]]:
    combined = islice(product(*(mention.invoices for mention in mentions)), MAX_READINGS)
    return [tuple({one.invoice_id: one for one in reading}.values()) for reading in combined]


def _completed(evidence: Evidence, invoices: Sequence[OpenInvoice], mentions: Sequence[Mention]) -> Iterator[_Choice]:
    """The surely named ones, and the only others that make up the rest."""
    sure = tuple(m.invoices[0] for m in mentions if m.level >= Level.TYPO and len(m.invoices) == 1)
    rest = evidence.line.amount_minor - sum(one.open_minor for one in sure)
    if not sure or rest <= 0:
        return
    taken = {one.invoice_id for one in sure}
    others = [one for one in invoices if one.invoice_id not in taken]
    found = subsets([one.open_minor for one in others], rest)
    for positions in found.found:
        more = tuple(others[i] for i in positions)
        yield _Choice(Way.COMPLETED, sure + more, len(found.found) > 1, found.chance_permille)


def _unnamed(evidence: Evidence, invoices: Sequence[OpenInvoice], tolerances: Tolerances) -> Iterator[_Choice]:
    """What the amount alone tells, within one customer."""
    line = evidence.line
    fits = {one.invoice_id: settle(line.amount_minor, line.value_on, [one], tolerances).fit for one in invoices}
    for kind in (Fit.EXACT, Fit.DISCOUNT, Fit.FEE):
        single = [one for one in invoices if fits[one.invoice_id] is kind]
        yield from (_Choice(Way.SINGLE, (one,), ambiguous=len(single) > 1) for one in single[:MAX_READINGS])
    if len(invoices) > 1 and _settled(evidence, invoices, tolerances).fit in (Fit.EXACT, Fit.DISCOUNT):
        yield _Choice(Way.ALL, tuple(invoices))
    yield from _by_sum(line.amount_minor, invoices, [one.open_minor for one in invoices])
    less = [discount_minor(one, line.value_on, tolerances.discount_grace_days) for one in invoices]
    if any(less):
        net = [one.open_minor - off for one, off in zip(invoices, less, strict=True)]
        yield from _by_sum(line.amount_minor, invoices, net)
    yield _Choice(Way.OLDEST, _oldest(line.amount_minor, invoices))


def _by_sum(target: int, invoices: Sequence[OpenInvoice], amounts: Sequence[int]) -> Iterator[_Choice]:
    found = subsets(amounts, target)
    for positions in found.found:
        chosen = tuple(invoices[i] for i in positions)
        yield _Choice(Way.SUBSET, chosen, len(found.found) > 1, found.chance_permille)


def _oldest(paid_minor: int, invoices: Iterable[OpenInvoice]) -> tuple[OpenInvoice, ...]:
    chosen, left = [], paid_minor
    for one in sorted(invoices, key=lambda one: (one.due_on, one.number)):
        if left > 0:
            chosen.append(one)
        left -= one.open_minor
    return tuple(chosen)


def _draft(
    evidence: Evidence,
    standing: Standing,
    choice: _Choice,
    open_count: int,
    mentions: Sequence[Mention],
    tolerances: Tolerances,
) -> Draft:
    chosen = {one.invoice_id for one in choice.invoices}
    mine = [m for m in mentions if any(one.invoice_id in chosen for one in m.invoices)]
    levels = {one.invoice_id: m.level for m in reversed(mine) for one in m.invoices}
    customer_id = standing.payer.customer_id
    foreign = [claim for claim in evidence.claims if claim.invoice.invoice_id not in chosen]
    settled = [c for c in foreign if c.invoice.customer_id == customer_id and not c.invoice.open_minor]
    number = standing.payer.number.upper()
    return Draft(
        standing,
        choice.way,
        choice.invoices,
        tuple(levels.get(one.invoice_id) for one in choice.invoices),
        _settled(evidence, choice.invoices, tolerances),
        open_count,
        choice.ambiguous,
        any(_beats(claim, mention) for claim in foreign for mention in mine),
        any(claim.level >= Level.CONFUSED and not any(_covers(m, claim) for m in mine) for claim in settled),
        any(one.customer_id == customer_id for one in evidence.posted),
        choice.chance_permille,
        evidence.text.unexplained(mine, frozenset({number, number.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")})),
        evidence.text.deducts,
        evidence.text.in_advance,
    )


def _beats(claim: Claim, mention: Mention) -> bool:
    overlap = claim.start < mention.stop and mention.start < claim.stop
    return overlap and claim.level > mention.level


def _covers(mention: Mention, claim: Claim) -> bool:
    return mention.level >= claim.level and mention.start < claim.stop and claim.start < mention.stop
