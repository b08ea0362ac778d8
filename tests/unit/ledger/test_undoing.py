"""What went back of a payment, told by its cumulative amount."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.undoing import UndoneBy, WentBack, followed
from tests.support.portal import account, invoice

PAID_ON = date(2026, 11, 2)
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAYMENT = Entry("pay_1", EntryKind.PAYMENT, "USD", 1_000, PAID_ON, method="stripe", reference="pi_1#succeeded")


def refund(minor: int, version: str = "1", reason: UndoneBy = UndoneBy.REFUND, on: int = 5) -> WentBack:
    return WentBack(reason, minor, date(2026, 11, on), date(2026, 11, on), version)


def after(known: Sequence[Entry], *told: WentBack, at: datetime = AT) -> list[Entry]:
    """What is known afterwards."""

    def about(entry_id: str) -> list[Entry]:
        return [one for one in known if one.of == entry_id]

    return [*known, *followed("cus_anna", PAYMENT, about, told, at)]


def standing(known: Sequence[Entry]) -> int:
    facts = {PAYMENT.entry_id: PAYMENT} | {one.entry_id: one for one in known}
    mine = replace(account(invoice("A1", 1_000)), entries=facts)
    return mine.books.standing_minor(PAYMENT.entry_id)


def test_more_is_reversed_by_the_difference_and_the_same_again_by_nothing() -> None:
    first = after([], refund(300))
    second = after(first, refund(500, "2"))
    assert [one.amount_minor for one in second] == [300, 200]
    assert after(second, refund(500, "3")) == second


def test_less_stands_again_the_last_reversal_first() -> None:
    known = after(after([], refund(300)), refund(500, "2"))
    again = after(known, refund(250, "3"))[2:]
    assert [(one.of, one.amount_minor) for one in again] == [(known[1].entry_id, 200), (known[0].entry_id, 50)]
    assert standing(after(known, refund(250, "3"))) == 750


def test_an_older_reading_changes_nothing() -> None:
    known = after([], refund(500, "2"))
    assert after(known, refund(0, "1")) == known


def test_without_versions_it_only_grows() -> None:
    known = after([], refund(500, ""))
    assert after(known, refund(100, "")) == known
    assert standing(after(known, refund(600, ""))) == 400


def test_no_more_goes_back_than_came() -> None:
    assert standing(after([], refund(5_000))) == 0


def test_a_refund_somebody_posted_by_hand_is_not_reversed_again() -> None:
    by_hand = Entry("rev_x", EntryKind.REVERSAL, "USD", 300, PAID_ON, reference="re_1", of="pay_1", reason="refund")
    assert after([by_hand], refund(300)) == [by_hand]


def test_a_chargeback_that_came_back_and_a_later_refund_leave_what_the_gateway_has() -> None:
    taken = after([], refund(1_000, "1", UndoneBy.CHARGEBACK, on=3))
    told = (refund(61, "2", on=4), refund(939, "2", UndoneBy.CHARGEBACK, on=9))
    known = after(taken, *told, at=AT + timedelta(hours=1))
    assert standing(known) == 0
    back = after(known, refund(61, "3", on=4), refund(0, "3", UndoneBy.CHARGEBACK, on=10), at=AT + timedelta(hours=2))
    assert standing(back) == 939
