"""Lines that are no customer's payment: gateway payouts, returns, the bank's charges, money that went out."""

import re

from dunwell.remittance.model import BankLine, Decision, LineKind, Match, PostedLine, Purpose
from dunwell.remittance.ports import RemittanceIndex

PAYOUT_DAYS = 7
"""A payout may arrive this many days from the day that the gateway named."""

_GATEWAYS = re.compile(
    r"\b(stripe|adyen|gocardless|mollie|paypal|braintree|worldpay|checkout\.com|sumup|square inc)\b", re.IGNORECASE
)
_RETURN = re.compile(
    r"\b(return|returned|r[uü]cklastschrift|reversal|chargeback|r-transaction|rejet|devoluci[oó]n)\b", re.IGNORECASE
)


def match_payout(line: BankLine, index: RemittanceIndex) -> Match | None:
    """A gateway's payout, or None when the line does not look like one. Never a customer's payment."""
    text = " ".join((line.payer_name, *line.references, line.end_to_end_id))
    if not _GATEWAYS.search(line.payer_name) and not re.search(r"\bpo_[A-Za-z0-9]{6,}", text):
        return None
    near = [
        one
        for one in index.payouts(line.currency, line.amount_minor)
        if not (one.reconciled or one.failed) and abs((line.booked_on - one.arrives_on).days) <= PAYOUT_DAYS
    ]
    named = [one for one in near if one.payout_id in text]
    if len(fits := named or near) == 1:
        why = f"It is the payout {fits[0].payout_id} of {fits[0].gateway}: its charges and fees are posted already."
        return Match(line.line_id, Decision.APPLIED, Purpose.PAYOUT, reasons=(why,), about=fits[0].payout_id)
    why = "Several payouts of this amount are expected." if fits else "No payout of this amount is expected."
    return Match(line.line_id, Decision.SUGGESTED if fits else Decision.UNMATCHED, Purpose.PAYOUT, reasons=(why,))


def match_debit(line: BankLine, index: RemittanceIndex) -> Match:
    """Money that went out: it pays no invoice."""
    if line.kind in (LineKind.CHARGE, LineKind.INTEREST) and not line.end_to_end_id:
        return Match(line.line_id, Decision.APPLIED, Purpose.BANK_CHARGE, reasons=("It is the bank's own charge.",))
    text = " ".join(line.references)
    said = line.kind is LineKind.RETURN or bool(_RETURN.search(text))
    fits = _undone(line, text, index)
    if len(fits) == 1 and said:
        sure = bool(line.end_to_end_id) and fits[0].end_to_end_id == line.end_to_end_id
        why = (
            "It gives back an earlier payment with the same end-to-end id."
            if sure
            else ("It seems to give back an earlier payment of the same amount.")
        )
        decision = Decision.APPLIED if sure and line.kind is LineKind.RETURN else Decision.SUGGESTED
        return Match(line.line_id, decision, Purpose.RETURN, reasons=(why,), about=fits[0].line_id)
    if said:
        return Match(
            line.line_id, Decision.UNMATCHED, Purpose.RETURN, reasons=("No single earlier payment fits this return.",)
        )
    return Match(
        line.line_id, Decision.UNMATCHED, Purpose.OUTGOING, reasons=("The money went out: it pays no invoice.",)
    )


def _undone(line: BankLine, text: str, index: RemittanceIndex) -> list[PostedLine]:
    """Earlier lines that this one may undo: by end-to-end id, else by account, else by amount alone."""
    posted = index.posted_lines(line.currency, -line.amount_minor)
    by_id = [one for one in posted if one.end_to_end_id and one.end_to_end_id in (line.end_to_end_id, *text.split())]
    by_account = [one for one in posted if one.payer_account and one.payer_account == line.payer_account]
    return by_id or by_account or list(posted)
