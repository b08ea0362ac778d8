"""One state machine for every store of the ledger: whatever happens to two accounts, in whatever order and how often.

An operation is a function of its key, as facts are of the world: told again it is the same, and must change nothing.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dunwell.errors import ConflictError, InvalidInputError, NotFoundError
from dunwell.ids import stable_id
from dunwell.ingestion.importing import Origin, customer_id, import_records, invoice_id
from dunwell.ingestion.records import CreditNoteRecord, CustomerRecord, InvoiceRecord, PaymentRecord, Row
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import charge, post, post_payment, reverse
from dunwell.ledger.update import update
from tests.support.ledger import directions
from tests.support.oracle import check
from tests.support.receivables import AT, TODAY
from tests.support.stores import CrashError, FaultyLedger, Store

CURRENCIES = ("USD", "EUR")
KINDS = (
    EntryKind.FEE,
    EntryKind.INTEREST,
    EntryKind.DEBIT_NOTE,
    EntryKind.WRITE_OFF,
    EntryKind.DISPUTE,
)
NUMBERS = tuple(f"A-{n}" for n in range(6))
NUMBER = st.sampled_from(NUMBERS)
AMOUNT = st.integers(1, 400)
DAYS_AGO = st.integers(0, 12)
HOLDER = st.sampled_from((0, 1))
SMALL = st.sampled_from(range(4))
Operation = Callable[[FaultyLedger], None]


def invoice_record(holder: str, number: str, **changes: Any) -> InvoiceRecord:
    """The invoice of a number: the same every time."""
    n = int(number[2:])
    issued = TODAY - timedelta(days=3 * n)
    record = InvoiceRecord(0, holder, number, CURRENCIES[n % 3 == 2], 100 * (n + 1), issued, issued + timedelta(days=9))
    return replace(record, **changes)


class LedgerMachine(RuleBasedStateMachine):
    """Two customers' accounts under everything that may happen to them."""

    make_store: ClassVar[Callable[[], Store]]

    def __init__(self) -> None:
        super().__init__()
        self.store = type(self).make_store()
        self.ledger = FaultyLedger(self.store.ledger)
        self.origin = Origin("example", "test", TODAY, AT)
        self.holders = [customer_id(self.origin.creditor_id, "test", name) for name in "XY"]
        self.done: list[Operation] = []
        self.facts: dict[Any, Any] = {}
        self.touched = {0, 1}
        self.checked = 0

    @initialize()
    def known_customers(self) -> None:
        for name in "XY":
            self._take(self.ledger, 0 if name == "X" else 1, [CustomerRecord(0, name, "Anna's Bakery")])

    # --- what happens ---

    @rule(holder=HOLDER, numbers=st.lists(NUMBER, min_size=1, max_size=4, unique=True), data=st.data())
    def a_file_brings_invoices(self, holder: int, numbers: list[str], data: st.DataObject) -> None:
        rows: list[Row] = []
        for number in numbers:
            settled = data.draw(st.sampled_from([None, None, TODAY, TODAY - timedelta(days=1)]))
            disputed = data.draw(st.sampled_from([0, 0, 40, 100]))
            version = data.draw(st.sampled_from(["", "1", "2"]))
            more = int(version or 0) * 20
            row = invoice_record("XY"[holder], number, settled_on=settled, disputed_minor=disputed, version=version)
            row = replace(row, amount_minor=row.amount_minor + more, removed=data.draw(SMALL) == 3)
            left = None if settled else data.draw(st.sampled_from((None, 0, 50, 100)))
            rows.append(replace(row, open_minor=left))
        self._import(holder, rows)

    @rule(holder=HOLDER, n=SMALL, number=st.sampled_from(("", *NUMBERS)), amount=AMOUNT, days=DAYS_AGO, gone=SMALL)
    def a_file_brings_a_credit_note(self, holder: int, n: int, number: str, amount: int, days: int, gone: int) -> None:
        on = TODAY - timedelta(days=days)
        made = CreditNoteRecord(0, "XY"[holder], f"CN-{n}", "USD", amount, on, number)
        known = self._same(("credit note", holder, n), made)
        self._import(holder, [replace(known, removed=gone == 0)])

    @rule(
        holder=HOLDER,
        n=SMALL,
        currency=st.sampled_from(CURRENCIES),
        pays=st.lists(st.tuples(NUMBER, AMOUNT), max_size=3),
        days=DAYS_AGO,
        state=st.sampled_from(("pending", "failed", "settled", "part refunded", "refunded")),
    )
    def a_file_brings_a_payment(
        self, holder: int, n: int, currency: str, pays: list[tuple[str, int]], days: int, state: str
    ) -> None:
        amount = 150 * (n + 1)
        on = TODAY - timedelta(days=days)
        made = PaymentRecord(0, "XY"[holder], f"P-{n}", currency, amount, on, tuple(pays))
        known = self._same(("payment", holder, n), made)
        refunded = {"part refunded": amount // 3, "refunded": amount}.get(state, 0)
        row = replace(known, pending=state == "pending", failed=state == "failed", refunded_minor=refunded)
        self._import(holder, [row])

    @rule(
        holder=HOLDER,
        n=SMALL,
        amount=AMOUNT,
        currency=st.sampled_from(CURRENCIES),
        named=st.lists(NUMBER, max_size=3),
        hours=st.integers(0, 200),
    )
    def a_payment_is_posted(
        self, holder: int, n: int, amount: int, currency: str, named: list[str], hours: int
    ) -> None:
        given_ = self._same(("posted", holder, n), (amount, currency, named, AT - timedelta(hours=hours)))
        amount, currency, named, at = given_

        def decide(account: Account) -> Change:
            to = directions(account, [self._invoice_id(holder, number) for number in named])
            return post_payment(
                account,
                method="stripe",
                reference=f"pi_{n}",
                currency=currency,
                amount_minor=amount,
                received_at=at,
                directed_to=to,
            )

        self._do(holder, decide)

    @rule(holder=HOLDER, kind=st.sampled_from(KINDS), number=NUMBER, n=SMALL, amount=AMOUNT, days=DAYS_AGO)
    def something_is_put_on_an_invoice(
        self, holder: int, kind: EntryKind, number: str, n: int, amount: int, days: int
    ) -> None:
        amount, on = self._same((kind, holder, number, n), (amount, TODAY - timedelta(days=days)))
        about = self._invoice_id(holder, number)
        self._do(holder, lambda a: charge(a, kind, about, amount, key=str(n), on=on, at=AT, reason="test"))

    @rule(holder=HOLDER, n=SMALL, amount=AMOUNT, hours=st.integers(-50, 50), data=st.data())
    def an_entry_is_reversed(self, holder: int, n: int, amount: int, hours: int, data: st.DataObject) -> None:
        entries = self._account(holder).entries
        if not entries:
            return
        made = data.draw(st.sampled_from(list(entries))), amount, AT + timedelta(hours=hours)
        about, amount, at = self._same(("reversal", holder, n), made)
        self._do(
            holder,
            lambda account: reverse(
                account, about, amount, method="stripe", reference=f"re_{n}", reversed_at=at, reason="refund"
            ),
        )

    @rule(holder=HOLDER, n=SMALL, number=NUMBER, dispute=SMALL, days=DAYS_AGO)
    def a_dispute_ends(self, holder: int, n: int, number: str, dispute: int, days: int) -> None:
        about = stable_id("ent", EntryKind.DISPUTE, self._invoice_id(holder, number), str(dispute))
        made = Entry(f"end_{n}", EntryKind.DISPUTE_END, "USD", 1, TODAY - timedelta(days=days), of=about)
        self._post(holder, self._same(("end", holder, n), made))

    @rule(holder=HOLDER, n=SMALL, of=SMALL, amount=AMOUNT, days=DAYS_AGO, currency=st.sampled_from(CURRENCIES))
    def a_reversal_comes_before_what_it_reverses(
        self, holder: int, n: int, of: int, amount: int, days: int, currency: str
    ) -> None:
        about = stable_id("pay", self.holders[holder], "stripe", f"pi_{of}")
        made = Entry(f"rev_{n}", EntryKind.REVERSAL, currency, amount, TODAY - timedelta(days=days), of=about)
        self._post(holder, self._same(("early", holder, n), made))

    @rule(data=st.data())
    def an_operation_is_told_again(self, data: st.DataObject) -> None:
        if self.done:
            operation = data.draw(st.sampled_from(self.done))
            before = self.ledger.commits
            operation(self.ledger)
            assert self.ledger.commits == before

    @rule(dies_in=st.integers(0, 2), after=st.booleans())
    def the_process_will_die_at_a_write(self, dies_in: int, after: bool) -> None:
        self.ledger.commits_until_crash, self.ledger.after_the_write = dies_in, after

    @rule(holder=HOLDER, n=st.integers(0, 99), amount=AMOUNT)
    def a_race_is_lost(self, holder: int, n: int, amount: int) -> None:
        self.touched = {holder}
        self.ledger.commits_until_crash = None
        read, before = self._account(holder), self.ledger.commits
        entries = [
            Entry(f"race_{n}_{i}_{before}", EntryKind.PAYMENT, "USD", amount, TODAY, method="race") for i in (1, 2)
        ]
        after = self.ledger.commit(post(read, entries[0], AT))
        try:
            self.ledger.commit(post(read, entries[1], AT))
        except ConflictError:
            pass
        else:
            raise AssertionError("the second decision on one reading was written")
        assert self._account(holder) == after

    @rule(data=st.data())
    def facts_move_to_the_other_account(self, data: st.DataObject) -> None:
        self.touched = {0, 1}
        self.ledger.commits_until_crash = None
        one, other = self._account(0), self._account(1)
        gone = {e.of for e in one.entries.values() if e.kind is EntryKind.MOVED}
        here = [i for i, e in (one.invoices | one.entries).items() if i not in gone and i not in other.entries]
        if not here:
            return
        chosen = data.draw(st.lists(st.sampled_from(here), min_size=1, max_size=5, unique=True))
        notes = {
            f"mov_{i}": Entry(f"mov_{i}", EntryKind.MOVED, "USD", 0, TODAY, reference=self.holders[1], of=i)
            for i in chosen
        }
        moved = Change(
            other,
            invoices={i: one.invoices[i] for i in chosen if i in one.invoices},
            entries={i: one.entries[i] for i in chosen if i in one.entries},
        )
        if data.draw(st.booleans()):  # somebody was faster at the second account: neither is written
            self.ledger.commit(post(other, Entry(f"fast_{chosen[0]}", EntryKind.PAYMENT, "EUR", 1, TODAY), AT))
            try:
                self.ledger.commit(Change(one, entries=notes), moved)
            except ConflictError:
                assert self._account(0) == one
                return
            raise AssertionError("half of a merger was written")
        self.ledger.commit(Change(one, entries=notes), moved)

    # --- what must be true ---

    @invariant()
    def what_was_written_adds_up(self) -> None:
        if self.ledger.commits == self.checked:
            return
        self.checked = self.ledger.commits
        for holder in self.touched:
            self._check(self.holders[holder])

    def _check(self, who: str) -> None:
        account = self.store.ledger.load(who)
        assert account
        check(account)
        assert self.store.is_listed(who) == account.is_open, "open accounts are on the work list, and no others"
        written = Counter(event.event_id for event in self.ledger.events if event.customer_id == who)
        assert self.store.told(who) == written
        assert all(times == 1 for times in written.values())

    # --- how ---

    def _account(self, holder: int) -> Account:
        account = self.store.ledger.load(self.holders[holder])
        assert account
        return account

    def _same(self, key: Any, made: Any) -> Any:
        """What was first said under a key."""
        return self.facts.setdefault(key, made)

    def _invoice_id(self, holder: int, number: str) -> str:
        return invoice_id(self.holders[holder], number)

    def _import(self, holder: int, rows: list[Row]) -> None:
        """A description of an invoice holds until the next one; everything else is said for good."""
        lasting = not any(isinstance(row, InvoiceRecord) for row in rows)
        self._run(holder, lambda ledger: self._take(ledger, holder, rows), lasting=lasting)

    def _take(self, ledger: FaultyLedger, holder: int, rows: list[Row]) -> None:
        """Import rows as a run does, two facts a change, so that an import has several writes to die between."""
        made = import_records(ledger.load(self.holders[holder]), rows, self.origin, facts_per_change=2)
        for change in made.changes:
            ledger.commit(change)

    def _post(self, holder: int, entry: Entry) -> None:
        self._do(holder, lambda account: post(account, entry, AT))

    def _do(self, holder: int, decide: Callable[[Account], Change]) -> None:
        self._run(holder, lambda ledger: _update(ledger, self.holders[holder], decide))

    def _run(self, holder: int, operation: Operation, *, lasting: bool = True) -> None:
        """Do it; when the process dies on the way what is there must add up, and doing it again completes it."""
        self.touched = {holder}
        try:
            operation(self.ledger)
        except CrashError:
            self.what_was_written_adds_up()
            self.ledger.commits_until_crash = None
            try:
                operation(self.ledger)
            except (InvalidInputError, NotFoundError):
                return
        except (InvalidInputError, NotFoundError):
            return
        before = self.ledger.commits
        self.ledger.commits_until_crash = None
        operation(self.ledger)
        assert self.ledger.commits == before, "told at once again, it wrote again"
        if lasting:
            self.done.append(operation)


def _update(ledger: FaultyLedger, who: str, decide: Callable[[Account], Change]) -> None:
    update(ledger, who, decide)
