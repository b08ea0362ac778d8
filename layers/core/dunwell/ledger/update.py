"""Deciding on an account and writing the decision, again when somebody else was faster."""

from collections.abc import Callable

from dunwell.errors import ConflictError, NotFoundError
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger

ATTEMPTS = 24
"""Sixteen writers at one account lose to each other at most as often as there are others; the store spreads them."""


def update(ledger: Ledger, customer_id: str, decide: Callable[[Account], Change]) -> Account:
    """Load, decide, commit; decided afresh on the newer account after a lost race. An empty change writes nothing.

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
