"""Facts that change accounts: customers who are one, a customer who is two, and money whose owner is found.

Every function gives two changes that a store commits together (``ledger.commit(change, other)``). No money appears or
vanishes: what leaves one account enters the other on the same day of value.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from dunwell.accounts.merging import customers_merged, merge_customers, split_customer
from dunwell.accounts.model import Customer
from dunwell.errors import InvalidInputError, NotFoundError, RefusedError
from dunwell.events import CUSTOMER_SPLIT, Event
from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.entry import CREDITS, OF_AN_INVOICE, Direction, Entry, EntryKind
from dunwell.ledger.model import Account, Invoice
from dunwell.ledger.moving_agreements import parted_agreements, with_agreements
from dunwell.ledger.posting import posted

TRANSFER = "transfer"
"""Method and reason of the two entries that move money between accounts."""


def merge(kept: Account, absorbed: Account, at: datetime, who: str) -> tuple[Change, Change]:
    """Make two customers one: every fact of the absorbed one is on the kept account afterwards, under the same ids.

    The absorbed account keeps its facts without effect; loading it leads to the kept one. Empty changes when
    that was done before.

    Args:
        at: the instant, with a time zone; who: the agent or process that decided it.

    Raises:
        InvalidInputError, RefusedError: see ``merge_customers``.
    """
    if kept.customer.customer_id in (absorbed.customer.customer_id, absorbed.customer.merged_into):
        return Change(kept), Change(absorbed)
    merged, gone = merge_customers(kept.customer, absorbed.customer, at, who)
    ours = kept.customer.customer_id
    here_before = {fact for fact, now_at in absorbed.moved.items() if now_at == ours}
    markers = {i for i, entry in absorbed.entries.items() if entry.kind is EntryKind.MOVED and entry.of in here_before}
    left_out = here_before | markers
    returned = [fact for fact in kept.moved if fact in absorbed.invoices or fact in absorbed.entries]
    invoices = {i: one for i, one in absorbed.invoices.items() if i not in left_out and kept.invoices.get(i) != one}
    entries = {i: one for i, one in absorbed.entries.items() if i not in left_out and i not in kept.entries}
    back = {one.entry_id: one for one in _returns(kept, returned, at) if one.of not in entries}
    figures = tuple(one for one in absorbed.figures if one not in kept.figures)
    event = customers_merged(merged, absorbed.customer, at)
    change = Change(kept, merged, invoices, {**entries, **back}, (event,), figures)
    return with_agreements(change, absorbed), Change(absorbed, gone)


def _returns(account: Account, facts: Iterable[str], at: datetime) -> Iterator[Entry]:
    """What undoes the markers of facts that come back."""
    returning = set(facts)
    undone = {entry.of for entry in account.entries.values() if entry.kind is EntryKind.REVERSAL}
    for i, marker in account.entries.items():
        if marker.kind is EntryKind.MOVED and marker.of in returning and i not in undone:
            yield Entry(
                entry_id=stable_id("rev", "returned", i),
                kind=EntryKind.REVERSAL,
                currency=marker.currency,
                amount_minor=0,
                on=at.date(),
                at=at,
                method="merge",
                reference=i,
                of=i,
                reason="returned",
            )


def split(
    account: Account, invoice_ids: Iterable[str], new_number: str, at: datetime, who: str, other: Account | None = None
) -> tuple[Change, Change]:
    """Move invoices, with all that happened to them, to the account of a second customer.

    A payment that settled moved invoices only moves with them; of one that settled invoices on both sides the part on
    the moved ones is transferred. Unapplied credit stays. Again for the same invoices changes nothing.

    Args:
        new_number: the second customer's own number. other: their account as it is stored; None when there is none.
        at, who: see ``merge``.

    Raises:
        NotFoundError: an invoice is not on the account. InvalidInputError, RefusedError: see ``split_customer``.
    """
    first, second = split_customer(account.customer, new_number, at, who)
    to = other or Account(second, part_order=account.part_order)
    if to.customer.customer_id != second.customer_id:
        raise InvalidInputError("the other account is of another customer than the number says", field="other")
    if to.customer.merged_into:
        raise RefusedError(f"the second customer is part of {to.customer.merged_into}: choose another number")
    wanted = set(invoice_ids)
    if unknown := wanted - set(account.invoices):
        raise NotFoundError(f"{len(unknown)} of the invoices are not on the account")
    leaving = {i: account.invoices[i] for i in sorted(wanted) if i not in account.moved}
    if not leaving:
        return Change(account), Change(to)
    parted, joining = parted_agreements(account, leaving, at, who)
    account = parted.applied() if parted.entries else account
    moving = _moving_entries(account, leaving)
    outgoing, incoming = _shares(account, to.customer, leaving, moving, at)
    facts: dict[str, Invoice | Entry] = {**leaving, **moving}
    markers = {one.entry_id: one for one in _markers(account, facts, to.customer, at)}
    back = {one.entry_id: one for one in _returns(to, facts, at)}
    out = Change(
        account,
        first if first != account.customer else None,
        {},
        {**markers, **outgoing},
        (_split_event(account.customer, to.customer, leaving, at),),
    )
    return parted.then(out), Change(to, None, leaving, {**moving, **incoming, **back}, agreements=joining)


def _moving_entries(account: Account, leaving: Mapping[str, Invoice]) -> dict[str, Entry]:
    """The entries that are about the leaving invoices alone, and what is about those entries."""
    moving = {i for i, entry in account.entries.items() if _goes(account, entry, leaving)} - account.moved.keys()
    settled = {account.entries[i].of for i in moving if account.entries[i].kind is EntryKind.PAYMENT}
    moving |= {i for i in settled if i in account.entries}
    while more := {i for i, e in account.entries.items() if e.of in moving and i not in moving and _follows(e)}:
        moving |= more
    return {i: account.entries[i] for i in account.entries if i in moving}


def _follows(entry: Entry) -> bool:
    return entry.kind in (EntryKind.REVERSAL, EntryKind.DISPUTE_END, EntryKind.FAILURE)


def _goes(account: Account, entry: Entry, leaving: Mapping[str, Invoice]) -> bool:
    named = {direction.invoice_id for direction in entry.directed_to}
    if entry.kind in OF_AN_INVOICE:
        return bool(named) and named <= leaving.keys()
    if entry.kind not in CREDITS or not named <= leaving.keys() or account.books.unapplied_minor(entry.entry_id):
        return False
    settled = {allocation.invoice_id for allocation in account.allocations(entry.entry_id)}
    return bool(settled) and settled <= leaving.keys()


def _shares(
    account: Account, to: Customer, leaving: Mapping[str, Invoice], moving: Mapping[str, Entry], at: datetime
) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """Of the credits that stay, the parts on leaving invoices: the reversals here, and the credits there."""
    outgoing: dict[str, Entry] = {}
    incoming: dict[str, Entry] = {}
    for entry_id, entry in account.entries.items():
        if entry.kind not in CREDITS or entry_id in moving or entry_id in account.moved:
            continue
        parts: dict[str, int] = {}
        for one in account.allocations(entry_id):
            if one.invoice_id in leaving:
                parts[one.invoice_id] = parts.get(one.invoice_id, 0) + one.amount_minor
        if parts:
            directions = tuple(Direction(*part) for part in parts.items())
            out, into = _transferred(
                account, entry, sum(parts.values()), to.customer_id, directions, at, "+".join(parts)
            )
            outgoing[out.entry_id], incoming[into.entry_id] = out, into
    return outgoing, incoming


def _transferred(
    account: Account,
    entry: Entry,
    amount_minor: int,
    to_customer_id: str,
    directed_to: tuple[Direction, ...],
    at: datetime,
    key: str,
) -> tuple[Entry, Entry]:
    """The reversal that takes money of an entry away, and the same kind of entry on the other account.

    Both stand on the entry's own day: whoever paid, paid then. Only where something of the entry was reversed before,
    the money leaves after that, for it may have been away and come back in between.
    """
    reversed_on = [one.on for one in account.entries.values() if one.of == entry.entry_id and one.reason != TRANSFER]
    on, instant = (max(at.date(), *reversed_on), at) if reversed_on else (entry.on, entry.at)
    reversal_id = stable_id("rev", TRANSFER, entry.entry_id, to_customer_id, key)
    out = Entry(
        entry_id=reversal_id,
        kind=EntryKind.REVERSAL,
        currency=entry.currency,
        amount_minor=amount_minor,
        on=on,
        at=instant,
        method=TRANSFER,
        reference=to_customer_id,
        of=entry.entry_id,
        reason=TRANSFER,
    )
    is_note = entry.kind is EntryKind.CREDIT_NOTE
    into = Entry(
        entry_id=stable_id("crn" if is_note else "pay", to_customer_id, TRANSFER, reversal_id),
        kind=EntryKind.CREDIT_NOTE if is_note else EntryKind.PAYMENT,
        currency=entry.currency,
        amount_minor=amount_minor,
        on=entry.on,
        at=entry.at,
        method=TRANSFER,
        reference=reversal_id,
        directed_to=directed_to,
        reason=entry.reason,
    )
    return out, into


def _markers(account: Account, facts: Mapping[str, Invoice | Entry], to: Customer, at: datetime) -> Iterator[Entry]:
    """What says that facts are of another account now."""
    before: dict[str, int] = {}
    for entry in account.entries.values():
        if entry.kind is EntryKind.MOVED:
            before[entry.of] = before.get(entry.of, 0) + 1
    for fact_id, fact in facts.items():
        yield Entry(
            entry_id=stable_id("mov", fact_id, to.customer_id, str(before.get(fact_id, 0))),
            kind=EntryKind.MOVED,
            currency=fact.currency,
            amount_minor=0,
            on=at.date(),
            at=at,
            method="split",
            reference=to.customer_id,
            of=fact_id,
        )


def _split_event(customer: Customer, to: Customer, leaving: Mapping[str, Invoice], at: datetime) -> Event:
    return Event(
        event_id=stable_id("evt", CUSTOMER_SPLIT, customer.customer_id, to.customer_id, *leaving),
        name=CUSTOMER_SPLIT,
        customer_id=customer.customer_id,
        occurred_at=at,
        data={"new_customer_id": to.customer_id, "invoices": len(leaving)},
    )


def transfer(
    suspense: Account,
    entry_id: str,
    amount_minor: int,
    to: Account,
    directed_to: Sequence[Direction] = (),
    *,
    at: datetime,
    key: str = "",
) -> tuple[Change, Change]:
    """Move unapplied money from one account, such as suspense, to another one.

    Args:
        entry_id: the payment or credit note whose money it is; at most what no invoice took of it.
        directed_to: the invoices of ``to`` that it is for.
        at: the instant of the decision. The money has the value date on which it came.
        key: tells several transfers from one entry to one customer apart. The same key again changes nothing.

    Raises:
        NotFoundError: no such payment or credit note on the account.
        InvalidInputError: not positive, more than is unapplied, to the same account, or known under this key with
            another amount.
        RefusedError: the other customer is part of a third one.
    """
    entry = suspense.entries.get(entry_id)
    if entry is None or entry.kind not in CREDITS or entry_id in suspense.moved or suspense.customer.merged_into:
        raise NotFoundError("this payment is not on the account")
    to_id = to.customer.customer_id
    if to_id == suspense.customer.customer_id:
        raise InvalidInputError("choose another account than the one where the money is", field="to")
    if to.customer.merged_into:
        raise RefusedError(f"this customer is part of {to.customer.merged_into}: transfer to that one")
    out, into = _transferred(suspense, entry, amount_minor, to_id, tuple(directed_to), at, key)
    if known := suspense.entries.get(out.entry_id):
        if known.amount_minor != amount_minor:
            raise InvalidInputError("this transfer was made with another amount: give it another key", field="amount")
        return Change(suspense), Change(to)
    if not 0 < amount_minor <= suspense.books.unapplied_minor(entry_id):
        raise InvalidInputError("no more can be transferred than is unapplied", field="amount")
    return _with_event(suspense, out, at), _with_event(to, into, at)


def handing_on_id(customer_id: str, method: str, reference: str) -> str:
    """The id of the reversal that takes a whole payment off an account for another one: see ``handed_on``."""
    return stable_id("rev", customer_id, method, f"{reference}#{TRANSFER}")


def handed_on(account: Account, method: str, reference: str) -> str:
    """To which customer a payment was given on as a whole, with what had gone back of it; empty when it was not."""
    entry = account.entries.get(handing_on_id(account.customer.customer_id, method, reference))
    return entry.reference if entry else ""


def _with_event(account: Account, entry: Entry, at: datetime) -> Change:
    change = Change(account, entries={entry.entry_id: entry})
    return Change(account, entries=change.entries, events=(posted(change.applied(), entry, at),))
