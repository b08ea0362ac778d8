"""Credit and debit notes, settlements for less, write-offs and recoveries: each with somebody who answers for it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from dunwell.errors import InvalidInputError, NotFoundError
from dunwell.ledger.adjusting import (
    CreditReason,
    WriteOffReason,
    credit_note,
    debit_note,
    recovered,
    settle_for_less,
    write_off,
)
from dunwell.ledger.books import Part
from dunwell.ledger.entry import Direction, EntryKind
from dunwell.ledger.model import Account, InvoiceStatus
from dunwell.ledger.posting import post_payment, reverse
from tests.support.portal import account, invoice

ON = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
BY: dict[str, Any] = {"authorised_by": "finance:jo", "on": ON, "at": AT}


def owing() -> Account:
    return account(invoice("A1", 100_00), invoice("A2", 50_00), invoice("E1", 70_00, currency="EUR"))


def pay(made: Account, amount_minor: int, invoice_id: str, currency: str = "USD") -> Account:
    return post_payment(
        made,
        method="bank",
        reference=f"{invoice_id}-{amount_minor}",
        currency=currency,
        amount_minor=amount_minor,
        received_at=AT,
        directed_to=(Direction(invoice_id, amount_minor),),
    ).applied()


def written_off(amount_minor: int = 100_00) -> Account:
    change = write_off(owing(), "inv_a1", amount_minor, key="w1", reason=WriteOffReason.UNCOLLECTIBLE, **BY)
    return change.applied()


def test_a_write_off_leaves_the_debt_owed_and_the_other_currencies_alone() -> None:
    made = written_off()
    assert (made.balances, made.books.written_off_minor("inv_a1")) == ({"USD": 50_00, "EUR": 70_00}, 100_00)
    assert made.status("inv_a1") is InvoiceStatus.WRITTEN_OFF
    (entry,) = made.entries.values()
    assert (entry.reason, entry.method) == ("uncollectible", "finance:jo")


def test_money_for_what_was_written_off_is_a_recovery_and_no_receivable() -> None:
    made = pay(written_off(), 30_00, "inv_a1")
    assert (recovered(made), made.balances) == ({"USD": 30_00}, {"USD": 50_00, "EUR": 70_00})
    assert made.books.written_off_minor("inv_a1") == 70_00
    assert recovered(owing()) == {}


def test_a_debt_that_was_written_off_can_be_reinstated() -> None:
    made = pay(written_off(), 30_00, "inv_a1")
    (entry_id,) = (i for i, e in made.entries.items() if e.kind is EntryKind.WRITE_OFF)
    made = reverse(
        made, entry_id, 100_00, method="console", reference="x", reversed_at=AT, reason="reinstated"
    ).applied()
    assert (made.open_minor("inv_a1"), recovered(made)) == (70_00, {})


def test_a_write_off_under_the_same_key_is_one_and_more_than_is_open_is_refused() -> None:
    made = written_off(60_00)
    again = write_off(made, "inv_a1", 60_00, key="w1", reason=WriteOffReason.UNCOLLECTIBLE, **BY)
    assert again.is_empty
    with pytest.raises(InvalidInputError, match="more than stands"):
        write_off(made, "inv_a1", 40_01, key="w2", reason=WriteOffReason.SMALL_BALANCE, **BY)


def test_nobodys_write_off_and_one_of_an_unknown_invoice_are_refused() -> None:
    given: dict[str, Any] = {"key": "w", "reason": WriteOffReason.DECEASED, "on": ON, "at": AT}
    with pytest.raises(InvalidInputError, match="who authorised"):
        write_off(owing(), "inv_a1", 1, authorised_by="", **given)
    with pytest.raises(NotFoundError):
        write_off(owing(), "inv_x", 1, authorised_by="jo", **given)


def test_forgiveness_is_a_credit_note_and_nothing_stays_owed() -> None:
    made = settle_for_less(pay(owing(), 60_00, "inv_a1"), ["inv_a1"], key="deal", **BY).applied()
    assert (made.balances, made.books.written_off_minor("inv_a1")) == ({"USD": 50_00, "EUR": 70_00}, 0)
    assert made.status("inv_a1") is InvoiceStatus.PAID
    assert settle_for_less(made, ["inv_a1"], key="deal", **BY).is_empty


def test_no_more_is_given_up_than_is_open_and_not_across_currencies() -> None:
    given: dict[str, Any] = {"key": "c", "reason": CreditReason.FORGIVENESS} | BY
    with pytest.raises(InvalidInputError, match="than is open"):
        credit_note(owing(), "USD", [Direction("inv_a1", 100_01)], 100_01, **given)
    with pytest.raises(InvalidInputError, match="own currency"):
        credit_note(owing(), "USD", [Direction("inv_e1", 1)], 1, **given)
    with pytest.raises(InvalidInputError, match="one currency"):
        settle_for_less(owing(), ["inv_a1", "inv_e1"], key="c", **BY)
    with pytest.raises(InvalidInputError, match="more than zero"):
        settle_for_less(pay(owing(), 100_00, "inv_a1"), ["inv_a1"], key="c", **BY)


def test_a_credit_note_beyond_its_invoice_is_credit_of_its_own_currency() -> None:
    change = credit_note(
        owing(), "EUR", [Direction("inv_e1", 80_00)], 80_00, key="CN-1", reason=CreditReason.RETURN, **BY
    )
    made = change.applied()
    assert (made.balances, made.unapplied) == ({"USD": 150_00}, {"EUR": 10_00})
    assert change.events[0].data["reason"] == "return"


def test_a_debit_note_raises_the_principal() -> None:
    change = debit_note(owing(), "inv_a1", 5_00, key="DN-1", reason="pricing_error", **BY)
    assert change.applied().books.part_minor("inv_a1", Part.PRINCIPAL) == 105_00
