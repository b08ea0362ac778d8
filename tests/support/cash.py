"""Cash application in memory: pointers, learned accounts and line records with the adapter's own conditions."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from dunwell.errors import ConflictError
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account, Invoice
from dunwell.remittance.applying import CashApplication
from dunwell.remittance.keys import account_key
from dunwell.remittance.model import AccountLink, BankLine, LineKind, Payout, PostedLine
from dunwell.remittance.pointers import invoice_pointers, new_customer_keys
from dunwell.remittance.policy import CashPolicy
from dunwell.remittance.ports import MAX_HITS
from dunwell.remittance.records import BANK, LineRecord, item_id_of
from tests.support.memory import InMemoryLedger
from tests.support.portal import customer

TODAY = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 15, tzinfo=UTC)
BANK_ACCOUNT = "DE02120300000000202051"


class InMemoryCashStore:
    """``Pointers``, ``BankLines`` and the importer's ``ChangeWatcher`` in dictionaries.

    ``before_keep`` is called with each record before it is judged: a test loses a race or dies there.
    """

    def __init__(self) -> None:
        self.references: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
        self.names: dict[str, dict[str, None]] = defaultdict(dict)
        self.accounts: dict[str, dict[str, int]] = defaultdict(dict)
        self.kept: dict[str, LineRecord] = {}
        self.expected: dict[str, Payout] = {}
        self.arrived: dict[str, str] = {}
        self.before_keep: Callable[[LineRecord], None] = lambda record: None
        self.after_keep: Callable[[LineRecord], None] = lambda record: None

    def note(self, change: Change) -> None:
        for pointer in invoice_pointers(change):
            self.references[pointer.key][pointer.customer_id, pointer.invoice_id] = None
        for key in new_customer_keys(change):
            self.names[key][change.account.customer.customer_id] = None

    def expect(self, payout: Payout) -> bool:
        known = self.expected.get(payout.payout_id)
        if known and (payout.version < known.version or replace(payout, version=known.version) == known):
            return False
        self.expected[payout.payout_id] = payout
        return True

    # --- Pointers ---

    def invoices(self, keys: Sequence[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
        return {key: list(self.references[key]) for key in keys if key in self.references}

    def customers(self, keys: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return {key: list(self.names[key])[:MAX_HITS] for key in keys if key in self.names}

    def links(self, key: str) -> Sequence[AccountLink]:
        return [AccountLink(*one) for one in self.accounts.get(key, {}).items()]

    def payouts(self, currency: str, amount_minor: int) -> Sequence[Payout]:
        found = [p for p in self.expected.values() if (p.currency, p.amount_minor) == (currency, amount_minor)]
        return [replace(one, reconciled=one.payout_id in self.arrived, movements=()) for one in found]

    def posted_lines(self, currency: str, amount_minor: int, since: date) -> Sequence[PostedLine]:
        mine = [
            one
            for one in self.kept.values()
            if (one.line.currency, one.line.amount_minor) == (currency, amount_minor)
            and one.method == BANK
            and one.chosen
            and one.line.booked_on >= since
        ]
        mine.sort(key=lambda one: (one.line.booked_on, one.line.line_id), reverse=True)
        return [
            PostedLine(
                one.line.line_id,
                one.chosen.customer_id,
                one.line.booked_on,
                one.line.amount_minor,
                one.line.payer_account,
                one.line.end_to_end_id,
            )
            for one in mine[:MAX_HITS]
            if one.chosen
        ]

    # --- BankLines ---

    def records(self, lines: Sequence[BankLine]) -> Mapping[str, LineRecord]:
        found = {line.line_id: self.kept.get(item_id_of(line)) for line in lines}
        return {line_id: record for line_id, record in found.items() if record}

    def record(self, item_id: str) -> LineRecord | None:
        return self.kept.get(item_id)

    def keep(self, record: LineRecord, learned: str = "") -> None:
        self.before_keep(record)
        known = self.kept.get(record.item_id)
        if (known.version if known else 0) != record.version - 1:
            raise ConflictError("the line was changed meanwhile")
        self.kept[record.item_id] = record
        if learned and record.chosen:
            links = self.accounts[learned]
            links[record.chosen.customer_id] = links.get(record.chosen.customer_id, 0) + 1
        self.after_keep(record)

    def listed(self) -> Sequence[LineRecord]:
        waiting = [one for one in self.kept.values() if one.is_listed]
        return sorted(waiting, key=lambda one: (one.line.booked_on, one.line.line_id))

    def reconcile(self, payout_id: str, line: BankLine) -> None:
        self.arrived[payout_id] = line.line_id


class CashWorld:
    """A ledger of some customers with invoices in euros, found by the same keys as deployed."""

    def __init__(self, policy: CashPolicy | None = None) -> None:
        self.ledger, self.store = InMemoryLedger(), InMemoryCashStore()
        self.cash = CashApplication(
            self.ledger, self.store, self.store, "example", "Europe/Berlin", policy or CashPolicy("test")
        )

    def owes(self, number: str, name: str, *invoices: Invoice) -> str:
        """Bring a customer with invoices into the ledger as the importer does; its id."""
        who = customer(f"cus_{number.lower()}", number=number, name=name)
        change = Change(
            self.ledger.load(who.customer_id) or Account(who),
            who,
            invoices={one.invoice_id: one for one in invoices},
        )
        self.store.note(change)
        self.ledger.commit(change)
        return who.customer_id

    def apply(self, *lines: BankLine) -> None:
        """Take the lines in."""
        self.cash.apply(lines, NOW)

    def account(self, customer_id: str) -> Account:
        """A customer's account."""
        return self.ledger.accounts[customer_id]

    def suspense(self) -> list[Account]:
        """The internal accounts."""
        return [one for one in self.ledger.accounts.values() if one.customer.is_internal]

    def placed(self) -> dict[str, int]:
        """By business reference, what stands of the payments on all accounts (minor units)."""
        standing: dict[str, int] = defaultdict(int)
        for account in self.ledger.accounts.values():
            for entry_id, payment in account.payments.items():
                standing[payment.reference] += account.books.standing_minor(entry_id)
        return {reference: minor for reference, minor in standing.items() if minor}

    def unclear(self) -> dict[str, int]:
        """Unapplied money on internal accounts by currency (minor units)."""
        total: dict[str, int] = defaultdict(int)
        for account in self.suspense():
            for currency, minor in account.unapplied.items():
                total[currency] += minor
        return dict(total)


def euros(number: str, amount_minor: int, terms: str = "", issued_on: date = date(2026, 6, 1)) -> Invoice:
    """An invoice in euros, due after a month."""
    due_on = date(2026, 7, 1)
    return Invoice(f"inv_{number.lower()}", number, "EUR", amount_minor, issued_on, due_on, terms=terms)


def line(line_id: str, amount_minor: int, text: str = "", name: str = "", **changes: object) -> BankLine:
    """A transfer in euros of today."""
    made = BankLine(f"bln_{line_id}", BANK_ACCOUNT, TODAY, TODAY, "EUR", amount_minor, name, kind=LineKind.TRANSFER)
    return replace(made, references=(text,) if text else (), **changes)  # type: ignore[arg-type]


def links(store: InMemoryCashStore, account: str) -> dict[str, int]:
    """How often an account paid for whom."""
    return store.accounts.get(account_key(account), {})
