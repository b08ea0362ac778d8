"""What the matching does with lines of known truth, and what that means at every threshold."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dunwell.remittance.matching import match
from dunwell.remittance.model import Allocation, BankLine, Decision, Match, Purpose
from dunwell.remittance.ports import RemittanceIndex
from dunwell.remittance.scoring import Model
from dunwell.remittance.tolerances import Tolerances
from infra.local.remittance.lines import Maker, Truth

LINES, CUSTOMERS = 4000, 3000
Matcher = Callable[[BankLine, RemittanceIndex], Match]


@dataclass(frozen=True, slots=True)
class Answer:
    """One line's outcome.

    Attributes:
        permille: confidence at which it would be applied; None when it would not be at any threshold.
        right: the first proposal, or the purpose and what it is about, is the truth.
    """

    truth: Truth
    purpose: Purpose
    permille: int | None
    right: bool
    shown: int


def answers(
    seed: int, matcher: Matcher, lines: int = LINES, customers: int = CUSTOMERS, maker: Maker | None = None
) -> list[Answer]:
    """Matches freshly made lines one after the other; after each, the index is told the truth."""
    maker = maker or Maker(seed, customers)
    return [_answer(matcher(line, maker.world.index), truth) for line, truth in maker.lines(lines)]


def engine(model: Model) -> Matcher:
    """The real matching, with every threshold open, so that one run gives the whole curve."""
    unlimited, tolerances = replace(model, apply_permille=0), Tolerances()
    return lambda line, index: match(line, index, tolerances, unlimited)


def _answer(found: Match, truth: Truth) -> Answer:
    applied = found.decision is Decision.APPLIED
    sure = found.proposal.confidence_permille if found.proposal else 1000
    return Answer(
        truth,
        found.purpose,
        sure if applied else None,
        is_right(found, truth),
        found.proposal.confidence_permille if found.proposal else 0,
    )


def is_right(found: Match, truth: Truth) -> bool:
    """The same customer, invoices and cash to the minor unit; for other money, the same thing."""
    if found.purpose is not truth.purpose:
        return False
    if found.purpose is not Purpose.CUSTOMER_PAYMENT:
        return found.about == truth.about
    if found.proposal is None:
        return False
    return says_the_truth(found.proposal.customer_id, found.proposal.allocations, truth)


def says_the_truth(customer_id: str, allocations: Sequence[Allocation], truth: Truth) -> bool:
    """The same customer and invoices; of each the same cash, and the same taken off what is open."""
    cash = {one.invoice_id: one.amount_minor for one in allocations}
    off = {one.invoice_id: one.amount_minor + one.discount_minor + one.fee_minor for one in allocations}
    return (customer_id, cash, off) == (truth.customer_id, truth.allocations, truth.settles)


@dataclass(frozen=True, slots=True)
class Quality:
    """At one threshold.

    Attributes:
        precision: of payments that were applied, those applied rightly.
        recall: of matchable lines, those applied rightly; recall_all: of all payments of open invoices.
        other_precision: of payouts, returns and charges that were settled, those settled rightly.
    """

    threshold_permille: int
    applied: int
    wrong: int
    precision: float
    recall: float
    recall_all: float
    other_applied: int
    other_wrong: int


def quality(found: Sequence[Answer], threshold_permille: int) -> Quality:
    """Precision and recall when what is at least this sure is applied."""
    applied = [a for a in found if a.permille is not None and a.permille >= threshold_permille]
    payments = [a for a in applied if a.purpose is Purpose.CUSTOMER_PAYMENT]
    other = [a for a in applied if a.purpose is not Purpose.CUSTOMER_PAYMENT]
    right = [a for a in payments if a.right]
    matchable = sum(1 for a in found if a.truth.matchable)
    paying = sum(1 for a in found if a.truth.allocations)
    return Quality(
        threshold_permille,
        len(payments),
        len(payments) - len(right),
        len(right) / len(payments) if payments else 1.0,
        sum(1 for a in right if a.truth.matchable) / matchable,
        len(right) / paying,
        len(other),
        sum(1 for a in other if not a.right),
    )


def by_case(found: Iterable[Answer], threshold_permille: int) -> dict[str, dict[str, int]]:
    """For each way of paying: lines, applied rightly, applied wrongly, and shown first rightly."""
    table: dict[str, Counter[str]] = {}
    for one in found:
        row = table.setdefault(one.truth.case, Counter(lines=0, applied=0, wrong=0, proposed=0))
        applied = one.permille is not None and one.permille >= threshold_permille
        row["lines"] += 1
        row["applied"] += applied and one.right
        row["wrong"] += applied and not one.right
        row["proposed"] += one.right
    return {name: dict(row) for name, row in sorted(table.items())}


def calibration(
    found: Iterable[Answer], steps: Sequence[int] = (0, 200, 500, 800, 900, 950, 990, 1001)
) -> list[dict[str, int]]:
    """For bands of confidence, how often the proposal was right."""
    shown = [a for a in found if a.purpose is Purpose.CUSTOMER_PAYMENT and a.shown]
    bands = []
    for low, high in pairwise(steps):
        inside = [a for a in shown if low <= a.shown < high]
        if inside:
            said, was = sum(a.shown for a in inside) / len(inside), 1000 * sum(a.right for a in inside) / len(inside)
            bands.append(
                {"from": low, "lines": len(inside), "said_permille": round(said), "right_permille": round(was)}
            )
    return bands
