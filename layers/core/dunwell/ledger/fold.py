"""Balances from facts: a pure function of the set of invoices and entries.

Facts take effect in the order they happened (value date, instant, kind, id), whatever the order they arrived in, so the
same facts always make the same ledger; a fact about another one that is not known yet waits without effect.

Order of allocation (rule PAY-ORDER): the payer's direction first, then what is not disputed, oldest due first; within
an invoice interest, fees, principal. What remains is unapplied credit, and flows on to the next invoice by itself.
Money directed at an invoice that is not issued yet is kept for it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from heapq import heappop, heappush
from operator import itemgetter
from typing import TYPE_CHECKING

from dunwell.ledger.books import Allocation, Books, Credit, Debt, Part
from dunwell.ledger.entry import CHARGES, CREDITS, Direction, Entry, EntryKind
from dunwell.ledger.order import DAWN, RANK, Place, place_of

if TYPE_CHECKING:
    from dunwell.ledger.model import Invoice


_CHARGED = {EntryKind.INTEREST: Part.INTEREST, EntryKind.FEE: Part.FEES, EntryKind.DEBIT_NOTE: Part.PRINCIPAL}
PART_ORDER = (Part.INTEREST, Part.FEES, Part.PRINCIPAL)
"""The default of rule PAY-ORDER; contracts and statutes differ."""
_CREDITED = (Part.PRINCIPAL, Part.FEES, Part.INTEREST)
_PRINCIPAL = Part.PRINCIPAL
_FIRST_CREDIT = RANK[EntryKind.CREDIT_NOTE]


def fold(
    invoices: Mapping[str, "Invoice"], entries: Mapping[str, Entry], part_order: Sequence[Part] = PART_ORDER
) -> Books:
    """All balances of an account."""
    replay = Replay(invoices, entries, part_order)
    replay.through(date.max)
    return replay.books


class Replay:
    """The facts in the order in which they happened, taken as far as is asked; ``books`` are the balances so far."""

    def __init__(
        self,
        invoices: Mapping[str, "Invoice"],
        entries: Mapping[str, Entry],
        part_order: Sequence[Part] = PART_ORDER,
        leave_out: Collection[str] = (),
    ) -> None:
        """Args: leave_out: ids of entries that are not taken, as if they had not happened."""
        self.books = Books()
        gone = {*moved_facts(entries), *leave_out}
        self._entries = {i: entry for i, entry in entries.items() if i not in gone} if gone else dict(entries)
        facts: list[tuple[Place, Invoice | Entry]] = [
            ((invoice.issued_on, DAWN, 0, 0, 0, i), invoice) for i, invoice in invoices.items() if i not in gone
        ]
        facts += [
            (place_of(invoices, entries, entry), entry)
            for i, entry in entries.items()
            if entry.kind in RANK and i not in gone
        ]
        facts.sort(key=itemgetter(0), reverse=True)
        self._ahead = facts
        self._run = _Fold(self.books, self._entries, part_order, gone)
        self._before: Place | None = None

    @property
    def next_on(self) -> date | None:
        """The day of the next fact; None after the last."""
        return self._ahead[-1][0][0] if self._ahead else None

    @property
    def next_fact(self) -> "Invoice | Entry | None":
        """The next fact; None after the last."""
        return self._ahead[-1][1] if self._ahead else None

    @property
    def days(self) -> set[date]:
        """The days of the facts that are not taken yet."""
        return {place[0] for place, _ in self._ahead}

    def step(self) -> "Invoice | Entry":
        """Take the next fact, and say which it was. Raises IndexError after the last."""
        run, before = self._run, self._before
        place, fact = self._ahead.pop()
        # What is billed and contested at one moment is known before any credit of that moment flows.
        if run.stirred and (place[3] >= _FIRST_CREDIT or before is None or place[:2] != before[:2]):
            run.flow()
        run.take(fact, place[0])
        self._before = place
        return fact

    def through(self, on: date, before: datetime | None = None) -> None:
        """Take every fact up to a day, that day included: all of it, or what is before an instant."""
        ahead = self._ahead
        while ahead and ahead[-1][0][0] <= on and not (before and ahead[-1][0][:2] >= (on, before)):
            self.step()
        self._run.flow()

    def add(self, entry: Entry) -> None:
        """Take an entry that is not among the facts, as the latest of what has happened so far."""
        self._entries[entry.entry_id] = entry
        self._run.take(entry, entry.on)
        self._run.flow()


def moved_facts(entries: Mapping[str, Entry]) -> dict[str, str]:
    """Ids of the invoices and entries that belong to another account now, and to which; not those that came back."""
    moved = [(i, entry) for i, entry in entries.items() if entry.kind is EntryKind.MOVED]
    if not moved:
        return {}
    back = {entry.of for entry in entries.values() if entry.kind is EntryKind.REVERSAL}
    return {entry.of: entry.reference for i, entry in moved if i not in back}


class _Fold:
    """The running state: takes one fact after the other."""

    def __init__(
        self, books: Books, entries: Mapping[str, Entry], part_order: Sequence[Part], gone: Collection[str]
    ) -> None:
        self._debts, self._credits, self._standing = books.debts, books.credits, books.standing
        self._entries = entries
        self._part_order = part_order
        self._money_order, self._other_order = (*part_order, Part.RECOVERY), (*_CREDITED, Part.RECOVERY)
        self._gone = gone
        self._on = date.min
        self.stirred: set[str] = set()
        self._contested: set[str] = set()
        self._written_off: dict[str, list[Allocation]] = {}
        self._queues: dict[str, list[tuple[date, str, str]]] = {}
        self._with_credit: dict[str, list[tuple[int, str]]] = {}
        self._kept_for: dict[str, dict[str, Credit]] = {}

    def take(self, fact: "Invoice | Entry", on: date) -> None:
        self._on = on
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

    def flow(self) -> None:
        """Let unapplied credit find invoices, where something changed since the last time."""
        while self.stirred:
            self._flow(self.stirred.pop())

    # --- what each fact does ---

    def _issue(self, invoice: "Invoice") -> None:
        debt = Debt(invoice, [0, 0, invoice.amount_minor, 0], invoice.amount_minor)
        self._debts[invoice.invoice_id] = debt
        if self._kept_for:
            for credit in self._kept_for.pop(invoice.invoice_id, {}).values():
                amount = credit.kept.pop(invoice.invoice_id, 0)
                self._settle(credit, debt, amount)
                self._offer(credit)
        self._queue(debt)

    def _credit(self, entry: Entry) -> None:
        is_statement = entry.kind is EntryKind.SETTLEMENT
        amount_minor = 0 if is_statement else entry.amount_minor
        credit = Credit(entry, len(self._credits), amount_minor, amount_minor)
        self._credits[entry.entry_id] = credit
        if is_statement:
            self._state(credit)
        else:
            self._direct(credit)

    def _state(self, credit: Credit, most_minor: int | None = None) -> None:
        """Bring an invoice's principal down to what its source says is left; a source knows nothing of our charges."""
        debt = self._debt_of(credit.entry)
        taken = debt.owed[_PRINCIPAL] - credit.entry.left_minor if debt else 0
        taken = taken if most_minor is None else min(taken, most_minor)
        if debt and taken > 0:
            credit.live += taken
            credit.left += taken
            self._settle(credit, debt, taken)

    def _charge(self, entry: Entry, amount_minor: int) -> None:
        debt = self._debt_of(entry)
        if debt is None:
            return
        self._standing[entry.entry_id] = self._standing.get(entry.entry_id, 0) + amount_minor
        debt.billed += amount_minor
        self._owe_again(debt, _CHARGED[entry.kind], amount_minor)

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
        self._close(debt)
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
        self._queue(debt)

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
        self._cut_kept(credit)
        left = amount_minor - unapplied
        while left:
            last = credit.taken.pop()
            undone = min(left, last.amount_minor)
            left -= undone
            credit.taken += _less(last, undone)
            self._owe_again(self._debts[last.invoice_id], last.part, undone)
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
        self._free(debt, part, amount_minor - written_off - debt.owed[part])
        debt.owed[part] -= amount_minor - written_off
        debt.billed -= amount_minor
        self._close(debt)
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
                parts[index : index + 1] = _less(one, cut)
                self._standing[write_off_id] -= cut
                done += cut
        self._free(debt, Part.RECOVERY, done - debt.owed[Part.RECOVERY])
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
        payers = self._free(debt, Part.RECOVERY, left - debt.owed[Part.RECOVERY])
        while left:
            last = parts.pop()
            undone = min(left, last.amount_minor)
            left -= undone
            parts += _less(last, undone)
            debt.owed[Part.RECOVERY] -= undone
            self._owe_again(debt, last.part, undone)
        for credit in payers:
            self._direct(credit)
        return done

    def _redo(self, about: Entry, amount_minor: int) -> None:
        """Let what was undone stand again: an entry's effect, or a reversal's."""
        if about.kind is EntryKind.SETTLEMENT:
            self._state(self._credits[about.entry_id], amount_minor)
        elif about.kind in CREDITS:
            credit = self._credits[about.entry_id]
            credit.live += amount_minor
            credit.left += amount_minor
            self._direct(credit)
        elif about.kind in CHARGES:
            self._charge(about, amount_minor)
        elif about.kind is EntryKind.WRITE_OFF:
            self._write_off(about, amount_minor)
        else:
            self._standing[about.entry_id] += self._undo(self._entries[about.of], amount_minor)

    # --- money and invoices ---

    def _direct(self, credit: Credit) -> None:
        """Give a credit to the invoices it is for; keep what is for invoices to come."""
        used = _by_invoice(credit.taken)
        for invoice_id, amount_minor in _by_invoice(credit.entry.directed_to).items():
            debt = self._debts.get(invoice_id)
            wanted = min(amount_minor - used.get(invoice_id, 0), credit.free)
            if wanted <= 0 or invoice_id in self._gone:
                continue
            if debt is None:
                credit.kept[invoice_id] = wanted
                self._kept_for.setdefault(invoice_id, {})[credit.entry.entry_id] = credit
            else:
                gave_way = self._give_way(credit, debt, wanted - debt.open_minor)
                self._settle(credit, debt, wanted)
                for statement in gave_way:  # what it still covers is what the payment left: it is the last payer now
                    debt.payers[statement.entry.entry_id] = debt.payers.pop(statement.entry.entry_id)
        self._offer(credit)

    def _give_way(self, credit: Credit, debt: Debt, amount_minor: int) -> list[Credit]:
        """Money that names an invoice is the money of which its source spoke: statements yield, the last first.

        Returns:
            Those that yielded, oldest first; the invoice owes that much again until the payment takes it.
        """
        is_money = credit.entry.kind is EntryKind.PAYMENT and credit.entry.currency == debt.invoice.currency
        gave_way: list[Credit] = []
        for statement in reversed(list(debt.payers.values())):
            if not is_money or amount_minor <= 0:
                break
            cut = min(amount_minor, statement.live) if statement.entry.kind is EntryKind.SETTLEMENT else 0
            if cut:
                amount_minor -= cut
                statement.live -= cut
                credit.took_over += cut
                statement.taken = _cut(statement.taken, cut)
                debt.owed[Part.PRINCIPAL] += cut
                gave_way.insert(0, statement)
        return gave_way

    def _settle(self, credit: Credit, debt: Debt, amount_minor: int) -> None:
        """Apply at most so much of a credit to an invoice, by part; what was written off comes last."""
        if debt.invoice.currency != credit.entry.currency:
            return
        owed = debt.owed
        for part in self._money_order if credit.entry.kind is EntryKind.PAYMENT else self._other_order:
            if amount_minor <= 0:
                break
            due = owed[part]
            if due <= 0:
                continue
            amount = due if due < amount_minor else amount_minor
            amount_minor -= amount
            owed[part] -= amount
            credit.left -= amount
            credit.taken.append(Allocation(debt.invoice.invoice_id, part, amount))
            debt.payers[credit.entry.entry_id] = credit
        self._close(debt)

    def _flow(self, currency: str) -> None:
        """Unapplied credit, oldest first, to undisputed invoices, oldest due first."""
        credits = self._with_credit.get(currency)
        queue = self._queues.get(currency)
        while credits and queue:
            credit = self._credits[credits[0][1]]
            if credit.free <= 0:
                heappop(credits)
                continue
            debt = self._debts[queue[0][2]]
            if debt.free_minor <= 0:
                heappop(queue)
                continue
            self._settle_open(credit, debt, min(credit.free, debt.free_minor))

    def _settle_open(self, credit: Credit, debt: Debt, amount_minor: int) -> None:
        written_off, debt.owed[Part.RECOVERY] = debt.owed[Part.RECOVERY], 0
        self._settle(credit, debt, amount_minor)
        debt.owed[Part.RECOVERY] = written_off

    def _free(self, debt: Debt, part: Part, amount_minor: int) -> list[Credit]:
        """Turn so much of what was paid on a part back into credit, the last payer's first; those payers.

        A statement is no money: of it no credit comes, it only covers less.
        """
        freed: list[Credit] = []
        for credit in reversed(list(debt.payers.values())):
            for index in range(len(credit.taken) - 1, -1, -1):
                taken = credit.taken[index]
                if amount_minor <= 0:
                    return freed
                if (taken.invoice_id, taken.part) != (debt.invoice.invoice_id, part):
                    continue
                undone = min(amount_minor, taken.amount_minor)
                amount_minor -= undone
                credit.taken[index : index + 1] = _less(taken, undone)
                debt.owed[part] += undone
                if credit.entry.kind is EntryKind.SETTLEMENT:
                    credit.live -= undone
                    continue
                credit.left += undone
                self._offer(credit)
                freed.append(credit)
        return freed

    def _owe_again(self, debt: Debt, part: Part, amount_minor: int) -> None:
        debt.owed[part] += amount_minor
        debt.closed_on = None
        self._queue(debt)

    def _close(self, debt: Debt) -> None:
        """Note the day on which nothing was owed any more, also nothing written off."""
        if not any(debt.owed) and debt.closed_on is None:
            debt.closed_on = self._on

    def _queue(self, debt: Debt) -> None:
        """Let undirected money find an invoice (again)."""
        invoice = debt.invoice
        if not invoice.removed and debt.open_minor > debt.disputed:
            queue = self._queues.setdefault(invoice.currency, [])
            heappush(queue, (invoice.due_on, invoice.number, invoice.invoice_id))
            if invoice.currency in self._with_credit:  # what is offered later stirs by itself
                self.stirred.add(invoice.currency)

    def _offer(self, credit: Credit) -> None:
        """Let a credit's free part find invoices."""
        if credit.free > 0:
            heappush(self._with_credit.setdefault(credit.entry.currency, []), (credit.order, credit.entry.entry_id))
            self.stirred.add(credit.entry.currency)

    def _cut_kept(self, credit: Credit) -> None:
        """What is kept for invoices to come never exceeds what is left."""
        for invoice_id in reversed(list(credit.kept)):
            over = sum(credit.kept.values()) - credit.left
            if over <= 0:
                return
            credit.kept[invoice_id] = max(0, credit.kept[invoice_id] - over)

    def _debt_of(self, entry: Entry) -> Debt | None:
        """The invoice that a charge, write-off or dispute is on, when both are known and in one currency."""
        debt = self._debts.get(entry.directed_to[0].invoice_id) if entry.directed_to else None
        return debt if debt and debt.invoice.currency == entry.currency else None


def _less(allocation: Allocation, amount_minor: int) -> list[Allocation]:
    """What is left of an allocation after some of it was taken: one, or none."""
    left = allocation.amount_minor - amount_minor
    return [Allocation(allocation.invoice_id, allocation.part, left)] if left else []


def _cut(taken: list[Allocation], amount_minor: int) -> list[Allocation]:
    """Allocations without so much of them, the last first."""
    kept = list(taken)
    while amount_minor:
        last = kept.pop()
        cut = min(amount_minor, last.amount_minor)
        amount_minor -= cut
        kept += _less(last, cut)
    return kept


def _by_invoice(parts: Iterable[Direction | Allocation]) -> dict[str, int]:
    """Amounts by invoice, in the order given (minor units)."""
    totals: dict[str, int] = {}
    for part in parts:
        totals[part.invoice_id] = totals.get(part.invoice_id, 0) + part.amount_minor
    return totals
