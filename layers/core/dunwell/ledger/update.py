"""Deciding on an account and writing the decision, again when somebody else was faster."""

from collections.abc import Callable

from dunwell.errors import ConflictError, NotFoundError
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger

ATTEMPTS = 24
"""Sixteen writers at one account lose to each other at most as often as there are others; the store spreads them."""


MERGERS = 16
"""A record that became part of another one so many times over is a mistake."""


def followed(read: Callable[[str], Account | None], customer_id: str) -> Account | None:
    """The account that a customer's facts are on now: of the customer, or of the one that it became part of.

    What a store's ``load`` does, so that links, orders, files and webhooks of before a merger find their way.

    Args:
        read: gives an account as it is stored, or None.

    Raises:
        ConflictError: the records say that they are part of each other.
    """
    for _ in range(MERGERS):
        account = read(customer_id)
        if account is None or not account.customer.merged_into:
            return account
        customer_id = account.customer.merged_into
    raise ConflictError("these customers' records say that they are part of each other: split them")


def update(ledger: Ledger, customer_id: str, decide: Callable[[Account], Change]) -> Account:
    """Load, decide, commit; decided afresh on the newer account after a lost race. An empty change writes nothing.

    What is meant for a customer who became part of another one is decided on that one's account.

    Raises:
        NotFoundError: there is no such customer.
        ConflictError: the race was lost every time; the trigger's own retry comes later.
    """
    for attempt in range(1, ATTEMPTS + 1):
        account = ledger.load(customer_id)
        if account is None:
            raise NotFoundError("there is no such customer")
        change = decide(account)
        if change.is_empty:
            return account
        try:
            return ledger.commit(change)
        except ConflictError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")
