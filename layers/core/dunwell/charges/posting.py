"""Posting fees and interest exactly once, and correcting them when facts arrive late."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from dunwell.charges.accrual import METHOD, automatic, implied_charges
from dunwell.charges.policy import ChargePolicy
from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import posted

CORRECTION = "correction"


def charges_due(account: Account, policy: ChargePolicy, as_of: date, zone_name: str, at: datetime) -> Change:
    """The fees and interest that are due and not posted yet, and reversals of what late facts make too much.

    After the change the charges of an invoice add up to what its facts imply, except where somebody waived: what was
    waived is not charged again. Asked again, the change is empty.

    Args:
        as_of: the business date, counted with ``zone_name``, the creditor's zone.
        at: the instant of the posting, with a time zone.

    Raises:
        InvalidInputError: a reference rate is missing; says which.
    """
    if not policy.rules or account.customer.merged_into:
        return Change(account)
    slots = _slots(account, as_of)
    for entry in implied_charges(account, policy, as_of, zone_name):
        key = (entry.directed_to[0].invoice_id, entry.kind, entry.reference)
        slots.setdefault(key, _Slot()).implied = entry
    made = {entry.entry_id: entry for entry in _differences(account, slots)}
    after = Change(account, entries=made).applied() if made else account
    return Change(account, entries=made, events=tuple(posted(after, entry, at) for entry in made.values()))


_Key = tuple[str, EntryKind, str]


@dataclass(slots=True)
class _Slot:
    """One charge of one period: what the facts imply, and our entries for it, the first one first."""

    implied: Entry | None = None
    posted: list[Entry] = field(default_factory=list)
    reversals: dict[str, list[Entry]] = field(default_factory=dict)

    @property
    def on(self) -> date:
        found = self.implied or self.posted[0]
        return found.on

    @property
    def due_minor(self) -> int:
        """What is still to be charged; negative for too much. Waivers by others do not count."""
        taken_back = sum(entry.amount_minor for some in self.reversals.values() for entry in some)
        charged = sum(entry.amount_minor for entry in self.posted) - taken_back
        return (self.implied.amount_minor if self.implied else 0) - charged


def _slots(account: Account, as_of: date) -> dict[_Key, _Slot]:
    """Our entries up to a day, by invoice, kind and period; those of invoices that are to be left alone not."""
    own = [entry for i, entry in account.entries.items() if entry.method == METHOD and i not in account.moved]
    slots: dict[_Key, _Slot] = {}
    by_charge: dict[str, _Slot] = {}
    for entry in sorted(own, key=lambda one: (one.kind is EntryKind.REVERSAL, len(one.reference), one.reference)):
        if entry.kind is EntryKind.REVERSAL:
            if slot := by_charge.get(entry.of):
                slot.reversals.setdefault(entry.of, []).append(entry)
            continue
        invoice_id = entry.directed_to[0].invoice_id
        invoice = account.invoices.get(invoice_id)
        if entry.on > as_of or invoice is None or invoice.removed or invoice_id in account.moved:
            continue
        slot = slots.setdefault((invoice_id, entry.kind, entry.reference.partition("/")[0]), _Slot())
        slot.posted.append(entry)
        by_charge[entry.entry_id] = slot
    return slots


def _differences(account: Account, slots: dict[_Key, _Slot]) -> Iterator[Entry]:
    waived: dict[tuple[str, EntryKind], list[tuple[date, int]]] = {}
    for (invoice_id, kind, _), slot in slots.items():
        too_much = -slot.due_minor
        for entry in reversed(slot.posted):
            if too_much <= 0:
                break
            amount_minor = min(too_much, account.books.standing_minor(entry.entry_id))
            if amount_minor:
                too_much -= amount_minor
                yield _reversal(entry, amount_minor, len(slot.reversals.get(entry.entry_id, ())) + 1)
        if too_much > 0:
            waived.setdefault((invoice_id, kind), []).append((slot.on, too_much))
    for (invoice_id, kind, _), slot in slots.items():
        forgiven = waived.get((invoice_id, kind), [])
        due_minor = slot.due_minor - sum(amount for on, amount in forgiven if slot.on <= on)
        if slot.implied and due_minor > 0:
            yield _charge(account, slot.implied, due_minor, len(slot.posted) + 1)


def _charge(account: Account, implied: Entry, amount_minor: int, number: int) -> Entry:
    key = implied.reference if number == 1 else f"{implied.reference}/{number}"
    invoice = account.invoices[implied.directed_to[0].invoice_id]
    return automatic(implied.kind, invoice, key, amount_minor, implied.on, implied.reason)


def _reversal(entry: Entry, amount_minor: int, number: int) -> Entry:
    """Takes effect with the charge itself: the ledger then is as if the right amount had been charged."""
    reference = f"{entry.entry_id}#{CORRECTION}{number}"
    return Entry(
        entry_id=stable_id("rev", METHOD, reference),
        kind=EntryKind.REVERSAL,
        currency=entry.currency,
        amount_minor=amount_minor,
        on=entry.on,
        at=entry.at,
        method=METHOD,
        reference=reference,
        of=entry.entry_id,
        reason=CORRECTION,
    )
