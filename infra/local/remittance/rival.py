"""The plain way: an invoice's number, letter by letter, in the text, and nothing else."""

import re

from dunwell.remittance.model import Allocation, BankLine, Decision, Match, OpenInvoice, Proposal, Purpose
from dunwell.remittance.ports import RemittanceIndex

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9/-]*")


class ExactReferences:
    """A dictionary from number to invoice; the money goes to the invoices found, in their order."""

    def __init__(self, open_now: dict[str, OpenInvoice]) -> None:
        self._open = open_now
        self._id = {one.number: one.invoice_id for one in open_now.values()}

    def __call__(self, line: BankLine, index: RemittanceIndex) -> Match:
        """Applies whenever a number is found and the line brought money."""
        words = (word for text in line.references for word in _WORD.findall(text))
        found = [self._open[self._id[word]] for word in words if word in self._id]
        found = [one for one in found if one.open_minor and one.currency == line.currency]
        if not found or line.amount_minor <= 0:
            return Match(line.line_id, Decision.UNMATCHED, Purpose.CUSTOMER_PAYMENT)
        left, given = line.amount_minor, []
        for one in found:
            part = min(left, one.open_minor)
            left -= part
            given.append(Allocation(one.invoice_id, one.number, part))
        proposal = Proposal(found[0].customer_id, "", tuple(given), left, 1000, ("The number stands in the text.",))
        return Match(line.line_id, Decision.APPLIED, Purpose.CUSTOMER_PAYMENT, proposal)
