"""Merging, splitting and transferring: facts change accounts, money neither appears nor vanishes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import Customer, CustomerKind
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell.ledger.books import Part
from dunwell.ledger.change import Change
from dunwell.ledger.entry import CREDITS, Direction, Entry, EntryKind
from dunwell.ledger.fold import Replay
from dunwell.ledger.model import Account
from dunwell.ledger.moving import merge, split, transfer
from dunwell.ledger.posting import charge, post_payment, reverse
from dunwell.ledger.update import update
from tests.support.memory import InMemoryLedger
from tests.unit.ledger.test_fold import CUSTOMER, FACTS, account, bill, entry, on_invoice, pay, undo

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
OTHER = replace(CUSTOMER, customer_id="cus_b", number="2")
SUSPENSE = replace(CUSTOMER, customer_id="cus_s", number="S", kind=CustomerKind.SUSPENSE)


def of(who: Customer, *facts: Any) -> Account:
    return replace(account(*facts), customer=who)


def merged(kept: Account, absorbed: Account) -> tuple[Account, Account]:
    return tuple(change.applied() for change in merge(kept, absorbed, AT, "jo"))  # type: ignore[return-value]


def parted(made: Account, *invoice_ids: str, other: Account | None = None) -> tuple[Account, Account]:
    return tuple(change.applied() for change in split(made, invoice_ids, "2", AT, "jo", other))  # type: ignore[return-value]


def money(*accounts: Account) -> dict[str, int]:
    """What the customers owe altogether, less their credit, written-off balances included, by currency."""
    found: dict[str, int] = {}
    for one in accounts:
        for invoice_id, invoice in one.invoices.items():
            owed = sum(one.books.part_minor(invoice_id, part) for part in Part)
            found[invoice.currency] = found.get(invoice.currency, 0) + owed
        for currency, amount_minor in one.unapplied.items():
            found[currency] = found.get(currency, 0) - amount_minor
    return {currency: amount_minor for currency, amount_minor in found.items() if amount_minor}


def received(*accounts: Account) -> int:
    """Credits that stand, on whichever account."""
    return sum(one.books.standing_minor(i) for one in accounts for i, e in one.entries.items() if e.kind in CREDITS)


def renamed(facts: list[Any]) -> list[Any]:
    """The same facts under other ids."""

    def other(text: str) -> str:
        return f"{text}x" if text else ""

    made: list[Any] = []
    for fact in facts:
        if isinstance(fact, Entry):
            directed = tuple(Direction(other(d.invoice_id), d.amount_minor) for d in fact.directed_to)
            made.append(replace(fact, entry_id=other(fact.entry_id), of=other(fact.of), directed_to=directed))
        else:
            made.append(replace(fact, invoice_id=other(fact.invoice_id)))
    return made


# --- merging ---


def test_after_a_merger_everything_is_on_the_kept_account_and_the_other_is_empty() -> None:
    kept, absorbed = of(CUSTOMER, bill("A", 100)), of(OTHER, bill("B", 80), pay("p", 30))
    now, gone = merged(kept, absorbed)
    assert (now.balances, set(now.invoices), now.open_minor("inv_B")) == ({"USD": 150}, {"inv_A", "inv_B"}, 80)
    assert (gone.balances, gone.unapplied, gone.open_invoices, gone.payments, gone.is_open) == ({}, {}, (), {}, False)
    assert gone.customer.merged_into == "cus_a"
    assert all(change.is_empty for change in merge(now, gone, AT, "jo"))


def test_an_old_id_leads_to_the_account_where_the_facts_are() -> None:
    ledger = InMemoryLedger(*merged(of(CUSTOMER, bill("A", 100)), of(OTHER, bill("B", 80))))
    found = ledger.load("cus_b")
    assert found
    assert found.customer.customer_id == "cus_a"
    assert ledger.load("cus_x") is None

    def pays(account: Account) -> Change:
        return post_payment(account, method="m", reference="r", currency="USD", amount_minor=180, received_at=AT)

    assert update(ledger, "cus_b", pays).balances == {}
    with pytest.raises(RefusedError, match="part of cus_a"):
        pays(ledger.accounts["cus_b"])


def test_customers_who_are_part_of_each_other_are_a_mistake_that_is_told() -> None:
    _, gone = merged(of(CUSTOMER), of(OTHER))
    _, also_gone = merged(of(OTHER), of(CUSTOMER))
    with pytest.raises(ConflictError):
        InMemoryLedger(gone, also_gone).load("cus_a")


def test_a_payment_or_refund_told_again_after_the_merger_is_not_posted_again() -> None:
    given: dict[str, Any] = {"method": "stripe", "reference": "pi_1", "currency": "USD", "amount_minor": 50}
    absorbed = post_payment(of(OTHER, bill("B", 80)), received_at=AT, **given).applied()
    (payment_id,) = absorbed.payments
    refund: dict[str, Any] = {"method": "stripe", "reference": "re_1", "reversed_at": AT, "reason": "refund"}
    absorbed = reverse(absorbed, payment_id, 20, **refund).applied()
    now, _ = merged(of(CUSTOMER, bill("A", 100)), absorbed)
    assert post_payment(now, received_at=AT, **given).is_empty
    assert reverse(now, payment_id, 20, **refund).is_empty


def test_a_merger_is_one_commit_or_none() -> None:
    kept, absorbed = of(CUSTOMER, bill("A", 100)), of(OTHER, bill("B", 80))
    ledger = InMemoryLedger(kept, absorbed)
    changes = merge(kept, absorbed, AT, "jo")
    ledger.accounts["cus_b"] = replace(absorbed, version=2)
    with pytest.raises(ConflictError):
        ledger.commit(*changes)
    assert ledger.accounts["cus_a"] is kept
    ledger.accounts["cus_b"] = absorbed
    assert ledger.commit(*changes).balances == {"USD": 180}
    assert [event.name for event in ledger.events] == ["CustomersMerged"]


@given(FACTS, FACTS)
def test_a_merger_changes_no_sum_of_money(ours: list[Any], theirs: list[Any]) -> None:
    kept, absorbed = of(CUSTOMER, *ours), of(OTHER, *renamed(theirs))
    now, gone = merged(kept, absorbed)
    assert received(now, gone) == received(kept, absorbed)
    charged = [
        sum(one.books.billed_minor(i) for one in pair for i in one.invoices) for pair in ((kept, absorbed), (now,))
    ]
    assert charged[0] == charged[1]
    assert all(now.books.part_minor(i, part) >= 0 for i in now.invoices for part in Part)
    assert [now.at(day).books.control_minor("USD") for day in (AT.date(), date(2026, 3, 15))] == [
        kept.at(day).books.control_minor("USD") + absorbed.at(day).books.control_minor("USD")
        for day in (AT.date(), date(2026, 3, 15))
    ] or any(e.kind is EntryKind.WRITE_OFF for e in now.entries.values())


# --- splitting ---


def test_a_split_moves_an_invoice_with_all_that_happened_to_it() -> None:
    made = account(
        bill("A", 100),
        bill("B", 80),
        on_invoice("f", EntryKind.FEE, "B", 5),
        on_invoice("d", EntryKind.DISPUTE, "B", 10),
        entry("e", EntryKind.DISPUTE_END, 10, 15, of="d"),
        pay("p", 85, 12, ("B", 85)),
        undo("r", "p", 20),
    )
    first, second = parted(made, "inv_B")
    assert (first.balances, second.balances) == ({"USD": 100}, {"USD": 20})
    assert set(second.entries) == {"f", "d", "e", "p", "r"}
    assert (first.payments, list(second.payments)) == ({}, ["p"])
    assert second.customer.number == "2"
    with pytest.raises(NotFoundError):
        charge(first, EntryKind.FEE, "inv_B", 5, key="k", on=AT.date(), at=AT, reason="x")


def test_a_payment_of_both_sides_is_shared_exactly() -> None:
    made = account(bill("A", 100, due=5), bill("B", 80, due=6), pay("p", 200))
    first, second = parted(made, "inv_B")
    assert (first.balances, first.unapplied, second.balances, second.unapplied) == ({}, {"USD": 20}, {}, {})
    (share,) = second.payments.values()
    assert (share.amount_minor, share.method, share.on) == (80, "transfer", made.entries["p"].on)
    assert first.books.standing_minor("p") == 120


def test_money_that_was_directed_at_a_moved_invoice_is_not_kept_for_it() -> None:
    made = account(bill("A", 100), bill("B", 30), pay("p", 80, 10, ("B", 80)))
    assert (made.open_minor("inv_A"), made.open_minor("inv_B")) == (50, 0)
    first, second = parted(made, "inv_B")
    assert (first.balances, first.unapplied, second.balances) == ({"USD": 50}, {}, {})


def test_a_split_asked_for_again_changes_nothing_and_more_invoices_follow_later() -> None:
    made = account(bill("A", 100, due=1), bill("B", 80, due=2), bill("C", 60, due=3), pay("p", 240))
    first, second = parted(made, "inv_B")
    again = split(first, ["inv_B"], "2", AT, "jo", second)
    assert all(change.is_empty for change in again)
    first, second = parted(first, "inv_B", "inv_C", other=second)
    assert (money(first, second), received(first, second)) == ({}, 240)
    assert {i for i in second.invoices if i not in second.moved} == {"inv_B", "inv_C"}


def test_what_was_split_can_be_merged_again() -> None:
    made = account(bill("A", 100, due=1), bill("B", 80, due=2), on_invoice("f", EntryKind.FEE, "B", 5), pay("p", 150))
    first, second = parted(made, "inv_B")
    whole, gone = merged(first, second)
    assert (whole.balances, whole.open_minor("inv_B"), gone.balances) == (made.balances, made.open_minor("inv_B"), {})
    assert received(whole, gone) == 150
    assert money(whole, gone) == money(made)


def test_an_unknown_invoice_or_another_customers_account_is_refused() -> None:
    with pytest.raises(NotFoundError):
        split(account(bill("A", 100)), ["inv_X"], "2", AT, "jo")
    with pytest.raises(InvalidInputError):
        split(account(bill("A", 100)), ["inv_A"], "2", AT, "jo", of(OTHER))


@given(FACTS, st.sets(st.sampled_from("ABCD")))
def test_a_split_changes_no_sum_of_money_nor_what_is_open_on_what_moved(facts: list[Any], numbers: set[str]) -> None:
    made = account(*facts)
    moving = [f"inv_{number}" for number in numbers if f"inv_{number}" in made.invoices]
    first, second = parted(made, *moving)
    assert received(first, second) == received(made)
    assert money(first, second) == money(made)
    for one in (first, second):
        assert all(one.books.part_minor(i, part) >= 0 for i in one.invoices for part in Part)
        assert all(one.books.unapplied_minor(i) >= 0 for i in one.entries)
    assert all(first.open_minor(i) == 0 for i in moving)


# --- transferring ---


def test_money_in_suspense_reaches_the_customer_with_the_date_on_which_it_came() -> None:
    suspense, to = of(SUSPENSE, pay("p", 100)), of(CUSTOMER, bill("A", 70))
    out, into = transfer(suspense, "p", 70, to, [Direction("inv_A", 70)], at=AT)
    left, paid = out.applied(), into.applied()
    assert (left.unapplied, paid.balances, paid.unapplied) == ({"USD": 30}, {}, {})
    (payment,) = paid.payments.values()
    assert payment.on == suspense.entries["p"].on
    assert [event.name for event in (*out.events, *into.events)] == ["EntryPosted", "PaymentApplied"]
    assert all(change.is_empty for change in transfer(left, "p", 70, paid, at=AT))


def test_two_transfers_to_one_customer_have_two_keys() -> None:
    suspense, to = of(SUSPENSE, pay("p", 100)), of(CUSTOMER, bill("A", 70))
    for key in ("first", "second"):
        suspense, to = (one.applied() for one in transfer(suspense, "p", 30, to, at=AT, key=key))
    assert (suspense.unapplied, to.balances) == ({"USD": 40}, {"USD": 10})
    with pytest.raises(InvalidInputError, match="another key"):
        transfer(suspense, "p", 5, to, at=AT, key="first")


def test_no_more_is_transferred_than_is_unapplied_and_not_to_nowhere() -> None:
    suspense, to = of(SUSPENSE, pay("p", 100)), of(CUSTOMER, bill("A", 70))
    for amount in (0, -1, 101):
        with pytest.raises(InvalidInputError):
            transfer(suspense, "p", amount, to, at=AT)
    with pytest.raises(InvalidInputError):
        transfer(suspense, "p", 1, suspense, at=AT)
    with pytest.raises(NotFoundError):
        transfer(suspense, "q", 1, to, at=AT)
    _, gone = merged(of(OTHER), to)
    with pytest.raises(RefusedError):
        transfer(suspense, "p", 1, gone, at=AT)


@given(FACTS, st.lists(st.tuples(st.sampled_from("pqrstu"), st.integers(1, 300), st.sampled_from("xyz")), max_size=6))
def test_transfers_change_no_sum_of_money(facts: list[Any], moves: list[tuple[str, int, str]]) -> None:
    source, to = account(*facts), of(OTHER, bill("Z", 250))
    before, total = received(source, to), money(source, to)
    for entry_id, amount_minor, key in moves:
        try:
            out, into = transfer(source, entry_id, amount_minor, to, at=AT, key=key)
        except (InvalidInputError, NotFoundError):
            continue
        source, to = out.applied(), into.applied()
        assert all(change.is_empty for change in transfer(source, entry_id, amount_minor, to, at=AT, key=key))
    assert (received(source, to), money(source, to)) == (before, total)
    assert all(one.books.unapplied_minor(i) >= 0 for one in (source, to) for i in one.entries)


# --- the fold's part in it ---


def test_a_charge_that_is_taken_back_at_its_own_moment_leaves_no_trace_in_what_is_open() -> None:
    facts = (bill("A", 100), on_invoice("d", EntryKind.DISPUTE, "A", 10, 2), entry("c", EntryKind.CREDIT_NOTE, 150, 3))
    without = account(*facts)
    netted = account(*facts, on_invoice("f", EntryKind.FEE, "A", 50, 5), undo("r", "f", 50, 5))
    assert (netted.balances, netted.unapplied) == (without.balances, without.unapplied) == ({"USD": 10}, {"USD": 60})


def test_a_source_that_calls_an_invoice_settled_speaks_of_what_it_billed_and_not_of_our_charges() -> None:
    settled = on_invoice("s", EntryKind.SETTLEMENT, "A", 100, 20)
    made = account(bill("A", 100), on_invoice("f", EntryKind.FEE, "A", 5), settled)
    assert [made.books.part_minor("inv_A", part) for part in Part] == [0, 5, 0, 0]


def test_a_reversal_of_a_payment_that_moved_away_does_nothing_here() -> None:
    marker = Entry("mov_1", EntryKind.MOVED, "USD", 0, AT.date(), reference="cus_b", of="p")
    made = account(bill("A", 100), pay("p", 40), undo("r", "p", 40), marker)
    assert (made.balances, made.unapplied) == ({"USD": 100}, {})


def test_what_belongs_to_another_account_now_was_never_here() -> None:
    marker = Entry("mov_1", EntryKind.MOVED, "USD", 0, AT.date(), reference="cus_b", of="inv_A")
    assert account(bill("A", 100), marker).at(AT.date() - timedelta(days=30)).balances == {}


@given(FACTS, st.lists(st.integers(-2, 45), max_size=4))
def test_a_replay_up_to_a_day_is_the_account_as_of_that_day(facts: list[Any], days: list[int]) -> None:
    made = account(*facts)
    replay = Replay(made.invoices, made.entries)
    for days_on in sorted(days):
        day = date(2026, 3, 1) + timedelta(days=days_on)
        replay.through(day)
        then = made.at(day)
        assert all(
            replay.books.part_minor(i, part) == then.books.part_minor(i, part) for i in made.invoices for part in Part
        )
        assert replay.books.unapplied() == then.unapplied
