"""Why a proposal was made, in sentences for the person who looks at it."""

from collections.abc import Iterator

from dunwell.money import format_money
from dunwell.remittance.amounts import Fit
from dunwell.remittance.drafts import Draft, Way
from dunwell.remittance.model import BankLine
from dunwell.remittance.references import Level

_SAID = {
    Level.FULL: "The reference names {}.",
    Level.CORE: "The reference names {} without its prefix.",
    Level.CONFUSED: "The reference names {} with characters that look alike.",
    Level.TWINS: "The reference names {} with a digit doubled or lost.",
    Level.TYPO: "The reference is one slip away from {}.",
    Level.RANGE: "{} lie in the range that the reference names.",
    Level.SUFFIX: "The reference has the last digits of {}.",
}
_WAYS = {
    Way.SINGLE: "It is the amount of {}.",
    Way.SUBSET: "{} add up to the amount.",
    Way.ALL: "It is all that the customer owes.",
    Way.OLDEST: "Nothing says which invoices are meant: the oldest come first ({}).",
    Way.COMPLETED: "{} make up the rest of the amount.",
}


def reasons(draft: Draft, line: BankLine) -> tuple[str, ...]:
    """What speaks for the draft, then what speaks against it."""
    return (*_text(draft), *_payer(draft), *_amount(draft, line), *_against(draft))


def _text(draft: Draft) -> Iterator[str]:
    pairs = list(zip(draft.invoices, draft.levels, strict=True))
    for level, sentence in _SAID.items():
        if numbers := [one.number for one, found in pairs if found is level]:
            yield sentence.format(_list(numbers))
    unnamed = [one.number for one, found in pairs if found is None]
    if unnamed and draft.way in _WAYS:
        yield _WAYS[draft.way].format(_list(unnamed))


def _payer(draft: Draft) -> Iterator[str]:
    standing, name = draft.standing, draft.standing.payer.name
    if standing.account_times:
        times = "once" if standing.account_times == 1 else f"{standing.account_times} times"
        yield f"This account paid for {name} {times} before."
    if standing.number_named:
        yield f"The reference has {name}'s customer number."
    if standing.name_permille is not None and standing.name_permille >= 950:
        yield f"The payer is called {name}."
    elif standing.name_permille is not None and standing.name_permille >= 600:
        yield f"The payer's name is like {name}."


def _amount(draft: Draft, line: BankLine) -> Iterator[str]:
    settlement, currency = draft.settlement, line.currency
    if settlement.fit is Fit.EXACT:
        yield "The amount is exactly what is owed."
    elif settlement.fit is Fit.DISCOUNT:
        taken = sum(one.discount_minor for one in settlement.allocations)
        yield f"The amount is what is owed less the early-payment discount of {format_money(taken, currency)}."
    elif settlement.fit is Fit.FEE:
        fee = sum(one.fee_minor for one in settlement.allocations)
        yield f"The amount is {format_money(fee, currency)} short, as after a bank's fee."
    elif settlement.fit is Fit.PARTIAL:
        owed = sum(one.open_minor for one in draft.invoices) - line.amount_minor
        yield f"It pays a part: {format_money(owed, currency)} stays open."
    else:
        yield f"It is {format_money(settlement.unapplied_minor, currency)} more than is owed."


def _against(draft: Draft) -> Iterator[str]:
    standing = draft.standing
    if draft.ambiguous:
        yield "Other invoices of this customer fit as well."
    if draft.outdone:
        yield "Another invoice fits the reference better."
    if draft.settled_named:
        yield "The reference names an invoice that is paid already."
    if draft.repeat:
        yield "The same amount came from this customer lately."
    if draft.unexplained:
        yield "The reference has numbers that belong to no invoice found."
    if standing.account_others and not standing.account_times:
        yield "This account paid for another customer before."
    if standing.name_permille is not None and standing.name_permille < 300 and not standing.account_times:
        yield f"The payer's name is not {standing.payer.name}."


def _list(numbers: list[str]) -> str:
    shown = numbers[:5]
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return ", ".join(shown) + more
