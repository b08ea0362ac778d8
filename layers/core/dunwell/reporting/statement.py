"""The statement of account: every fact of a period with the running balance, and what is open at its end.

A balance is open invoices less unapplied credit, one for each currency. A fact stands on the day on which it takes
effect; facts that arrive late change the statements of the past, as they change what was owed then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from dunwell.accounts.model import Customer
from dunwell.errors import InvalidInputError
from dunwell.ledger.entry import CREDITS, Entry, EntryKind
from dunwell.ledger.fold import Replay
from dunwell.ledger.model import Account, Invoice, OpenInvoice
from dunwell.money import decimal_text
from dunwell.reporting.csv_file import Number, csv_text

COLUMNS = ("row", "currency", "date", "what", "invoice_number", "reference", "reason", "amount", "balance", "due_on")
INVOICE = "invoice"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One fact.

    Attributes:
        what: ``invoice``, or the kind of the entry.
        numbers: the numbers of the invoices that it is about.
        effect_minor: what it does to the balance; 0 for a dispute, for the recovery of what was written off, and for
            money of which a source had told before.
        balance_minor: the balance after it.
    """

    on: date
    what: str
    numbers: tuple[str, ...]
    reference: str
    reason: str
    effect_minor: int
    balance_minor: int


@dataclass(slots=True)
class CurrencyStatement:
    """A customer's statement in one currency (minor units).

    ``closing_minor`` is the sum of the open items less ``unapplied_minor``; ``agreed``: by invoice, the kinds of
    the agreements that cover some of them.
    """

    currency: str
    opening_minor: int = 0
    closing_minor: int = 0
    unapplied_minor: int = 0
    lines: list[StatementLine] = field(default_factory=list)
    open_items: list[OpenInvoice] = field(default_factory=list)
    agreed: dict[str, str] = field(default_factory=dict)

    @property
    def open_minor(self) -> int:
        """What is open at the end."""
        return sum(item.open_minor for item in self.open_items)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to state."""
        return not (self.lines or self.open_items or self.opening_minor or self.closing_minor)


@dataclass(frozen=True, slots=True)
class Statement:
    """A customer's statement of a period, both days included, by currency in the order of their codes."""

    customer: Customer
    first: date
    last: date
    currencies: tuple[CurrencyStatement, ...]


def statement(account: Account, first: date, last: date) -> Statement:
    """The statement of an account.

    Raises:
        InvalidInputError: the period ends before it begins.
    """
    if last < first:
        raise InvalidInputError("a statement's period ends on or after its first day", field="last")
    found: dict[str, CurrencyStatement] = {}
    for on, fact, effect_minor in _effects(account.replay(), last):
        mine = found.setdefault(fact.currency, CurrencyStatement(fact.currency))
        mine.closing_minor += effect_minor
        if on < first:
            mine.opening_minor = mine.closing_minor
        else:
            mine.lines.append(_line(account, on, fact, effect_minor, mine.closing_minor))
    then = account.at(last)
    for item in then.open_invoices:
        mine = found.setdefault(item.invoice.currency, CurrencyStatement(item.invoice.currency))
        mine.open_items.append(item)
        agreement = account.agreement_on(item.invoice.invoice_id)
        if agreement and agreement.pauses(last):
            mine.agreed[item.invoice.invoice_id] = agreement.kind.value
    for currency, amount_minor in then.unapplied.items():
        found[currency].unapplied_minor = amount_minor
    stated = (found[currency] for currency in sorted(found) if not found[currency].is_empty)
    return Statement(account.customer, first, last, tuple(stated))


def last_months(today: date, months: int = 3) -> tuple[date, date]:
    """The period from the first of a month some months ago until today."""
    first = today.replace(day=1)
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first, today


def _effects(replay: Replay, last: date) -> Iterator[tuple[date, Invoice | Entry, int]]:
    """Every fact up to a day with what it does to the balance of its currency."""
    while (on := replay.next_on) and on <= last and (fact := replay.next_fact):
        effect_minor = _effect(replay, fact)
        if isinstance(fact, Invoice) or effect_minor or _took_effect(replay, fact):
            yield on, fact, effect_minor


def _effect(replay: Replay, fact: Invoice | Entry) -> int:
    """Takes the next fact, and says what it did (minor units)."""
    books = replay.books
    if isinstance(fact, Invoice):
        replay.step()
        return fact.amount_minor
    if fact.kind in CREDITS:
        replay.step()
        uncounted = books.recovered_minor(fact.entry_id) + books.taken_over_minor(fact.entry_id)
        return uncounted - books.standing_minor(fact.entry_id)
    before_minor = books.control_minor(fact.currency)
    replay.step()
    return books.control_minor(fact.currency) - before_minor


def _took_effect(replay: Replay, fact: Entry) -> bool:
    """Whether a fact without effect on the balance is told: not one that still waits for what it is about."""
    if fact.kind in (EntryKind.DISPUTE, EntryKind.DISPUTE_END):
        return True
    return bool(replay.books.standing_minor(fact.entry_id))


def _line(account: Account, on: date, fact: Invoice | Entry, effect_minor: int, balance_minor: int) -> StatementLine:
    if isinstance(fact, Invoice):
        return StatementLine(on, INVOICE, (fact.number,), "", "", effect_minor, balance_minor)
    about = account.entries.get(fact.of)
    directed = fact.directed_to or (about.directed_to if about else ())
    numbers = tuple(account.invoices[d.invoice_id].number for d in directed if d.invoice_id in account.invoices)
    return StatementLine(on, fact.kind.value, numbers, fact.reference, fact.reason, effect_minor, balance_minor)


def statement_csv(made: Statement) -> str:
    """The statement as CSV: ``opening``, ``entry`` and ``closing`` rows, then ``open`` and ``unapplied`` ones."""
    return csv_text(COLUMNS, (line for one in made.currencies for line in _csv_lines(made, one)))


def _csv_lines(made: Statement, one: CurrencyStatement) -> Iterator[list[str]]:
    def money(amount_minor: int) -> str:
        return Number(decimal_text(amount_minor, one.currency))

    yield ["opening", one.currency, made.first.isoformat(), "", "", "", "", "", money(one.opening_minor), ""]
    for line in one.lines:
        yield [
            "entry",
            one.currency,
            line.on.isoformat(),
            line.what,
            " ".join(line.numbers),
            line.reference,
            line.reason,
            money(line.effect_minor),
            money(line.balance_minor),
            "",
        ]
    yield ["closing", one.currency, made.last.isoformat(), "", "", "", "", "", money(one.closing_minor), ""]
    for item in one.open_items:
        number, due_on = item.invoice.number, item.due_on.isoformat()
        issued_on, amount = item.invoice.issued_on.isoformat(), money(item.open_minor)
        agreed = one.agreed.get(item.invoice.invoice_id, "")
        yield ["open", one.currency, issued_on, INVOICE, number, "", agreed, amount, "", due_on]
    if one.unapplied_minor:
        amount = money(-one.unapplied_minor)
        yield ["unapplied", one.currency, made.last.isoformat(), "", "", "", "", amount, "", ""]
