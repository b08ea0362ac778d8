"""Importing one customer's records: what is new becomes a change, what is known writes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from dunwell.accounts.describing import is_older
from dunwell.accounts.model import Customer
from dunwell.ids import stable_id
from dunwell.ingestion.bundles import Bundle, imported_event, in_changes, joined, without
from dunwell.ingestion.describing import billed, described
from dunwell.ingestion.figures import contradicts, figure_of, is_known, refused, told, unknown_customer
from dunwell.ingestion.records import (
    CreditNoteRecord,
    CustomerRecord,
    FigureRecord,
    InvoiceRecord,
    PaymentRecord,
    Receivable,
    Record,
    Reject,
    Row,
    dated,
    group_of,
)
from dunwell.ingestion.statements import CORRECTED, METHOD, Said, left_minor, statements
from dunwell.ingestion.tally import Tally
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account, Invoice
from dunwell.ledger.ports import FACTS_PER_CHANGE
from dunwell.ledger.posting import failure_id, known_as, payment_id, pending_id
from dunwell.ledger.undoing import UndoneBy, WentBack, followed


@dataclass(frozen=True, slots=True)
class Import:
    """Changes to commit in order, each valid by itself, and the tally when they are."""

    changes: tuple[Change, ...]
    tally: Tally


@dataclass(frozen=True, slots=True)
class Origin:
    """Where records come from and when they are imported.

    Attributes:
        today: the business date; what is dated later has not happened yet.
        at: the instant of the import, with a time zone.
    """

    creditor_id: str
    source: str
    today: date
    at: datetime


def customer_id(creditor_id: str, source: str, number: str) -> str:
    """The customer's id, the same at every import."""
    return stable_id("cus", creditor_id, source, number)


def invoice_id(customer: str, number: str) -> str:
    """An invoice's id, the same at every import; ``customer`` is the id under which its source knows the customer."""
    return stable_id("inv", customer, number)


def import_records(
    account: Account | None, rows: Sequence[Row], origin: Origin, facts_per_change: int = FACTS_PER_CHANGE
) -> Import:
    """Compare one customer's rows with the account and say what to add.

    Rows dated after ``origin.today`` are left out as later. A known invoice with another currency, issue date or amount
    is rejected, unless the source orders its versions and this one is newer: then a debit or credit note corrects the
    amount. Older versions change nothing.

    Args:
        account: as stored, or None for a new customer; of a customer merged into another, that other's.
        rows: all of one customer number, at least one.
        facts_per_change: how many facts the store can write at once.
    """
    run = _Import(account, rows, origin)
    for row in rows:
        run.take(row)
    changes = tuple(run.changes(facts_per_change))
    tally = Tally(len(run.taken), run.later, tuple(run.rejects), run.written, tuple(run.taken), tuple(run.lasting))
    return Import(changes, tally)


class _Import:
    """One customer's rows on their way into the account."""

    def __init__(self, account: Account | None, rows: Sequence[Row], origin: Origin) -> None:
        source, number, _ = group_of(rows[0])
        self._key = customer_id(origin.creditor_id, source or origin.source, number)
        self._origin = origin
        self._stored = account
        self._customer = (
            account.customer
            if account
            else Customer(
                customer_id=self._key,
                creditor_id=origin.creditor_id,
                source=origin.source,
                number=number,
                kind=CustomerRecord(0, number).customer_kind,
                name=number,
            )
        )
        # What the account will be, row by row, so that a later row sees an earlier one.
        self._now = Account(
            self._customer,
            account.version if account else 0,
            dict(account.invoices) if account else {},
            dict(account.entries) if account else {},
            figures=account.figures if account else (),
        )
        self._figures = list(self._now.figures)
        self._notes: dict[str, list[Entry]] = {}
        self._about: dict[str, list[Entry]] = {}
        for entry in self._now.entries.values():
            self._index(entry)
        self._stated: dict[str, tuple[Bundle, Invoice, InvoiceRecord]] = {}
        self._news: list[Bundle] = []
        self._describing: list[Bundle] = []
        self._touched = False
        self.later = self._redescribed = 0
        self.rejects: list[Reject] = []
        self.taken: list[Row] = []
        self.lasting: list[Row] = []

    def take(self, row: Row) -> None:
        record = _of(row)
        if dated(record) > self._origin.today:
            self.later += 1
            return
        news, reject = self._read(row)
        if reject:
            self.rejects.append(reject)
            return
        self.taken.append(row)
        self._touched = True
        description = row.customer if isinstance(row, Receivable) else record
        news = self._told(description, news)
        describes = self._describe(description)
        if news:
            self._describing += [news] if describes else []
            self._keep(news)
        else:
            self._redescribed += describes
        if self._is_lasting(row):
            self.lasting.append(row)

    @property
    def written(self) -> int:
        """Rows that brought something new; descriptions that come to what was known before did not."""
        stays = self._stored is not None and self._stored.customer == self._customer
        alone = self._redescribed + sum(not news.size for news in self._describing)
        return len(self._bundles()) + (0 if stays else alone)

    def _bundles(self) -> list[Bundle]:
        """What is new, without descriptions of invoices that later rows took back to what is stored."""
        stored = self._stored.invoices if self._stored else {}
        same = {i for news in self._news for i in news.invoices if stored.get(i) == self._now.invoices[i]}
        left = (replace(news, invoices=without(news.invoices, same)) if same else news for news in self._news)
        return [news for news in left if news.size]

    def _describe(self, record: Record) -> bool:
        """Take over a description; not that of a customer merged into another one, whose own source describes it."""
        if not isinstance(record, CustomerRecord) or self._customer.customer_id != self._key:
            return False
        before, self._customer = self._customer, described(self._customer, record)
        return self._customer != before

    def _told(self, record: Record, news: Bundle | None) -> Bundle | None:
        """The row's news with the figures that its description brings."""
        if not isinstance(record, CustomerRecord) or is_older(record.version, self._customer.source_version):
            return news
        figures = told(record, self._figures, self._origin.today)
        return replace(news or Bundle(), figures=figures) if figures else news

    def _is_lasting(self, row: Row) -> bool:
        """Whether the row has nothing left to say: not a settlement to come, nor an older version of what is known."""
        record, description = _of(row), row.customer if isinstance(row, Receivable) else row
        if isinstance(description, CustomerRecord) and (
            is_older(description.version, self._customer.source_version)
            or (description.credit_score_on or date.min) > self._origin.today
        ):
            return False
        if not isinstance(record, InvoiceRecord):
            return True
        if record.settled_on and record.settled_on > self._origin.today:
            return False
        known = self._now.invoices.get(invoice_id(self._key, record.invoice_number))
        return known is None or not is_older(record.version, known.source_version)

    def _keep(self, news: Bundle) -> None:
        self._now.invoices.update(news.invoices)
        self._now.entries.update(news.entries)
        self._figures += news.figures
        for entry in news.entries.values():
            self._index(entry)
        self._news.append(news)

    def _index(self, entry: Entry) -> None:
        """Notes and disputes by invoice, reversals and ends by what they are about: looked up once a row."""
        if entry.of:
            self._about.setdefault(entry.of, []).append(entry)
        elif entry.method == METHOD and entry.directed_to:
            self._notes.setdefault(entry.directed_to[0].invoice_id, []).append(entry)

    def changes(self, facts_per_change: int) -> Iterator[Change]:
        """Changes of at most so many facts; facts of one row always go together."""
        stored = self._stored
        if not self._touched:
            return
        self._state()
        account = stored or Account(self._customer)
        customer = self._customer if stored is None or self._customer != stored.customer else None
        for part in in_changes(self._bundles(), facts_per_change):
            change = Change(account, customer, joined(n.invoices for n in part), joined(n.entries for n in part))
            change = replace(change, figures=tuple(figure for n in part for figure in n.figures))
            after = change.applied()
            yield replace(change, events=(imported_event(after, change, self._origin.at),))
            account, customer = after, None
        if customer:
            yield Change(account, customer)

    def _read(self, row: Row) -> tuple[Bundle | None, Reject | None]:
        record = _of(row)
        if isinstance(record, InvoiceRecord):
            return self._invoice(record)
        if isinstance(record, CreditNoteRecord):
            return self._credit_note(record)
        if isinstance(record, PaymentRecord):
            return self._payment(record)
        return self._figure(record) if isinstance(record, FigureRecord) else (None, None)

    def _figure(self, record: FigureRecord) -> tuple[Bundle | None, Reject | None]:
        figure = figure_of(record)
        if self._stored is None and not self._touched:
            return None, unknown_customer(record)
        if contradicts(figure, self._figures):
            return None, refused(record)
        return (None if is_known(figure, self._figures) else Bundle(figures=[figure])), None

    # --- invoices ---

    def _invoice(self, record: InvoiceRecord) -> tuple[Bundle | None, Reject | None]:
        new = billed(invoice_id(self._key, record.invoice_number), record)
        known = self._now.invoices.get(new.invoice_id)
        if known is None:
            news = Bundle({new.invoice_id: new})
            self._contest(news, new, record, record.issued_on)
            self._hear(news, new, record)
            return news, None
        if is_older(new.source_version, known.source_version):
            return None, None
        is_newer = is_older(known.source_version, new.source_version)
        if (known.currency, known.issued_on) != (new.currency, new.issued_on):
            return None, _contradiction(record)
        if self._billed_minor(known) != new.amount_minor and not is_newer:
            return None, _contradiction(record)
        return self._known_invoice(known, new, record), None

    def _known_invoice(self, known: Invoice, new: Invoice, record: InvoiceRecord) -> Bundle:
        news = Bundle()
        billed = self._billed_minor(known)
        kept = replace(new, amount_minor=known.amount_minor, instalments=known.instalments, lines=known.lines)
        # How it was first sent stands: what a reminder went out by says nothing about the day of issue.
        sent = known.delivery or new.delivery
        kept = replace(kept, source_version=new.source_version or known.source_version, delivery=sent)
        if new.amount_minor == known.amount_minor:
            kept = replace(kept, instalments=new.instalments)
        if kept != known:
            news.invoices[known.invoice_id] = kept
        if new.amount_minor != billed:
            self._correct(news, known, new.amount_minor - billed, record)
        self._contest(news, known, record, self._origin.today)
        self._hear(news, known, record)
        return news

    def _billed_minor(self, invoice: Invoice) -> int:
        """What the source billed as of the last version taken (minor units)."""
        return invoice.amount_minor + sum(
            entry.amount_minor if entry.kind is EntryKind.DEBIT_NOTE else -entry.amount_minor
            for entry in self._notes.get(invoice.invoice_id, ())
            if entry.reason == CORRECTED
        )

    def _correct(self, news: Bundle, invoice: Invoice, by_minor: int, record: InvoiceRecord) -> None:
        kind = EntryKind.DEBIT_NOTE if by_minor > 0 else EntryKind.CREDIT_NOTE
        key = f"corrected#{record.version}"
        self._add(news, self._on_invoice(kind, invoice, abs(by_minor), self._origin.today, key, CORRECTED))

    def _contest(self, news: Bundle, invoice: Invoice, record: InvoiceRecord, on: date) -> None:
        """Open, change or end the dispute that the source tells of; disputes that came another way are left alone."""
        standing = self._imported_dispute(invoice)
        if record.disputed_minor == (standing.amount_minor if standing else 0):
            return
        if standing:
            key = f"{standing.reference}#ended"
            entry = self._on_invoice(EntryKind.DISPUTE_END, invoice, standing.amount_minor, on, key, "imported")
            self._add(news, replace(entry, of=standing.entry_id))
        if record.disputed_minor:
            # Contested, settled and contested again, perhaps within a day, is two disputes.
            key = f"{METHOD}#{on}#{len(self._notes.get(invoice.invoice_id, ()))}"
            self._add(news, self._on_invoice(EntryKind.DISPUTE, invoice, record.disputed_minor, on, key, "imported"))

    def _imported_dispute(self, invoice: Invoice) -> Entry | None:
        disputes = (e for e in self._notes.get(invoice.invoice_id, ()) if e.kind is EntryKind.DISPUTE)
        return next((dispute for dispute in disputes if dispute.entry_id not in self._about), None)

    def _hear(self, news: Bundle, invoice: Invoice, record: InvoiceRecord) -> None:
        """Note what a source says is left of an invoice; of several rows of one import the last is what it says."""
        if left_minor(record, self._origin.today) is not None:
            self._stated[invoice.invoice_id] = (news, invoice, record)

    def _state(self) -> None:
        """Add what the source says of its invoices' balances and did not say before."""
        for news, invoice, record in self._stated.values():
            notes = self._notes.get(invoice.invoice_id, ())
            said = Said.of(notes, lambda entry_id: self._about.get(entry_id, ()))
            for entry in statements(invoice, record, said, self._origin.today, self._origin.at):
                self._add(news, entry)

    def _on_invoice(
        self, kind: EntryKind, invoice: Invoice, amount_minor: int, on: date, key: str, reason: str
    ) -> Entry:
        return Entry(
            entry_id=stable_id("ent", kind, invoice.invoice_id, key),
            kind=kind,
            currency=invoice.currency,
            amount_minor=amount_minor,
            on=on,
            method=METHOD,
            reference=key,
            directed_to=(Direction(invoice.invoice_id, amount_minor),),
            reason=reason,
        )

    # --- credit notes and payments ---

    def _credit_note(self, record: CreditNoteRecord) -> tuple[Bundle | None, Reject | None]:
        entry = Entry(
            entry_id=stable_id("crn", self._key, record.credit_number),
            kind=EntryKind.CREDIT_NOTE,
            currency=record.currency,
            amount_minor=record.amount_minor,
            on=record.issued_on,
            method=self._origin.source,
            reference=record.credit_number,
            directed_to=self._directed(((record.invoice_number, record.amount_minor),)),
        )
        known = self._now.entries.get(entry.entry_id)
        if known and (known.currency, known.amount_minor) != (entry.currency, entry.amount_minor):
            reason = "this credit note is known with another amount or currency"
            fix = "send another credit note, or correct the number"
            return None, Reject(record.line, "credit_number", record.credit_number, reason, fix)
        news = Bundle()
        self._add(news, entry)
        if record.removed:
            self._take_back(news, entry, self._origin.today, "removed")
        return news, None

    def _payment(self, record: PaymentRecord) -> tuple[Bundle | None, Reject | None]:
        method = record.method or self._origin.source
        holder = self._customer.customer_id
        entry = Entry(
            entry_id=known_as(self._now, EntryKind.PAYMENT, method, record.reference)
            or payment_id(holder, method, record.reference),
            kind=EntryKind.PAYMENT,
            currency=record.currency,
            amount_minor=record.amount_minor,
            on=record.received_on,
            method=method,
            reference=record.reference,
            directed_to=self._directed(record.pays),
        )
        announced_id = known_as(self._now, EntryKind.PENDING, method, record.reference) or pending_id(
            holder, method, record.reference
        )
        announced = replace(entry, entry_id=announced_id, kind=EntryKind.PENDING)
        known = self._now.entries.get(entry.entry_id) or self._now.entries.get(announced_id)
        if known and (known.currency, known.amount_minor) != (entry.currency, entry.amount_minor):
            reason = "this payment is known with another amount or currency"
            return None, Reject(record.line, "reference", record.reference, reason, "correct the reference")
        news = Bundle()
        if record.pending and entry.entry_id in self._now.entries:
            return news, None  # told late: the money is there
        if record.pending or record.failed:
            self._add(news, announced)
            if record.failed:
                failed_id = failure_id(holder, method, record.reference)
                self._add(news, replace(announced, entry_id=failed_id, kind=EntryKind.FAILURE, of=announced_id))
            return news, None
        self._add(news, replace(entry, of=announced_id) if announced_id in self._now.entries else entry)
        self._went_back(news, entry, record)
        return news, None

    def _went_back(self, news: Bundle, entry: Entry, record: PaymentRecord) -> None:
        """Follow what went back of a payment, as far as its source tells of it."""
        today, version = self._origin.today, record.version
        last = record.refunded_on or record.received_on
        told = [WentBack(UndoneBy.REFUND, record.refunded_minor, last, today, version)]
        if record.taken_back_minor is not None:
            last = record.taken_back_on or record.received_on
            told.append(WentBack(UndoneBy.CHARGEBACK, record.taken_back_minor, last, today, version))
        about = self._about
        for one in followed(self._customer.customer_id, entry, lambda i: about.get(i, ()), told, self._origin.at):
            self._add(news, one)

    def _take_back(self, news: Bundle, entry: Entry, on: date, reason: str) -> None:
        """Reverse all of an entry, once."""
        if not any(e.reason == reason for e in self._about.get(entry.entry_id, ())):
            self._add(news, self._reversal(entry, entry.amount_minor, on, f"{entry.reference}#{reason}", reason))

    def _reversal(self, entry: Entry, amount_minor: int, on: date, key: str, reason: str) -> Entry:
        """A reversal with the import's instant: of several in a day, the one that was told first happened first."""
        return Entry(
            entry_id=stable_id("rev", self._customer.customer_id, entry.method, key),
            kind=EntryKind.REVERSAL,
            currency=entry.currency,
            amount_minor=amount_minor,
            on=on,
            at=self._origin.at,
            method=entry.method,
            reference=key,
            of=entry.entry_id,
            reason=reason,
        )

    def _directed(self, pays: Iterable[tuple[str, int]]) -> tuple[Direction, ...]:
        return tuple(Direction(invoice_id(self._key, number), amount) for number, amount in pays if number)

    def _add(self, news: Bundle, entry: Entry) -> None:
        if entry.entry_id not in self._now.entries:
            news.entries[entry.entry_id] = entry


def _of(row: Row) -> Record:
    return row.invoice if isinstance(row, Receivable) else row


def _contradiction(record: InvoiceRecord) -> Reject:
    reason = "this invoice number is known with another amount, currency or issue date"
    return Reject(
        record.line, "invoice_number", record.invoice_number, reason, "send a credit note, or correct the number"
    )
