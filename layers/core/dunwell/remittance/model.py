"""What cash application works on: bank lines, open invoices, payers; and what it answers."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class LineKind(StrEnum):
    """What the bank says that a line is; ``OTHER`` when it does not say."""

    TRANSFER = "transfer"
    DIRECT_DEBIT = "direct_debit"
    CARD = "card"
    CHEQUE = "cheque"
    RETURN = "return"
    CHARGE = "charge"
    INTEREST = "interest"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class BankLine:
    """One movement on an account of the creditor's.

    Attributes:
        line_id: the same for the same movement in every file that carries it.
        account: the creditor's own account, an IBAN or a number.
        amount_minor: minor units of ``currency``; more than zero came in, less went out.
        payer_account: of the other side, an IBAN or a number, empty when the bank does not say.
        references: texts for the receiver, structured ones first.
        end_to_end_id: what the payer's side calls the payment; bank_reference: what the bank does.
    """

    line_id: str
    account: str
    booked_on: date
    value_on: date
    currency: str
    amount_minor: int
    payer_name: str = ""
    payer_account: str = ""
    references: tuple[str, ...] = ()
    end_to_end_id: str = ""
    bank_reference: str = ""
    kind: LineKind = LineKind.OTHER


@dataclass(frozen=True, slots=True)
class DiscountTerm:
    """Early-payment discount: ``permille`` of the amount, when paid until that day."""

    permille: int
    until: date


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice as the index knows it; ``open_minor`` 0: settled lately, kept so that a second payment is noticed."""

    invoice_id: str
    customer_id: str
    number: str
    currency: str
    open_minor: int
    issued_on: date
    due_on: date
    discounts: tuple[DiscountTerm, ...] = ()


@dataclass(frozen=True, slots=True)
class Payer:
    """A customer as a payer: what it is called."""

    customer_id: str
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class AccountLink:
    """An account that paid for a customer before, and how many times."""

    customer_id: str
    times: int


@dataclass(frozen=True, slots=True)
class Movement:
    """What a payout carries: a payment less its fee, a refund, a fee by itself.

    Attributes:
        kind: as the gateway calls it, such as ``charge``, ``refund`` or ``fee``.
        reference: the payment's reference in the ledger, else the gateway's id.
        amount_minor: before the fee, less than zero for what was taken out; fee_minor: of the payout's currency.
    """

    kind: str
    reference: str
    amount_minor: int
    fee_minor: int = 0


@dataclass(frozen=True, slots=True)
class Payout:
    """What a payment gateway says that it pays out: charges less fees, all of them already in the ledger.

    Attributes:
        arrives_on: the day that the gateway names.
        failed: it came back, or was called off: no bank line will show it.
        fee_minor: the fees in ``movements`` together.
        movements: what it carries; empty when the gateway does not say. They are kept beside the payout.
        complete: whether they are all of them.
        version: orders what the gateway said: a later reading compares greater.
        reconciled: it arrived as a bank line.
    """

    payout_id: str
    gateway: str
    currency: str
    amount_minor: int
    arrives_on: date
    reconciled: bool = False
    failed: bool = False
    fee_minor: int = 0
    complete: bool = False
    version: str = ""
    movements: tuple[Movement, ...] = ()


@dataclass(frozen=True, slots=True)
class PostedLine:
    """An earlier line that was applied to a customer's invoices."""

    line_id: str
    customer_id: str
    booked_on: date
    amount_minor: int
    payer_account: str = ""
    end_to_end_id: str = ""


class Decision(StrEnum):
    """What happens with a line: done, shown to a person with a proposal, or left in suspense."""

    APPLIED = "applied"
    SUGGESTED = "suggested"
    UNMATCHED = "unmatched"


class Purpose(StrEnum):
    """What the money is."""

    CUSTOMER_PAYMENT = "customer_payment"
    PAYOUT = "payout"
    RETURN = "return"
    BANK_CHARGE = "bank_charge"
    OUTGOING = "outgoing"


@dataclass(frozen=True, slots=True)
class Allocation:
    """What an invoice gets, in minor units.

    Attributes:
        amount_minor: of the money that came in.
        discount_minor: of early-payment discount that the payer took and may take.
        fee_minor: that a bank on the way kept; written off by policy.
    """

    invoice_id: str
    number: str
    amount_minor: int
    discount_minor: int = 0
    fee_minor: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """One way to understand a line.

    Attributes:
        unapplied_minor: what no invoice takes: credit of the customer.
        confidence_permille: the chance that it is right, fitted on lines with known answers.
        reasons: plain sentences for a person.
    """

    customer_id: str
    customer_name: str
    allocations: tuple[Allocation, ...]
    unapplied_minor: int
    confidence_permille: int
    reasons: tuple[str, ...]
    customer_number: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """What to do with a line.

    Attributes:
        proposal: the best one, None when there is none or when the money is no customer's payment.
        others: further proposals, best first, for the worklist.
        reasons: why this decision; a proposal has its own beside.
        about: what the line settles or undoes when it is not a payment: a payout's id, an earlier line's id.
    """

    line_id: str
    decision: Decision
    purpose: Purpose
    proposal: Proposal | None = None
    others: tuple[Proposal, ...] = ()
    reasons: tuple[str, ...] = ()
    about: str = ""
