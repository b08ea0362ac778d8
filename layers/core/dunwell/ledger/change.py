"""A change to one account: what is added, and the events that tell of it. The store writes all of it or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dunwell.accounts.model import Customer
from dunwell.events import Event
from dunwell.figures import Figure
from dunwell.ledger.agreements import Agreement
from dunwell.ledger.debits import DebitAttempt, PaymentMethod
from dunwell.ledger.entry import Entry
from dunwell.ledger.model import Account, Invoice


@dataclass(frozen=True, slots=True)
class Change:
    """What one decision does to an account.

    Attributes:
        account: the account as it was read; its version is the condition of the write.
        customer: the customer's new description, or None when it stays.
        invoices: new invoices, and known ones whose description changed; never another amount.
        entries: new entries.
        events: facts to publish, in order.
        figures: new figures about the customer.
        agreements, methods, attempts: new ones, and known ones as they are from now on.
    """

    account: Account
    customer: Customer | None = None
    invoices: Mapping[str, Invoice] = field(default_factory=dict)
    entries: Mapping[str, Entry] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    figures: tuple[Figure, ...] = ()
    agreements: Mapping[str, Agreement] = field(default_factory=dict)
    methods: Mapping[str, PaymentMethod] = field(default_factory=dict)
    attempts: Mapping[str, DebitAttempt] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        facts = (self.invoices, self.entries, self.figures, self.agreements, self.methods, self.attempts)
        return not (self.customer or self.events or any(facts))

    def applied(self) -> Account:
        """The account after the change, one version on."""
        before = self.account
        return replace(
            before,
            customer=self.customer or before.customer,
            version=before.version + 1,
            invoices={**before.invoices, **self.invoices},
            entries={**before.entries, **self.entries},
            figures=before.figures + self.figures,
            agreements={**before.agreements, **self.agreements},
            methods={**before.methods, **self.methods},
            attempts={**before.attempts, **self.attempts},
        )

    def then(self, following: "Change") -> "Change":
        """Both as one write.

        Args:
            following: a change that was decided on this one's ``applied()``.
        """
        return Change(
            self.account,
            following.customer or self.customer,
            {**self.invoices, **following.invoices},
            {**self.entries, **following.entries},
            self.events + following.events,
            self.figures + following.figures,
            {**self.agreements, **following.agreements},
            {**self.methods, **following.methods},
            {**self.attempts, **following.attempts},
        )
