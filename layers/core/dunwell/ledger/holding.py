"""Placing and lifting holds of an account, with the events that tell of it."""

from collections.abc import Iterable
from datetime import datetime

from dunwell.accounts.holds import Hold, hold_lifted, hold_placed
from dunwell.accounts.model import RelationKind
from dunwell.events import Event
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update


def hold(account: Account, new: Hold, at: datetime) -> Change:
    """Place a hold; again changes nothing, also when it was lifted since.

    Raises:
        InvalidInputError: see ``accounts.holds.placed``.
    """
    customer = account.customer.with_hold(new)
    if customer == account.customer:
        return Change(account)
    return Change(account, customer, events=(hold_placed(customer.customer_id, new, at),))


def lift(account: Account, hold_ids: Iterable[str], at: datetime, who: str) -> Change:
    """Lift holds; again changes nothing.

    Raises:
        NotFoundError: one of them is not there.
    """
    customer, events = account.customer, list[Event]()
    for hold_id in dict.fromkeys(hold_ids):
        before = customer
        customer = customer.without_hold(hold_id, at, who)
        if customer != before:
            lifted = {one.hold_id: one for one in customer.holds}[hold_id]
            events.append(hold_lifted(customer.customer_id, lifted, at))
    return Change(account, customer, events=tuple(events)) if events else Change(account)


def lift_with_task(ledger: Ledger, customer_id: str, task_id: str, at: datetime, who: str) -> None:
    """Lift what stands until a task is done, also where it was copied to: customers who were split off meanwhile.

    Done twice, each is lifted once; without such a hold nothing happens.

    Raises:
        NotFoundError: there is no such customer.
    """

    def decide(account: Account) -> Change:
        return lift(account, _of_task(account, task_id), at, who)

    ahead, asked = [customer_id], set[str]()
    while ahead:
        asked.add(ahead[-1])
        account = update(ledger, ahead.pop(), decide)
        if _of_task(account, task_id):
            split_off = (one.customer_id for one in account.customer.relations if one.kind is RelationKind.SPLIT_INTO)
            ahead += [one for one in split_off if one not in asked]


def _of_task(account: Account, task_id: str) -> list[str]:
    return [one.hold_id for one in account.customer.holds if one.task_id == task_id]
