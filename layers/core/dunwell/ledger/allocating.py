"""Where the money of an account stands: which invoices a credit settles, part by part, and what it leaves again.

What names an invoice goes there; the rest flows, oldest credit first, to what is undisputed, oldest due first.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from heapq import heappop, heappush

from dunwell.ledger.books import Allocation, Books, Credit, Debt, Part
from dunwell.ledger.entry import Direction, EntryKind

_CREDITED = (Part.PRINCIPAL, Part.FEES, Part.INTEREST, Part.RECOVERY)
_PAYMENT = EntryKind.PAYMENT
Turn = tuple[date, str, str]
"""Whose turn it is among an account's invoices: the day it is due, number, id."""


class Allocator:
    """Moves credit between the credits and debts of the books.

    Attributes:
        on: the day of the fact that is being taken.
        stirred: currencies in which credit and invoices may find each other since the last ``flow``.
    """

    def __init__(self, books: Books, part_order: Sequence[Part], gone: Collection[str]) -> None:
        self.on = date.min
        self.stirred: set[str] = set()
        self._debts, self._credits = books.debts, books.credits
        self._money_order, self._other_order = (*part_order, Part.RECOVERY), _CREDITED
        self._gone = gone
        self._queues: dict[str, list[Turn]] = {}
        self._with_credit: dict[str, list[tuple[int, str]]] = {}
        self._kept_for: dict[str, dict[str, Credit]] = {}

    def issue(self, debt: Debt) -> None:
        """Give a new invoice the money that was kept for it, and let other money find it."""
        if self._kept_for:
            invoice_id = debt.invoice.invoice_id
            for credit in self._kept_for.pop(invoice_id, {}).values():
                amount = credit.kept.pop(invoice_id, 0)
                self.settle(credit, debt, amount)
                self.offer(credit)
        self.queue(debt)

    def flow(self) -> None:
        """Let unapplied credit find invoices, where something changed since the last time."""
        while self.stirred:
            self._flow_in(self.stirred.pop())

    def direct(self, credit: Credit) -> None:
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
                self.settle(credit, debt, wanted)
                for statement in gave_way:  # what it still covers is what the payment left: it is the last payer now
                    debt.payers[statement.entry.entry_id] = debt.payers.pop(statement.entry.entry_id)
        self.offer(credit)

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

    def settle(self, credit: Credit, debt: Debt, amount_minor: int) -> None:
        """Apply at most so much of a credit to an invoice, by part; what was written off comes last."""
        if debt.invoice.currency != credit.entry.currency:
            return
        owed = debt.owed
        for part in self._money_order if credit.entry.kind is _PAYMENT else self._other_order:
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
        self.close(debt)

    def _flow_in(self, currency: str) -> None:
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
            self.settle(credit, debt, min(credit.free, debt.free_minor))

    def free(self, debt: Debt, part: Part, amount_minor: int) -> list[Credit]:
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
                credit.taken[index : index + 1] = less(taken, undone)
                debt.owed[part] += undone
                if credit.entry.kind is EntryKind.SETTLEMENT:
                    credit.live -= undone
                    continue
                credit.left += undone
                self.offer(credit)
                freed.append(credit)
        return freed

    def owe_again(self, debt: Debt, part: Part, amount_minor: int) -> None:
        debt.owed[part] += amount_minor
        debt.closed_on = None
        self.queue(debt)

    def close(self, debt: Debt) -> None:
        """Note the day on which nothing was owed any more, also nothing written off."""
        if not any(debt.owed) and debt.closed_on is None:
            debt.closed_on = self.on

    def queue(self, debt: Debt) -> None:
        """Let undirected money find an invoice (again)."""
        queue = self._queues.get(debt.invoice.currency)
        if queue is not None and _is_payable(debt):  # without a queue no such money came yet
            heappush(queue, _turn(debt))
            self.stirred.add(debt.invoice.currency)

    def offer(self, credit: Credit) -> None:
        """Let a credit's free part find invoices."""
        if credit.free <= 0:
            return
        currency = credit.entry.currency
        if currency not in self._queues:
            debts = (debt for debt in self._debts.values() if debt.invoice.currency == currency)
            self._queues[currency] = sorted(_turn(debt) for debt in debts if _is_payable(debt))
        heappush(self._with_credit.setdefault(currency, []), (credit.order, credit.entry.entry_id))
        self.stirred.add(currency)

    def cut_kept(self, credit: Credit) -> None:
        """What is kept for invoices to come never exceeds what is left."""
        for invoice_id in reversed(list(credit.kept)):
            over = sum(credit.kept.values()) - credit.left
            if over <= 0:
                return
            credit.kept[invoice_id] = max(0, credit.kept[invoice_id] - over)


def _is_payable(debt: Debt) -> bool:
    """Whether undirected money may settle it, for all that is known of it now."""
    return not debt.invoice.removed and debt.open_minor > debt.disputed


def _turn(debt: Debt) -> Turn:
    invoice = debt.invoice
    return invoice.due_on, invoice.number, invoice.invoice_id


def less(allocation: Allocation, amount_minor: int) -> list[Allocation]:
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
        kept += less(last, cut)
    return kept


def _by_invoice(parts: Iterable[Direction | Allocation]) -> dict[str, int]:
    """Amounts by invoice, in the order given (minor units)."""
    totals: dict[str, int] = {}
    for part in parts:
        totals[part.invoice_id] = totals.get(part.invoice_id, 0) + part.amount_minor
    return totals
