"""Posting money: where it goes, and that it goes there once (rule PAY-ORDER)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from dunwell.errors import ConflictError, InvalidInputError, NotFoundError
from dunwell.events import PAYMENT_APPLIED
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.posting import post_payment
from dunwell.ledger.update import ATTEMPTS, update
from tests.support.ledger import directions, in_dispute
from tests.support.memory import InMemoryLedger
from tests.support.portal import NOW, account, customer, invoice

OLD, NEW = date(2026, 9, 1), date(2026, 10, 1)


def post(owing: Account, amount_minor: int, reference: str = "r1", currency: str = "USD", **more: Any) -> Change:
    usual: dict[str, Any] = {"method": "test", "received_at": NOW, "directed_to": ()} | more
    return post_payment(owing, reference=reference, currency=currency, amount_minor=amount_minor, **usual)


def went(change: Change) -> dict[str, int]:
    (payment_id,) = change.entries
    return {part.invoice_id: part.amount_minor for part in change.applied().allocations(payment_id)}


def test_money_settles_the_oldest_due_first_and_equally_old_by_number() -> None:
    owing = account(invoice("C", 100, NEW), invoice("B", 100, OLD), invoice("A", 100, OLD))
    assert went(post(owing, 250)) == {"inv_a": 100, "inv_b": 100, "inv_c": 50}


def test_the_payers_direction_comes_first_in_the_payers_order() -> None:
    owing = account(invoice("A", 100, OLD), invoice("B", 100, NEW), invoice("C", 100, NEW))
    directed = directions(owing, ["inv_c", "inv_unknown", "inv_b", "inv_c"])
    assert list(went(post(owing, 250, directed_to=directed)).items()) == [("inv_c", 100), ("inv_b", 100), ("inv_a", 50)]


def test_disputed_items_get_nothing_unless_the_payer_names_them() -> None:
    owing = account(in_dispute(invoice("A", 100, OLD)), invoice("B", 100, NEW))
    assert went(post(owing, 150)) == {"inv_b": 100}
    assert went(post(owing, 150, directed_to=directions(owing, ["inv_a"]))) == {"inv_a": 100, "inv_b": 50}


def test_too_much_money_is_unapplied_credit() -> None:
    after = post(account(invoice("A", 100)), 175).applied()
    assert (after.balances, after.unapplied) == ({}, {"USD": 75})


def test_currencies_are_never_netted() -> None:
    after = post(account(invoice("A", 100), invoice("E", 100, currency="EUR")), 150, currency="EUR").applied()
    assert (after.balances, after.unapplied) == ({"USD": 100}, {"EUR": 50})


def test_what_was_paid_in_part_takes_only_the_rest() -> None:
    part = post(account(invoice("A", 100)), 30).applied()
    assert went(post(part, 100, "r2")) == {"inv_a": 70}


def test_a_settled_invoice_has_the_date_of_the_payment_that_closed_it() -> None:
    owing = account(invoice("A", 100))
    late = post(owing, 60, "r1", received_at=NOW + timedelta(days=2)).applied()
    closed = post(late, 40, "r2").applied()
    assert (late.settlement_dates, closed.settlement_dates) == ({}, {"inv_a": (NOW + timedelta(days=2)).date()})


def test_a_payment_posted_twice_counts_once() -> None:
    once = post(account(invoice("A", 100)), 60).applied()
    again = post(once, 60)
    assert again.is_empty
    assert not again.events


@pytest.mark.parametrize("other", [{"amount_minor": 61}, {"currency": "EUR"}])
def test_a_reference_that_is_known_with_another_amount_is_refused(other: dict[str, Any]) -> None:
    once = post(account(invoice("A", 100)), 60).applied()
    given: dict[str, Any] = {"method": "test", "reference": "r1", "currency": "USD", "amount_minor": 60} | other
    with pytest.raises(InvalidInputError, match="already posted with another amount"):
        post_payment(once, received_at=NOW, **given)


def test_the_same_reference_of_another_method_or_customer_is_another_payment() -> None:
    mine, other = account(invoice("A", 100)), account(invoice("A", 100), who=customer("cus_bert"))
    made = [post(mine, 10), post(mine, 10, method="cash"), post(other, 10)]
    assert len({payment_id for change in made for payment_id in change.entries}) == 3


@pytest.mark.parametrize("amount_minor", [0, -1])
def test_a_payment_is_more_than_zero(amount_minor: int) -> None:
    with pytest.raises(InvalidInputError, match="more than zero"):
        post(account(invoice("A", 100)), amount_minor)


def test_the_event_tells_what_is_open_afterwards() -> None:
    (event,) = post(account(invoice("A", 100)), 130).events
    assert event.name == PAYMENT_APPLIED
    assert (event.data["unapplied_minor"], event.data["open_minor"]) == (30, 0)


# --- deciding and writing ---


def test_a_lost_race_is_decided_again_on_the_newer_account() -> None:
    ledger = InMemoryLedger(account(invoice("A", 100)))

    def faster(_: Change) -> None:
        ledger.before_commit = lambda change: None
        ledger.commit(post(ledger.accounts["cus_anna"], 80, "faster"))

    ledger.before_commit = faster
    after = update(ledger, "cus_anna", lambda read: post(read, 50))
    assert (after.balances, after.unapplied) == ({}, {"USD": 30})
    assert sorted(after.books.unapplied_minor(payment_id) for payment_id in after.payments) == [0, 30]


def test_a_race_that_is_lost_every_time_ends_in_a_conflict() -> None:
    ledger = InMemoryLedger(account(invoice("A", 100)))
    tried = []

    def always_faster(change: Change) -> None:
        tried.append(change)
        raise ConflictError("lost")

    ledger.before_commit = always_faster
    with pytest.raises(ConflictError):
        update(ledger, "cus_anna", lambda read: post(read, 50))
    assert len(tried) == ATTEMPTS


def test_an_unknown_customer_is_not_found_and_nothing_to_do_writes_nothing() -> None:
    ledger = InMemoryLedger(account())
    with pytest.raises(NotFoundError):
        update(ledger, "cus_nobody", Change)
    assert update(ledger, "cus_anna", Change).version == 1


def test_a_new_description_changes_the_customer_and_no_balance() -> None:
    owing = account(invoice("A", 100))
    after = Change(owing, replace(owing.customer, name="New name")).applied()
    assert (after.customer.name, after.version, after.balances) == ("New name", 2, owing.balances)
