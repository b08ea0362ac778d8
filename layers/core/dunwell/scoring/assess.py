"""From accounts to assessments: the ledger's entries in the words of scoring, and back."""

from collections.abc import Sequence
from datetime import date
from heapq import nlargest
from typing import NamedTuple

from dunwell.dates import days_past_due
from dunwell.ledger.model import Account
from dunwell.scoring.account_facts import as_known, invoice_facts
from dunwell.scoring.actions import ActionHistory, promises, with_promises
from dunwell.scoring.assessment import INVOICES_KEPT, Assessment, InvoiceAssessment, Recovery, ScoreReason
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.moment_log import LoggedMoment, moments_to_log
from dunwell.scoring.outside import Outside, Told
from dunwell.scoring.ports import ModelDataError, Scorer
from dunwell.scoring.reasons import Reason
from dunwell.scoring.recovery import PastDue, recovery
from dunwell.scoring.score import CustomerScore, InvoiceScore, score_customers
from dunwell.scoring.segments import Segment, segment_of


class Refusal(NamedTuple):
    """A customer that could not be scored, and why."""

    customer_id: str
    why: str


class Assessed(NamedTuple):
    """What came of a page of accounts: assessments in their order, the moments to hold the model to later, who could
    not be scored, and which models kept as data cannot be read, so that the assessments lack what these say.
    """

    assessments: list[Assessment]
    moments: list[LoggedMoment]
    refusals: list[Refusal]
    damages: set[str]


def assess_accounts(
    accounts: Sequence[Account],
    as_of: date,
    scorer: Scorer,
    history: ActionHistory | None = None,
    outside: Outside | None = None,
) -> Assessed:
    """Assesses the accounts with something open; one model call for many accounts. One that cannot be scored is
    refused and stops no other.

    A model of segments or recovery that cannot be read costs what it would say, not the scores; `damages` tells of it.
    `history` says what was done about those with something past due; without it recovery takes that as unknown.
    `outside` says what was published beside the ledger; a model that was not trained on it is not told.
    Of an account only what took effect by `as_of` is known. Internal ones have no assessment: nobody is behind them.
    """
    scored = [as_known(account, as_of) for account in accounts if not account.customer.is_internal]
    facts = [invoice_facts(account) for account in scored]
    told = outside.told([account.figures for account in scored], scorer.model.outside, as_of) if outside else []
    found = Assessed([], [], [], set())
    for account, own, score in zip(scored, facts, _scores(facts, as_of, scorer, told), strict=True):
        customer_id = account.customer.customer_id
        if isinstance(score, str):
            found.refusals.append(Refusal(customer_id, score))
        elif score.risk is not None:
            try:
                segment = _segment(score, found.damages)
                expected = _expected(account, own, score, history, found.damages)
            except (ValueError, ArithmeticError) as error:
                found.refusals.append(Refusal(customer_id, str(error)))
                continue
            found.assessments.append(_assessment(account, score, segment, expected))
            found.moments.extend(moments_to_log(customer_id, score))
    return found


def _segment(score: CustomerScore, damages: set[str]) -> Segment:
    """The segment, without a name when its model cannot be read: the score does without."""
    try:
        return segment_of(score.known)
    except ModelDataError as error:
        damages.add(str(error))
        return Segment("", ())


def _expected(
    account: Account,
    facts: Sequence[InvoiceFacts],
    score: CustomerScore,
    history: ActionHistory | None,
    damages: set[str],
) -> tuple[Recovery, ...]:
    """What is expected of the account, nothing when recovery's model cannot be read: the score does without."""
    try:
        return expected_of(account, facts, score, history)
    except ModelDataError as error:
        damages.add(str(error))
        return ()


def _scores(
    facts: Sequence[list[InvoiceFacts]], as_of: date, scorer: Scorer, told: Sequence[Told]
) -> list[CustomerScore | str]:
    """A score or the reason for none, for each customer. All together; only when that fails, each by itself."""
    try:
        return list(score_customers(facts, as_of, scorer, told))
    except (ValueError, ArithmeticError) as error:
        if len(facts) == 1:
            return [str(error)]
    return [one for at, own in enumerate(facts) for one in _scores([own], as_of, scorer, told[at : at + 1])]


def expected_of(
    account: Account, facts: Sequence[InvoiceFacts], score: CustomerScore, history: ActionHistory | None = None
) -> tuple[Recovery, ...]:
    """What the account is expected to pay of what may be asked for and is past due, by currency."""
    owed = {
        item.invoice.invoice_id: item.collectable_minor
        for item in account.open_invoices
        if item.is_collectable and days_past_due(item.due_on, score.as_of) > 0
    }
    if not owed:
        return ()
    rows = {one.invoice_id: one.row for one in score.invoices}
    past_due = [PastDue(one, owed[one.invoice_id], rows.get(one.invoice_id)) for one in facts if one.invoice_id in owed]
    done = history.actions(account.customer.customer_id) if history else None
    if promised := promises(account, score.as_of):
        done = with_promises(done or {}, promised)
    return recovery(past_due, score.known, done, features=score.shared)


def _assessment(
    account: Account, score: CustomerScore, segment: Segment, recoveries: tuple[Recovery, ...]
) -> Assessment:
    kept = nlargest(INVOICES_KEPT, score.invoices, key=_at_stake) if len(score.invoices) > INVOICES_KEPT else None
    return Assessment(
        customer_id=account.customer.customer_id,
        as_of=score.as_of,
        risk_permille=round(1000 * (score.risk or 0.0)),
        segment=segment.name,
        segment_facts=tuple(segment.facts),
        invoices=tuple(_invoice_assessment(invoice) for invoice in kept or score.invoices),
        model_version=score.model.identity,
        model_sha256=score.model.sha256,
        card_id=score.model.card_id,
        risk_reasons=_kept_reasons(score.reasons),
        invoices_left_out=len(score.invoices) - len(kept) if kept else 0,
        recoveries=recoveries,
        account_version=account.version,
    )


def _at_stake(invoice: InvoiceScore) -> float:
    """What may come late. Across currencies only an order in which to leave out."""
    return invoice.amount_minor * invoice.probabilities[1]


def _invoice_assessment(invoice: InvoiceScore) -> InvoiceAssessment:
    late, late_30, late_90 = (round(1000 * probability) for probability in invoice.probabilities)
    return InvoiceAssessment(
        invoice_id=invoice.invoice_id,
        late_permille=late,
        reasons=_kept_reasons(invoice.reasons),
        late_30_permille=late_30,
        late_90_permille=late_90,
        expected_on=invoice.expected_on,
        earliest_on=invoice.earliest_on,
        latest_on=invoice.latest_on,
    )


def _kept_reasons(reasons: Sequence[Reason]) -> tuple[ScoreReason, ...]:
    return tuple([ScoreReason(one.words, one.feature, _permille(one.effect)) for one in reasons])


def _permille(effect: float) -> int:
    """In thousandths, never none at all: that would lose which way it speaks."""
    return round(1000 * effect) or (1 if effect > 0 else -1)
