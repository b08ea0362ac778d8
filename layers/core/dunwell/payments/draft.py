"""A change to an account while it is being decided: each part sees what the parts before it did."""

from dataclasses import replace
from datetime import datetime

from dunwell.events import Event
from dunwell.ledger.change import Change
from dunwell.ledger.debits import DebitAttempt
from dunwell.ledger.entry import Entry
from dunwell.ledger.model import Account
from dunwell.ledger.posting import posted


class Draft:
    """Collects what one report does, to be written in one piece.

    ``account`` is the account as the draft makes it so far; its version stays that of the account as read.
    """

    def __init__(self, account: Account) -> None:
        self._read = account
        self._parts: list[Change] = []
        self.account = account

    def post(self, entry: Entry, at: datetime) -> bool:
        """Add an entry with its event, unless the account has it already; whether it was new.

        What exceeds or comes out of order is left to the fold, which never goes below zero: a gateway tells of what has
        happened, and nobody can refuse that.
        """
        if entry.entry_id in self.account.entries:
            return False
        change = Change(self.account, entries={entry.entry_id: entry})
        self.take(replace(change, events=(posted(change.applied(), entry, at),)))
        return True

    def put_attempt(self, attempt: DebitAttempt) -> None:
        """Keep a try as it is from now on."""
        self.take(Change(self.account, attempts={attempt.attempt_id: attempt}))

    def tell(self, event: Event) -> None:
        """Add an event."""
        self.take(Change(self.account, events=(event,)))

    def take(self, change: Change) -> None:
        """Add a change that was decided on ``account``."""
        if not change.is_empty:
            self._parts.append(change)
            self.account = replace(change.applied(), version=self._read.version)

    def change(self) -> Change:
        """All of it, on the account as it was read."""
        parts = self._parts
        return Change(
            self._read,
            customer=next((one.customer for one in reversed(parts) if one.customer), None),
            invoices={i: invoice for one in parts for i, invoice in one.invoices.items()},
            entries={i: entry for one in parts for i, entry in one.entries.items()},
            events=tuple(event for one in parts for event in one.events),
            figures=tuple(figure for one in parts for figure in one.figures),
            agreements={i: agreement for one in parts for i, agreement in one.agreements.items()},
            methods={i: method for one in parts for i, method in one.methods.items()},
            attempts={i: attempt for one in parts for i, attempt in one.attempts.items()},
        )
