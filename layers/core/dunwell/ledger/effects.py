"""What each fact of an account does to its books."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from dunwell.ledger.allocating import Allocator, less
from dunwell.ledger.books import Allocation, Books, Credit, Debt, Part
from dunwell.ledger.entry import CHARGES, CREDITS, Entry, EntryKind

if TYPE_CHECKING:
    from dunwell.ledger.model import Invoice

_CHARGED = {EntryKind.INTEREST: Part.INTEREST, EntryKind.FEE: Part.FEES, EntryKind.DEBIT_NOTE: Part.PRINCIPAL}
_PRINCIPAL = Part.PRINCIPAL


class Effects:
    """The running state: takes one fact after the other. ``money`` moves what they free and bring."""

    def __init__(
        self, books: Books, entries: Mapping[str, Entry], part_order: Sequence[Part], gone: Collection[str]
    ) -> None:
        self.money = Allocator(books, part_order, gone)
        self._debts, self._credits, self._standing = books.debts, books.credits, books.standing
        self._entries = entries
        self._part_order = part_order
        self._contested: set[str] = set()
        self._written_off: dict[str, list[Allocation]] = {}

    def take(self, fact: "Invoice | Entry", on: date) -> None:
        self.money.on = on
        if not isinstance(fact, Entry):
            self._issue(fact)
        elif fact.kind in CREDITS:
            self._credit(fact)
        elif fact.kind in CHARGES:
            self._charge(fact, fact.amount_minor)
        elif fact.kind is EntryKind.WRITE_OFF:
            self._write_off(fact, fact.amount_minor)
        elif fact.kind is EntryKind.REVERSAL:
            self._reverse(fact)
        else:
            self._dispute(fact)

    # --- what each fact does ---

    def _issue(self, invoice: "Invoice") -> None:
        debt = Debt(invoice, [0, 0, invoice.amount_minor, 0], invoice.amount_minor)
        self._debts[invoice.invoice_id] = debt
        self.money.issue(debt)

    def _credit(self, entry: Entry) -> None:
        is_statement = entry.kind is EntryKind.SETTLEMENT
        amount_minor = 0 if is_statement else entry.amount_minor
        credit = Credit(entry, len(self._credits), amount_minor, amount_minor)
        self._credits[entry.entry_id] = credit
        if is_statement:
            self._state(credit)
        else:
            self.money.direct(credit)

    def _state(self, credit: Credit, most_minor: int | None = None) -> None:
        """Bring an invoice's principal down to what its source says is left; a source knows nothing of our charges."""
        debt = self._debt_of(credit.entry)
        if debt is None:
            return
        taken = debt.owed[_PRINCIPAL] - credit.entry.left_minor
        if most_minor is not None:
            taken = min(taken, most_minor)
        if taken > 0:
            credit.live += taken
            credit.left += taken
            self.money.settle(credit, debt, taken)

    def _charge(self, entry: Entry, amount_minor: int) -> None:
        debt = self._debt_of(entry)
        if debt is None:
            return
        self._standing[entry.entry_id] = self._standing.get(entry.entry_id, 0) + amount_minor
        debt.billed += amount_minor
        self.money.owe_again(debt, _CHARGED[entry.kind], amount_minor)

    def _write_off(self, entry: Entry, amount_minor: int) -> None:
        debt = self._debt_of(entry)
        if debt is None:
            return
        left, parts = amount_minor, []
        for part in self._part_order:
            amount = min(left, debt.owed[part])
            left -= amount
            debt.owed[part] -= amount
            if amount:
                parts.append(Allocation(debt.invoice.invoice_id, part, amount))
        debt.owed[Part.RECOVERY] += amount_minor - left
        self.money.close(debt)
        self._written_off.setdefault(entry.entry_id, []).extend(parts)
        self._standing[entry.entry_id] = self._standing.get(entry.entry_id, 0) + amount_minor - left

    def _dispute(self, entry: Entry) -> None:
        """Begin a dispute, or end one that stands."""
        about = entry if entry.kind is EntryKind.DISPUTE else self._entries.get(entry.of)
        debt = self._debt_of(about) if about and about.currency == entry.currency else None
        if debt is None or about is None:
            return
        if about is entry:
            debt.disputed += about.amount_minor
            self._contested.add(about.entry_id)
        elif about.entry_id in self._contested:
            debt.disputed -= about.amount_minor
            self._contested.remove(about.entry_id)
        self.money.queue(debt)

    def _reverse(self, entry: Entry) -> None:
        about = self._entries.get(entry.of)
        if about and about.currency == entry.currency:
            self._standing[entry.entry_id] = self._undo(about, entry.amount_minor)

    def _undo(self, about: Entry, amount_minor: int) -> int:
        """Take back what an entry did, at most so much; how much it was."""
        if about.kind in CREDITS:
            return self._take_back(self._credits[about.entry_id], amount_minor)
        if about.kind in CHARGES:
            return self._waive(about, amount_minor)
        if about.kind is EntryKind.WRITE_OFF:
            return self._write_back(about, amount_minor)
        amount_minor = min(amount_minor, self._standing.get(about.entry_id, 0))
        undone = self._entries.get(about.of)
        if about.kind is not EntryKind.REVERSAL or undone is None or not amount_minor:
            return 0
        self._standing[about.entry_id] -= amount_minor
        self._redo(undone, amount_minor)
        return amount_minor

    def _take_back(self, credit: Credit, amount_minor: int) -> int:
        """Take money back out of a credit: first what no invoice took, then what it settled last."""
        if credit.entry.kind is EntryKind.SETTLEMENT and amount_minor >= credit.entry.amount_minor:
            amount_minor = credit.live  # the statement as a whole, which may have covered more than it is told for
        amount_minor = min(amount_minor, credit.live)
        credit.live -= amount_minor
        unapplied = min(amount_minor, credit.left)
        credit.left -= unapplied
        self.money.cut_kept(credit)
        left = amount_minor - unapplied
        while left:
            last = credit.taken.pop()
            undone = min(left, last.amount_minor)
            left -= undone
            credit.taken += less(last, undone)
            self.money.owe_again(self._debts[last.invoice_id], last.part, undone)
        return amount_minor

    def _waive(self, charge: Entry, amount_minor: int) -> int:
        """Take a charge off its invoice: what is owed of it, what was written off; what was paid is credit again."""
        debt = self._debt_of(charge)
        if debt is None:
            return 0
        part = _CHARGED[charge.kind]
        amount_minor = min(amount_minor, self._standing.get(charge.entry_id, 0))
        self._standing[charge.entry_id] = self._standing.get(charge.entry_id, 0) - amount_minor
        written_off = self._forget_write_off(debt, part, amount_minor - debt.owed[part])
        self.money.free(debt, part, amount_minor - written_off - debt.owed[part])
        debt.owed[part] -= amount_minor - written_off
        debt.billed -= amount_minor
        self.money.close(debt)
        return amount_minor

    def _forget_write_off(self, debt: Debt, part: Part, amount_minor: int) -> int:
        """Let at most so much of a part's write-offs be not owed at all, the last first; how much it was."""
        done = 0
        for write_off_id, parts in reversed(self._written_off.items()):
            for index in range(len(parts) - 1, -1, -1):
                one = parts[index]
                cut = min(one.amount_minor, amount_minor - done)
                if cut <= 0 or (one.invoice_id, one.part) != (debt.invoice.invoice_id, part):
                    continue
                parts[index : index + 1] = less(one, cut)
                self._standing[write_off_id] -= cut
                done += cut
        self.money.free(debt, Part.RECOVERY, done - debt.owed[Part.RECOVERY])
        debt.owed[Part.RECOVERY] -= done
        return done

    def _write_back(self, write_off: Entry, amount_minor: int) -> int:
        """Reopen what was written off; a recovery of it becomes an ordinary payment."""
        debt = self._debt_of(write_off)
        parts = self._written_off.get(write_off.entry_id, [])
        if debt is None:
            return 0
        left = done = min(amount_minor, sum(part.amount_minor for part in parts))
        self._standing[write_off.entry_id] = self._standing.get(write_off.entry_id, 0) - done
        payers = self.money.free(debt, Part.RECOVERY, left - debt.owed[Part.RECOVERY])
        while left:
            last = parts.pop()
            undone = min(left, last.amount_minor)
            left -= undone
            parts += less(last, undone)
            debt.owed[Part.RECOVERY] -= undone
            self.money.owe_again(debt, last.part, undone)
        for credit in payers:
            self.money.direct(credit)
        return done

    def _redo(self, about: Entry, amount_minor: int) -> None:
        """Let what was undone stand again: an entry's effect, or a reversal's."""
        if about.kind is EntryKind.SETTLEMENT:
            self._state(self._credits[about.entry_id], amount_minor)
        elif about.kind in CREDITS:
            credit = self._credits[about.entry_id]
            credit.live += amount_minor
            credit.left += amount_minor
            self.money.direct(credit)
        elif about.kind in CHARGES:
            self._charge(about, amount_minor)
        elif about.kind is EntryKind.WRITE_OFF:
            self._write_off(about, amount_minor)
        else:
            self._standing[about.entry_id] += self._undo(self._entries[about.of], amount_minor)

    def _debt_of(self, entry: Entry) -> Debt | None:
        """The invoice that a charge, write-off or dispute is on, when both are known and in one currency."""
        debt = self._debts.get(entry.directed_to[0].invoice_id) if entry.directed_to else None
        return debt if debt and debt.invoice.currency == entry.currency else None
