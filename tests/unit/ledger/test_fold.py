"""Balances from facts: where money goes, and that reversing it undoes exactly what it did (rule PAY-ORDER)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import Customer, CustomerKind
from dunwell.ledger.books import Part
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account, Instalment, Invoice, InvoiceStatus

DAY = date(2026, 3, 1)
CUSTOMER = Customer("cus_a", "example", "test", "1", CustomerKind.BUSINESS, "A")


def day(days: int) -> date:
    return DAY + timedelta(days=days)


def bill(number: str, amount_minor: int, due: int = 30, issued: int = 0, **more: Any) -> Invoice:
    currency = more.pop("currency", "USD")
    return Invoice(f"inv_{number}", number, currency, amount_minor, day(issued), day(due), **more)


def entry(entry_id: str, kind: EntryKind, amount_minor: int, on: int = 10, *to: tuple[str, int], of: str = "") -> Entry:
    directed = tuple(Direction(f"inv_{number}", amount) for number, amount in to)
    return Entry(entry_id, kind, "USD", amount_minor, day(on), directed_to=directed, of=of)


def pay(entry_id: str, amount_minor: int, on: int = 10, *to: tuple[str, int]) -> Entry:
    return entry(entry_id, EntryKind.PAYMENT, amount_minor, on, *to)


def undo(entry_id: str, of: str, amount_minor: int, on: int = 20) -> Entry:
    return entry(entry_id, EntryKind.REVERSAL, amount_minor, on, of=of)


def on_invoice(entry_id: str, kind: EntryKind, number: str, amount_minor: int, on: int = 5) -> Entry:
    return entry(entry_id, kind, amount_minor, on, (number, amount_minor))


def account(*facts: Invoice | Entry) -> Account:
    return Account(
        CUSTOMER,
        1,
        {fact.invoice_id: fact for fact in facts if isinstance(fact, Invoice)},
        {fact.entry_id: fact for fact in facts if isinstance(fact, Entry)},
    )


def parts(made: Account, number: str) -> tuple[int, ...]:
    return tuple(made.books.part_minor(f"inv_{number}", part) for part in Part)


CHARGED = (
    bill("A", 5_000, due=1),
    bill("B", 10_000, due=2),
    on_invoice("fee", EntryKind.FEE, "A", 500),
    on_invoice("int", EntryKind.INTEREST, "A", 300),
)


def test_a_payment_settles_interest_then_fees_then_principal_then_the_next_invoice() -> None:
    made = account(*CHARGED, pay("p", 10_000, 10, ("A", 10_000)))
    assert [(a.invoice_id, a.part, a.amount_minor) for a in made.allocations("p")] == [
        ("inv_A", Part.INTEREST, 300),
        ("inv_A", Part.FEES, 500),
        ("inv_A", Part.PRINCIPAL, 5_000),
        ("inv_B", Part.PRINCIPAL, 4_200),
    ]


def test_a_chargeback_restores_all_four() -> None:
    made = account(*CHARGED, pay("p", 10_000), undo("r", "p", 10_000))
    assert (parts(made, "A"), parts(made, "B")) == ((300, 500, 5_000, 0), (0, 0, 10_000, 0))
    assert (made.unapplied, made.allocations("p"), made.books.standing_minor("p")) == ({}, (), 0)


def test_a_partial_refund_takes_what_is_unapplied_first_and_then_what_was_settled_last() -> None:
    made = account(*CHARGED, pay("p", 16_000), undo("r", "p", 1_000))
    assert (made.unapplied, parts(made, "A"), parts(made, "B")) == ({}, (0, 0, 0, 0), (0, 0, 800, 0))


def test_a_refund_that_failed_stands_as_if_it_had_not_been() -> None:
    facts = (*CHARGED, pay("p", 16_000))
    made = account(*facts, undo("r", "p", 9_000), undo("rr", "r", 9_000, 21))
    assert (made.balances, made.unapplied) == (account(*facts).balances, account(*facts).unapplied)


def test_a_reversal_that_comes_before_its_payment_waits_for_it() -> None:
    early = account(*CHARGED, undo("r", "p", 10_000, on=3))
    assert early.balances == {"USD": 15_800}
    assert account(*CHARGED, undo("r", "p", 10_000, on=3), pay("p", 10_000)).balances == {"USD": 15_800}


def test_unapplied_credit_flows_to_the_next_invoice_by_itself() -> None:
    made = account(bill("A", 100), pay("p", 150), bill("B", 80, due=60, issued=20))
    assert (made.balances, made.unapplied, made.open_minor("inv_B")) == ({"USD": 30}, {}, 30)


def test_money_for_an_invoice_to_come_is_kept_for_it() -> None:
    prepaid = pay("p", 80, 10, ("B", 80))
    waiting = account(bill("A", 100), prepaid)
    assert (waiting.balances, waiting.unapplied) == ({"USD": 100}, {"USD": 80})
    made = account(bill("A", 100), prepaid, bill("B", 80, issued=20, due=50))
    assert (made.balances, made.unapplied, made.open_minor("inv_B")) == ({"USD": 100}, {}, 0)


def test_a_dispute_keeps_undirected_money_off_the_contested_part_until_it_ends() -> None:
    facts = (bill("A", 100), on_invoice("d", EntryKind.DISPUTE, "A", 60), pay("p", 100))
    contested = account(*facts)
    assert (contested.balances, contested.unapplied) == ({"USD": 60}, {"USD": 60})
    (item,) = contested.open_invoices
    assert (item.disputed_minor, item.collectable_minor, contested.status("inv_A")) == (60, 0, InvoiceStatus.DISPUTED)
    ended = account(*facts, entry("e", EntryKind.DISPUTE_END, 60, 15, of="d"))
    assert (ended.balances, ended.unapplied) == ({}, {})


def test_a_credit_note_lowers_the_principal_first() -> None:
    made = account(*CHARGED, entry("c", EntryKind.CREDIT_NOTE, 5_200, 10, ("A", 5_200)))
    assert parts(made, "A") == (300, 300, 0, 0)


def test_a_write_off_is_no_settlement_and_money_for_it_is_a_recovery() -> None:
    facts = (*CHARGED, on_invoice("w", EntryKind.WRITE_OFF, "A", 5_800, 12))
    made = account(*facts)
    assert (made.balances, made.books.written_off_minor("inv_A")) == ({"USD": 10_000}, 5_800)
    assert made.status("inv_A") is InvoiceStatus.WRITTEN_OFF
    assert "inv_A" not in made.settlement_dates
    paid = account(*facts, pay("p", 2_000, 15, ("A", 2_000)))
    assert (paid.books.recovered_minor("p"), paid.balances) == (2_000, {"USD": 10_000})
    assert account(*facts, pay("p", 2_000, 15)).open_minor("inv_B") == 8_000


def test_a_write_off_taken_back_restores_every_part_and_turns_recoveries_into_payments() -> None:
    facts = (*CHARGED, on_invoice("w", EntryKind.WRITE_OFF, "A", 5_800, 12))
    assert parts(account(*facts, undo("r", "w", 5_800)), "A") == (300, 500, 5_000, 0)
    recovered = account(*facts, pay("p", 2_000, 15, ("A", 2_000)), undo("r", "w", 5_800))
    assert (parts(recovered, "A"), recovered.books.recovered_minor("p")) == ((0, 0, 3_800, 0), 0)


def test_a_waived_fee_that_was_paid_is_credit_again() -> None:
    made = account(bill("A", 100), on_invoice("f", EntryKind.FEE, "A", 20), pay("p", 120), undo("r", "f", 20))
    assert (made.balances, made.unapplied, made.books.billed_minor("inv_A")) == ({}, {"USD": 20}, 100)


def test_payments_count_for_the_oldest_instalment_first() -> None:
    invoice = bill("A", 300, due=10, instalments=tuple(Instalment(day(d), 100) for d in (10, 40, 70)))
    (item,) = account(invoice, pay("p", 130)).open_invoices
    assert item.schedule == (Instalment(day(40), 70), Instalment(day(70), 100))
    assert (item.due_on, item.past_due_minor(day(41)), item.past_due_minor(day(40))) == (day(40), 70, 0)


def test_a_payment_pending_is_no_money_yet_and_ends_with_the_payment_or_the_failure() -> None:
    announced = entry("n", EntryKind.PENDING, 100, 9)
    assert (account(bill("A", 100), announced).balances, len(account(announced).pending)) == ({"USD": 100}, 1)
    assert account(announced, replace(pay("p", 100), of="n")).pending == ()
    assert account(announced, entry("f", EntryKind.FAILURE, 100, of="n")).pending == ()


def test_an_announcement_does_not_move_its_payment_among_those_of_its_day() -> None:
    bills, announced = (bill("A", 100, due=1), bill("B", 100, due=2)), entry("n", EntryKind.PENDING, 60, 9)
    told = (entry("p", EntryKind.CREDIT_NOTE, 60, 10), replace(pay("a", 60), of="n"), pay("b", 60))
    made = account(*bills, *told)
    assert account(*bills, *told, announced).allocations("a") == made.allocations("a") != ()


def test_two_payments_and_a_refund_between_them_on_one_day_take_effect_by_the_hour() -> None:
    def hour(made: Entry, hours: int) -> Entry:
        return replace(made, at=datetime.fromisoformat(f"2026-03-11T{hours:02}:00:00+00:00"))

    first, again = (hour(pay(i, 100, 10, ("A", 100)), hours) for i, hours in (("p1", 9), ("p2", 11)))
    made = account(bill("A", 100), bill("B", 100), first, hour(undo("r", "p1", 100, 10), 10), again)
    assert (made.open_minor("inv_A"), made.open_minor("inv_B")) == (0, 100)


def test_an_account_as_of_a_day_knows_only_what_had_happened() -> None:
    made = account(bill("A", 100), bill("B", 50, issued=20), pay("p", 60, 10), undo("r", "p", 60, 15))
    assert [made.at(day(d)).balances["USD"] for d in (9, 10, 15, 20)] == [100, 40, 100, 150]


FACTS = st.lists(
    st.one_of(
        st.builds(bill, st.sampled_from("ABCD"), st.integers(1, 300), st.integers(0, 40), st.integers(0, 40)),
        st.builds(pay, st.sampled_from("pqrs"), st.integers(1, 400), st.integers(0, 40)),
        st.builds(
            lambda i, amount, on, number: pay(i, amount, on, (number, amount)),
            st.sampled_from("tuvw"),
            st.integers(1, 400),
            st.integers(0, 40),
            st.sampled_from("ABCD"),
        ),
        st.builds(
            on_invoice,
            st.sampled_from(["f1", "f2"]),
            st.sampled_from([EntryKind.FEE, EntryKind.INTEREST, EntryKind.WRITE_OFF, EntryKind.DISPUTE]),
            st.sampled_from("ABCD"),
            st.integers(1, 200),
            st.integers(0, 40),
        ),
        st.builds(undo, st.sampled_from(["r1", "r2"]), st.sampled_from(["p", "t", "f1", "r1"]), st.integers(1, 300)),
    ),
    max_size=14,
    unique_by=lambda fact: fact.invoice_id if isinstance(fact, Invoice) else fact.entry_id,
)


def picture(made: Account) -> Any:
    allocations = {entry_id: made.allocations(entry_id) for entry_id in sorted(made.entries)}
    return made.open_invoices, made.unapplied, made.settlement_dates, allocations


@given(FACTS, st.randoms())
def test_the_same_facts_make_the_same_ledger_in_whatever_order_they_arrive(facts: list[Any], random: Any) -> None:
    shuffled = [*facts]
    random.shuffle(shuffled)
    assert picture(account(*facts)) == picture(account(*shuffled))


@given(FACTS)
def test_what_is_owed_is_always_what_was_billed_less_what_stands_paid_and_nothing_is_negative(facts: list[Any]) -> None:
    made = account(*facts)
    books = made.books
    billed = sum(books.billed_minor(i) for i in made.invoices)
    credits = [i for i, e in made.entries.items() if e.kind is EntryKind.PAYMENT]
    applied = sum(a.amount_minor for i in credits for a in made.allocations(i))
    owed = sum(books.part_minor(i, part) for i in made.invoices for part in Part)
    assert owed == billed - applied
    for i in credits:
        assert books.standing_minor(i) == sum(a.amount_minor for a in made.allocations(i)) + books.unapplied_minor(i)
        assert 0 <= books.standing_minor(i) <= made.entries[i].amount_minor
        assert books.unapplied_minor(i) >= 0
    assert all(books.part_minor(i, part) >= 0 for i in made.invoices for part in Part)


@given(FACTS)
def test_no_credit_lies_idle_while_an_undisputed_invoice_is_open(facts: list[Any]) -> None:
    made = account(*facts)
    for item in made.open_invoices:
        kept = any(e.directed_to and e.directed_to[0].invoice_id not in made.invoices for e in made.entries.values())
        assert kept or item.collectable_minor <= 0 or not made.unapplied.get(item.invoice.currency)


@pytest.mark.parametrize("count", [500])
def test_one_payment_over_hundreds_of_invoices_is_one_entry(count: int) -> None:
    bills = [bill(f"{n:04}", 100 + n, due=n) for n in range(count)]
    total = sum(b.amount_minor for b in bills)
    made = account(*bills, pay("p", total, 10, *((b.number, b.amount_minor) for b in bills)))
    assert (made.balances, made.unapplied, len(made.allocations("p"))) == ({}, {}, count)
