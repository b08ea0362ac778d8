"""Settlements and discounts: the credit note stands as long as the agreement does."""

from datetime import date, timedelta
from typing import Any

import pytest

from dunwell.arrangements.policy import Authority
from dunwell.errors import InvalidInputError, RefusedError
from dunwell.ledger.agreements import AgreementKind, AgreementStatus
from dunwell.ledger.entry import EntryKind
from tests.support.arrangements import MONDAY, ArrangementWorld, at, bill


def forgiven(one: ArrangementWorld) -> int:
    """What stands of credit notes (minor units)."""
    notes = [i for i, entry in one.account.entries.items() if entry.kind is EntryKind.CREDIT_NOTE]
    return sum(one.account.books.standing_minor(i) for i in notes)


def test_nothing_is_given_up_before_the_customer_accepts() -> None:
    one = ArrangementWorld()
    offer = one.offered(60_00)
    assert (offer.amount_minor, one.account.balances) == (240_00, {"USD": 300_00})
    agreed = one.desk.accept_offer("cus_anna", offer.agreement_id, one.evidence())
    assert (agreed.status, one.account.balances) == (AgreementStatus.AUTHORISED, {"USD": 240_00})
    assert one.desk.accept_offer("cus_anna", offer.agreement_id, one.evidence()) == agreed
    assert forgiven(one) == 60_00


def test_a_settlement_that_is_paid_keeps_what_was_given_up() -> None:
    one = ArrangementWorld()
    offer = one.settled(60_00)
    one.go_to(MONDAY + timedelta(days=7))
    one.pay(240_00)
    one.look()
    assert one.agreement(offer.agreement_id).status is AgreementStatus.COMPLETED
    assert (one.account.balances, forgiven(one)) == ({}, 60_00)


def test_a_settlement_that_is_not_paid_restores_the_whole_debt_in_the_same_write() -> None:
    one = ArrangementWorld()
    offer = one.settled(60_00)
    one.pay(100_00)
    one.look_until(date(2026, 6, 9))
    assert one.agreement(offer.agreement_id).status is AgreementStatus.ACTIVE
    one.go_to(date(2026, 6, 10))
    change = one.look()
    assert one.agreement(offer.agreement_id).status is AgreementStatus.BROKEN
    assert (one.account.balances, forgiven(one)) == ({"USD": 200_00}, 0)
    assert [event.name for event in change.events] == ["AgreementBroken", "EntryPosted"]


def test_a_returned_payment_undoes_a_settlement_that_was_kept() -> None:
    one = ArrangementWorld()
    offer = one.settled(60_00)
    payment = one.pay(240_00)
    one.look_until(date(2026, 7, 1))
    assert one.agreement(offer.agreement_id).status is AgreementStatus.COMPLETED
    one.reverse(payment)
    one.look()
    assert one.agreement(offer.agreement_id).status is AgreementStatus.BROKEN
    assert (one.account.balances, forgiven(one)) == ({"USD": 300_00}, 0)


def test_a_payment_returned_before_the_last_day_leaves_the_settlement_standing() -> None:
    one = ArrangementWorld()
    offer = one.settled(60_00)
    payment = one.pay(240_00)
    one.look()
    one.reverse(payment)
    one.look()
    assert one.agreement(offer.agreement_id).status is AgreementStatus.ACTIVE
    assert forgiven(one) == 60_00


def test_a_cancelled_settlement_takes_back_what_it_gave_up() -> None:
    one = ArrangementWorld()
    offer = one.settled(60_00)
    one.desk.cancel("cus_anna", offer.agreement_id, who="customer", at=at(one.today))
    assert (one.account.balances, forgiven(one)) == ({"USD": 300_00}, 0)


def test_an_offer_nobody_accepts_lapses_without_a_trace_in_the_books() -> None:
    one = ArrangementWorld()
    offer = one.offered(60_00, in_days=60)
    assert offer.expires_on == MONDAY + timedelta(days=14)
    one.look_until(MONDAY + timedelta(days=15))
    assert one.agreement(offer.agreement_id).status is AgreementStatus.LAPSED
    assert (one.account.balances, one.account.entries) == ({"USD": 300_00}, {})


def test_a_settlement_may_be_paid_in_parts() -> None:
    one = ArrangementWorld()
    offer = one.settled(60_00, in_days=0, instalments=3)
    assert [part.amount_minor for part in offer.instalments] == [80_00] * 3
    for part in offer.instalments:
        one.look_until(part.due_on)
        one.pay(80_00)
    one.look()
    assert one.agreement(offer.agreement_id).status is AgreementStatus.COMPLETED


def test_what_is_given_up_is_shared_among_the_debts() -> None:
    one = ArrangementWorld(invoices=(bill("A", 100_00), bill("B", 200_00)))
    one.settled(60_00)
    assert (one.account.open_minor("inv_a"), one.account.open_minor("inv_b")) == (80_00, 160_00)


def test_money_that_came_since_the_offer_counts_for_it() -> None:
    one = ArrangementWorld()
    offer = one.offered(60_00)
    one.pay(40_00)
    one.desk.accept_offer("cus_anna", offer.agreement_id, one.evidence())
    assert one.account.balances == {"USD": 200_00}
    one.pay(200_00)
    one.look()
    assert one.agreement(offer.agreement_id).status is AgreementStatus.COMPLETED


def test_no_more_is_given_up_than_is_open_when_it_is_accepted() -> None:
    one = ArrangementWorld()
    offer = one.offered(60_00)
    one.pay(250_00)
    with pytest.raises(RefusedError, match="Less is open now"):
        one.desk.accept_offer("cus_anna", offer.agreement_id, one.evidence())
    assert one.account.balances == {"USD": 50_00}


@pytest.mark.parametrize(
    ("forgiven_minor", "authority", "approval"),
    [
        (60_00, Authority.CUSTOMER, ""),
        (60_01, Authority.CUSTOMER, "agent"),
        (90_01, Authority.AGENT, "supervisor"),
        (150_00, Authority.SUPERVISOR, ""),
    ],
)
def test_more_than_an_authority_may_give_up_waits_for_a_higher_one(
    forgiven_minor: int, authority: Authority, approval: str
) -> None:
    assert ArrangementWorld().offered(forgiven_minor, authority=authority).approval == approval


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"forgiven_minor": 150_01}, InvalidInputError, "Nobody may"),
        ({"forgiven_minor": 0}, InvalidInputError, "a part of the debt"),
        ({"forgiven_minor": 300_00}, InvalidInputError, "a part of the debt"),
        ({"forgiven_minor": 10_00, "rule": "none"}, RefusedError, "does not exist"),
        ({"forgiven_minor": 10_00, "instalments": 4}, InvalidInputError, "at most 3 parts"),
    ],
)
def test_an_offer_beyond_the_policy_is_refused(changes: dict[str, Any], error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        ArrangementWorld().offered(**changes)


def test_an_offer_is_not_made_for_a_small_debt() -> None:
    with pytest.raises(RefusedError, match="of this size"):
        ArrangementWorld(invoices=(bill("A", 99_99),)).offered(10_00)


def test_an_incentive_is_given_once_for_a_debt() -> None:
    one = ArrangementWorld()
    offer = one.offered(60_00)
    one.desk.decline("cus_anna", offer.agreement_id, who="customer", at=at(one.today))
    with pytest.raises(RefusedError, match="made once"):
        one.offered(50_00)
    again = one.offered(50_00, authority=Authority.AGENT)
    one.desk.accept_offer("cus_anna", again.agreement_id, one.evidence())
    one.look_until(date(2026, 6, 20))
    assert one.agreement(again.agreement_id).status is AgreementStatus.BROKEN
    with pytest.raises(RefusedError, match="made once"):
        one.offered(40_00, authority=Authority.SUPERVISOR)


def test_a_discount_for_paying_early_is_a_credit_note_of_that_name() -> None:
    one = ArrangementWorld(invoices=(bill("A", due_on=MONDAY + timedelta(days=30)),))
    offer = one.settled(6_00, in_days=3, kind=AgreementKind.DISCOUNT, rule="early")
    (note,) = [entry for entry in one.account.entries.values() if entry.kind is EntryKind.CREDIT_NOTE]
    assert (note.reason, note.reference, note.amount_minor) == ("discount", offer.agreement_id, 6_00)
