"""Facts that pile up on each other: what the state machine of the ledger found, told as examples."""

from dataclasses import replace
from typing import Any

import pytest

from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Account
from tests.support.oracle import check
from tests.unit.ledger.test_fold import account, bill, entry, on_invoice, parts, pay, undo


def checked(*facts: object) -> Account:
    made = account(*facts)  # type: ignore[arg-type]
    check(made)
    return made


def gone(of: str) -> Entry:
    return Entry(f"mov_{of}", EntryKind.MOVED, "USD", 0, bill("A", 1).issued_on, reference="cus_b", of=of)


@pytest.mark.parametrize(("undone", "open_minor"), [(0, 0), (1, 100), (2, 0), (3, 100), (4, 0)])
def test_reversals_of_reversals_take_turns_at_any_depth(undone: int, open_minor: int) -> None:
    chain = [undo(f"r{n}", f"r{n - 1}" if n else "p", 100, 20 + n) for n in range(undone)]
    assert checked(bill("A", 100), pay("p", 100), *chain).open_minor("inv_A") == open_minor


def test_a_reversal_whose_payment_moved_to_another_account_waits_without_effect() -> None:
    made = checked(bill("A", 100), pay("p", 100), undo("r", "p", 100), gone("p"))
    assert (made.balances, made.unapplied) == ({"USD": 100}, {})


def test_a_fee_waived_after_it_was_written_off_is_not_owed_any_more() -> None:
    facts = (bill("A", 100), on_invoice("f", EntryKind.FEE, "A", 20), on_invoice("w", EntryKind.WRITE_OFF, "A", 120, 8))
    made = checked(*facts, undo("r", "f", 20, 12))
    assert (parts(made, "A"), made.books.billed_minor("inv_A")) == ((0, 0, 0, 100), 100)
    assert parts(checked(*facts, undo("r", "f", 20, 12), undo("rw", "w", 100, 15)), "A") == (0, 0, 100, 0)


def test_a_fee_written_off_recovered_and_then_waived_is_credit_again() -> None:
    facts = (bill("A", 100), on_invoice("f", EntryKind.FEE, "A", 20), on_invoice("w", EntryKind.WRITE_OFF, "A", 120, 8))
    made = checked(*facts, pay("p", 120, 10, ("A", 120)), undo("r", "f", 20, 12))
    assert (made.unapplied, made.books.written_off_minor("inv_A")) == ({"USD": 20}, 0)


def test_one_dispute_ended_twice_leaves_the_other_standing() -> None:
    disputes = (on_invoice("d1", EntryKind.DISPUTE, "A", 60), on_invoice("d2", EntryKind.DISPUTE, "A", 40))
    ends = [entry(f"e{n}", EntryKind.DISPUTE_END, 60, 15 + n, of="d1") for n in range(2)]
    assert checked(bill("A", 100), *disputes, *ends).disputed_minor("inv_A") == 40


def test_an_end_in_another_currency_ends_nothing() -> None:
    end = replace(entry("e", EntryKind.DISPUTE_END, 60, 15, of="d"), currency="EUR")
    assert checked(bill("A", 100), on_invoice("d", EntryKind.DISPUTE, "A", 60), end).disputed_minor("inv_A") == 60


def test_credit_that_is_free_again_goes_before_younger_credit() -> None:
    facts = (
        bill("A", 100),
        on_invoice("f", EntryKind.FEE, "A", 20),
        pay("old", 120, 10),
        pay("young", 50, 11),
        undo("r", "f", 20, 12),
        bill("B", 15, issued=20, due=40),
    )
    made = checked(*facts)
    assert [one.part for one in made.allocations("young")] == []
    assert (made.allocations("old")[-1].invoice_id, made.books.unapplied_minor("old")) == ("inv_B", 5)


def test_a_payment_that_names_a_settled_invoice_again_does_not_move_the_day_it_was_settled() -> None:
    twice = pay("p", 100, 10, ("A", 100)), pay("q", 100, 15, ("A", 100))
    assert checked(bill("A", 100), *twice).settlement_dates == {"inv_A": twice[0].on}


def test_an_invoice_is_settled_on_the_day_its_written_off_rest_is_recovered() -> None:
    facts = (bill("A", 100), on_invoice("w", EntryKind.WRITE_OFF, "A", 100, 8))
    recovery = pay("p", 100, 12, ("A", 100))
    assert checked(*facts).settlement_dates == {}
    assert checked(*facts, recovery).settlement_dates == {"inv_A": recovery.on}
    assert checked(*facts, recovery, undo("r", "p", 1)).settlement_dates == {}


@pytest.mark.parametrize("directed", [(), (("A", 60),)])
def test_an_invoice_of_which_a_part_is_written_off_is_not_settled_when_the_rest_is_paid(directed: Any) -> None:
    facts = (bill("A", 100), on_invoice("w", EntryKind.WRITE_OFF, "A", 40, 8), pay("p", 60, 10, *directed))
    made = checked(*facts)
    assert (made.open_minor("inv_A"), made.books.written_off_minor("inv_A")) == (0, 40)
    assert made.settlement_dates == {}


def test_money_kept_for_an_invoice_that_comes_in_another_currency_is_free() -> None:
    euros = replace(pay("p", 100, 5, ("A", 100)), currency="EUR")
    made = checked(bill("B", 60, currency="EUR"), bill("A", 100, issued=10, due=40), euros)
    assert (made.balances, made.unapplied) == ({"USD": 100}, {"EUR": 40})
