"""``match``: a bank line and what the index knows, to a decision. Ambiguity is never applied."""

from dunwell.remittance.amounts import Fit
from dunwell.remittance.drafts import Draft, Way, drafts
from dunwell.remittance.evidence import gather
from dunwell.remittance.model import BankLine, Decision, Match, Proposal, Purpose
from dunwell.remittance.other_money import match_debit, match_payout
from dunwell.remittance.ports import RemittanceIndex
from dunwell.remittance.reasons import reasons
from dunwell.remittance.references import Level
from dunwell.remittance.scoring import Model, confidences, fitted, score
from dunwell.remittance.tolerances import Tolerances

MAX_OTHERS = 4
_DEFAULT = Tolerances()


def match(
    line: BankLine, index: RemittanceIndex, tolerances: Tolerances = _DEFAULT, model: Model | None = None
) -> Match:
    """What a line is and which invoices it pays.

    Args:
        line: as read from a bank's file.
        index: answers look-ups; nothing is written.
        tolerances: what may be written off unasked.
        model: how sure is sure enough; the fitted one unless given.

    Returns:
        ``APPLIED``: post the proposal (or reconcile ``about``) as it is. ``SUGGESTED``: show it to a person.
        ``UNMATCHED``: keep the money in suspense.
    """
    if line.amount_minor <= 0:
        return match_debit(line, index)
    if payout := match_payout(line, index):
        return payout
    return _match_payment(line, index, tolerances, model or fitted())


def _match_payment(line: BankLine, index: RemittanceIndex, tolerances: Tolerances, model: Model) -> Match:
    found = drafts(gather(line, index), tolerances)
    permille = confidences([score(one, model) for one in found], model)
    ranked = sorted(zip(permille, found, strict=True), key=lambda one: (-one[0], one[1].standing.payer.customer_id))
    kept = [one for one in ranked if one[0] >= model.suggest_permille] or ranked[:1]
    if not kept or kept[0][0] < model.suggest_permille:
        return Match(line.line_id, Decision.UNMATCHED, Purpose.CUSTOMER_PAYMENT, reasons=(_why_none(ranked),))
    best = kept[0][1]
    against = doubt(best)
    if kept[0][0] < model.apply_permille:
        against = against or "It is not sure enough to be applied unasked."
    proposals = [_proposal(draft, sure, line) for sure, draft in kept[: MAX_OTHERS + 1]]
    decision = Decision.SUGGESTED if against else Decision.APPLIED
    why = (against,) if against else ()
    return Match(line.line_id, decision, Purpose.CUSTOMER_PAYMENT, proposals[0], tuple(proposals[1:]), why)


def doubt(draft: Draft) -> str:
    """Why a draft may not be applied however likely it is; empty when it may."""
    named = [level for level in draft.levels if level and level > Level.SUFFIX]
    fit = draft.settlement.fit
    rules = (
        (draft.ambiguous, "Several invoices fit equally."),
        (draft.way is Way.OLDEST, "Nothing says which invoices are meant."),
        (fit is Fit.PARTIAL and len(draft.invoices) > 1, "It pays several invoices in part, and does not say how."),
        (not named and draft.in_advance, "The payer says that it pays in advance."),
        (fit is Fit.FEE and draft.deducts, "The payer took something off, which is not a bank's fee."),
        (draft.settled_named, "It may pay an invoice a second time."),
        (draft.repeat and not named, "The same amount came lately, and no invoice is named."),
        (
            not named and fit not in (Fit.EXACT, Fit.DISCOUNT),
            "No invoice is named, and the amount is not one that is owed.",
        ),
        (not named and not draft.standing.identified, "Nothing says who paid."),
        (draft.way is Way.COMPLETED and draft.chance_permille > 50, "The amounts may add up by accident."),
        (draft.way is Way.SUBSET and draft.chance_permille > 50, "The amounts may add up by accident."),
    )
    return next((reason for applies, reason in rules if applies), "")


def _proposal(draft: Draft, confidence_permille: int, line: BankLine) -> Proposal:
    payer = draft.standing.payer
    return Proposal(
        payer.customer_id,
        payer.name,
        draft.settlement.allocations,
        draft.settlement.unapplied_minor,
        confidence_permille,
        reasons(draft, line),
        payer.number,
    )


def _why_none(ranked: list[tuple[int, Draft]]) -> str:
    if not ranked:
        return "No customer and no open invoice fits the payer, the reference or the amount."
    return "Something resembles it, but nothing is likely enough to propose."
