"""The creditor's rules of cash application: versioned data."""

from dataclasses import dataclass, field
from enum import StrEnum

from dunwell.remittance.tolerances import Tolerances


class BankFee(StrEnum):
    """Who bears what banks on the way kept.

    ``credit``: the creditor; the rest of the invoice is credited with the reason ``bank_fee``.
    ``open``: the customer; the rest stays open.
    """

    CREDIT = "credit"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class CashPolicy:
    """How bank lines are applied.

    Attributes:
        tolerances: what may be written off unasked.
    """

    version: str = ""
    bank_fee: BankFee = BankFee.CREDIT
    tolerances: Tolerances = field(default_factory=Tolerances)
