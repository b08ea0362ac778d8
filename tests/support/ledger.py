"""Facts of an account for tests."""

from collections.abc import Sequence

from dunwell.accounts.model import Customer
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account, Invoice

Facts = Invoice | Entry | tuple[Invoice, Entry]


def in_dispute(invoice: Invoice) -> tuple[Invoice, Entry]:
    """An invoice that the customer contests as a whole."""
    whole = (Direction(invoice.invoice_id, invoice.amount_minor),)
    entry_id = f"ent_dispute_{invoice.invoice_id}"
    return invoice, Entry(
        entry_id, EntryKind.DISPUTE, invoice.currency, invoice.amount_minor, invoice.issued_on, directed_to=whole
    )


def paid(invoice: Invoice) -> Entry:
    """A payment of all of an invoice on its due date."""
    whole = (Direction(invoice.invoice_id, invoice.amount_minor),)
    entry_id = f"pay_{invoice.invoice_id}"
    return Entry(entry_id, EntryKind.PAYMENT, invoice.currency, invoice.amount_minor, invoice.due_on, directed_to=whole)


def account_of(who: Customer, *facts: Facts) -> Account:
    """A stored account made of these facts."""
    flat = [one for fact in facts for one in (fact if isinstance(fact, tuple) else (fact,))]
    return Account(
        who,
        1,
        {fact.invoice_id: fact for fact in flat if isinstance(fact, Invoice)},
        {fact.entry_id: fact for fact in flat if isinstance(fact, Entry)},
    )


def directions(account: Account, invoice_ids: Sequence[str]) -> tuple[Direction, ...]:
    """Invoices that a payer named without amounts, each for all that is open; unknown and settled ones drop out."""
    wanted = ((invoice_id, account.open_minor(invoice_id)) for invoice_id in dict.fromkeys(invoice_ids))
    return tuple(Direction(invoice_id, open_minor) for invoice_id, open_minor in wanted if open_minor > 0)
