"""Corrections that somebody answers for: credit and debit notes, settlements for less, write-offs.

A write-off is not forgiveness: the debt stays owed, and money for it is a recovery. Forgiving is a credit note.
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from dunwell.errors import InvalidInputError, NotFoundError
from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.entry import OF_AN_INVOICE, Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import post


class WriteOffReason(StrEnum):
    """Why a balance is no longer shown as an asset."""

    UNCOLLECTIBLE = "uncollectible"
    INSOLVENCY = "insolvency"
    DECEASED = "deceased"
    TIME_BARRED = "time_barred"
    UNECONOMIC = "uneconomic"
    SMALL_BALANCE = "small_balance"


class CreditReason(StrEnum):
    """Why the customer owes less. The last two give up money that is owed."""

    RETURN = "return"
    PRICING_ERROR = "pricing_error"
    DISCOUNT = "discount"
    GOODWILL = "goodwill"
    SETTLEMENT = "settlement"
    FORGIVENESS = "forgiveness"


def write_off(
    account: Account,
    invoice_id: str,
    amount_minor: int,
    *,
    key: str,
    reason: WriteOffReason,
    authorised_by: str,
    on: date,
    at: datetime,
) -> Change:
    """Move what is open of an invoice, or a part of it, to the written-off balance, which is still owed.

    Args:
        key: names the write-off for good: the same key on the same invoice is the same entry.
        authorised_by: who answers for it, such as ``finance:jo``; kept with the entry as its method.

    Raises:
        InvalidInputError: nobody answers for it; more than is open. NotFoundError: no such invoice on the account.
    """
    entry = _on_invoice(account, EntryKind.WRITE_OFF, invoice_id, amount_minor, key, reason, authorised_by, on)
    return post(account, entry, at)


def debit_note(
    account: Account,
    invoice_id: str,
    amount_minor: int,
    *,
    key: str,
    reason: str,
    authorised_by: str,
    on: date,
    at: datetime,
) -> Change:
    """Raise what an invoice is of: it was billed too low.

    Args:
        reason: a code, such as ``pricing_error``; key, authorised_by: see ``write_off``.

    Raises:
        InvalidInputError: nobody answers for it. NotFoundError: no such invoice on the account.
    """
    return post(
        account,
        _on_invoice(account, EntryKind.DEBIT_NOTE, invoice_id, amount_minor, key, reason, authorised_by, on),
        at,
    )


def credit_note(
    account: Account,
    currency: str,
    directed_to: Iterable[Direction],
    amount_minor: int,
    *,
    key: str,
    reason: CreditReason,
    authorised_by: str,
    on: date,
    at: datetime,
) -> Change:
    """Lower what the customer owes without money: principal first. What no invoice takes is unapplied credit.

    Args:
        directed_to: the invoices that it is for; none is a credit on account.
        key: names the credit note for good, such as its number. authorised_by: see ``write_off``.

    Raises:
        InvalidInputError: nobody answers for it; more is given up than is open; a direction is of another currency.
        NotFoundError: a direction names an invoice that is not on the account.
    """
    _require_authority(authorised_by)
    directions = tuple(directed_to)
    for direction in directions:
        if account.invoices[_known(account, direction.invoice_id)].currency != currency:
            raise InvalidInputError("a credit note is for invoices of its own currency", field="currency")
    entry = Entry(
        entry_id=stable_id("crn", account.customer.customer_id, key),
        kind=EntryKind.CREDIT_NOTE,
        currency=currency,
        amount_minor=amount_minor,
        on=on,
        method=authorised_by,
        reference=key,
        directed_to=directions,
        reason=reason,
    )
    given_up = reason in (CreditReason.SETTLEMENT, CreditReason.FORGIVENESS)
    if given_up and entry.entry_id not in account.entries:
        owed = sum(account.open_minor(direction.invoice_id) for direction in directions)
        if amount_minor > owed:
            raise InvalidInputError("no more can be given up than is open", field="amount")
    return post(account, entry, at)


def settle_for_less(
    account: Account,
    invoice_ids: Iterable[str],
    *,
    key: str,
    authorised_by: str,
    on: date,
    at: datetime,
    reason: CreditReason = CreditReason.SETTLEMENT,
) -> Change:
    """Give up all that is still open of invoices of one currency, once what was agreed has been paid.

    Raises:
        InvalidInputError: nobody answers for it; the invoices are of several currencies or nothing is open.
        NotFoundError: an invoice is not on the account.
    """
    if stable_id("crn", account.customer.customer_id, key) in account.entries:
        return Change(account)
    wanted = {_known(account, invoice_id): account.open_minor(invoice_id) for invoice_id in invoice_ids}
    currencies = {account.invoices[invoice_id].currency for invoice_id in wanted}
    if len(currencies) != 1:
        raise InvalidInputError("settle the invoices of one currency at a time", field="invoice_ids")
    directions = [Direction(invoice_id, amount_minor) for invoice_id, amount_minor in wanted.items() if amount_minor]
    return credit_note(
        account,
        currencies.pop(),
        directions,
        sum(wanted.values()),
        key=key,
        reason=reason,
        authorised_by=authorised_by,
        on=on,
        at=at,
    )


def recovered(account: Account) -> dict[str, int]:
    """Money received for what had been written off, by currency (minor units): recoveries, not receivables."""
    totals: dict[str, int] = {}
    for entry_id, payment in account.payments.items():
        if amount_minor := account.books.recovered_minor(entry_id):
            totals[payment.currency] = totals.get(payment.currency, 0) + amount_minor
    return totals


def _on_invoice(
    account: Account,
    kind: EntryKind,
    invoice_id: str,
    amount_minor: int,
    key: str,
    reason: str,
    authorised_by: str,
    on: date,
) -> Entry:
    assert kind in OF_AN_INVOICE
    _require_authority(authorised_by)
    return Entry(
        entry_id=stable_id("ent", kind, _known(account, invoice_id), key),
        kind=kind,
        currency=account.invoices[invoice_id].currency,
        amount_minor=amount_minor,
        on=on,
        method=authorised_by,
        reference=key,
        directed_to=(Direction(invoice_id, amount_minor),),
        reason=reason,
    )


def _known(account: Account, invoice_id: str) -> str:
    if invoice_id not in account.invoices or invoice_id in account.moved:
        raise NotFoundError("this invoice is not on the account")
    return invoice_id


def _require_authority(authorised_by: str) -> None:
    if not authorised_by:
        raise InvalidInputError("say who authorised it", field="authorised_by")
