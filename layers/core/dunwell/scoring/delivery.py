"""How invoices were sent, and how much sooner or later one is paid for that.

The same customer may pay a bill on paper later than one that came electronically. What a portfolio shows of it, within
its customers, is learned with the model and travels in its file; a customer's habit is kept free of it, and the
question of a single invoice takes it up again. Where the source does not say how an invoice was sent, nothing is added
or taken away.
"""

from typing import NamedTuple

from dunwell.ledger.model import Delivery

UNKNOWN, PAPER, ELECTRONIC = range(3)
_ELECTRONIC = Delivery.ELECTRONIC


class DeliveryOffsets(NamedTuple):
    """What each way adds to lateness on the root scale (`dunwell.scoring.habit`), in the order of `code_of`; together
    they average nothing over the portfolio that they were learned from.
    """

    unknown: float = 0.0
    paper: float = 0.0
    electronic: float = 0.0


NO_OFFSETS = DeliveryOffsets()


def code_of(delivery: Delivery | None) -> int:
    """`UNKNOWN`, `PAPER` or `ELECTRONIC`: a plain number, since there are a dozen settlements for each open invoice."""
    return UNKNOWN if delivery is None else ELECTRONIC if delivery is _ELECTRONIC else PAPER
