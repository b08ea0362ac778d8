"""What a source says is left of an invoice, time and again, and what the ledger makes of it beside other channels."""

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.ingestion.importing import Origin, customer_id, import_records, invoice_id
from dunwell.ingestion.records import Receivable
from dunwell.ledger.books import Part
from dunwell.ledger.entry import Direction, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import charge, post_payment, reverse
from dunwell.reporting.statement import statement
from tests.support.receivables import AT, TODAY, receivable

WHO = customer_id("example", "erp", "C-1")
INVOICE = invoice_id(WHO, "A-1")
YESTERDAY = TODAY - timedelta(days=1)


def told(
    account: Account | None, row: Receivable | None = None, hours: float = 0, days: int = 0, **changes: Any
) -> Account:
    """The account after a file with one row, so many hours and days later."""
    origin = Origin("example", "erp", TODAY + timedelta(days=days), AT + timedelta(hours=hours, days=days))
    made = import_records(account, [row or receivable("A-1", 100, **changes)], origin)
    assert not made.tally.rejects
    if account and not made.changes:
        return account
    return made.changes[-1].applied()


def paid(account: Account, amount_minor: int, *, to: int = 0, hours: float = 0, reference: str = "pi_1") -> Account:
    """A payment, ``to``: how much of it names the invoice."""
    change = post_payment(
        account,
        method="stripe",
        reference=reference,
        currency="USD",
        amount_minor=amount_minor,
        received_at=AT + timedelta(hours=hours),
        directed_to=(Direction(INVOICE, to),) if to else (),
    )
    return change.applied()


def refunded(account: Account, amount_minor: int, hours: float) -> Account:
    (payment,) = (i for i, e in account.entries.items() if e.kind is EntryKind.PAYMENT)
    given_: dict[str, Any] = {"method": "stripe", "reference": "re_1", "reason": "refund"}
    return reverse(account, payment, amount_minor, reversed_at=AT + timedelta(hours=hours), **given_).applied()


def kinds(account: Account) -> list[EntryKind]:
    return [entry.kind for entry in account.entries.values()]


def money(account: Account) -> tuple[dict[str, int], dict[str, int]]:
    return account.balances, account.unapplied


@pytest.mark.parametrize("changes", [{"settled_on": YESTERDAY}, {"open_minor": 0}])
@pytest.mark.parametrize("hours", [-30, -1, 2, 40])
def test_file_then_webhook_and_webhook_then_file_are_the_same_ledger(changes: dict[str, Any], hours: float) -> None:
    owing = told(None)
    first = paid(told(owing, **changes), 100, to=100, hours=hours)
    second = told(paid(owing, 100, to=100, hours=hours), **changes)
    assert money(first) == money(second) == ({}, {})
    assert first.entries == second.entries
    assert sum(payment.amount_minor for payment in first.payments.values()) == 100


def test_a_payment_that_names_more_than_is_open_takes_the_place_of_the_last_statement_first() -> None:
    account = told(told(told(None, open_minor=70), open_minor=10, hours=1))
    late = paid(account, 80, to=80, hours=5)
    covered = {e.left_minor: late.books.standing_minor(i) for i, e in late.entries.items() if e.told}
    assert (money(late), covered) == (({}, {}), {70: 20, 10: 0})
    assert sum(payment.amount_minor for payment in late.payments.values()) == 100


def test_a_statement_gives_way_to_named_money_in_its_day_and_what_it_settled_stays_settled_then() -> None:
    account = paid(told(None, settled_on=YESTERDAY), 60, to=60, hours=3)
    assert account.settlement_dates == {INVOICE: YESTERDAY}
    before = account.at(YESTERDAY)
    assert (before.balances, [p.amount_minor for p in before.payments.values()]) == ({}, [100])
    assert sorted(payment.amount_minor for payment in account.payments.values()) == [40, 60]


def test_money_told_of_twice_lowers_the_balance_of_the_statement_of_account_once() -> None:
    account = paid(told(None, settled_on=YESTERDAY), 60, to=60, hours=3)
    (stated,) = statement(account, YESTERDAY - timedelta(days=90), TODAY + timedelta(days=9)).currencies
    assert [(line.what, line.effect_minor) for line in stated.lines] == [
        ("invoice", 100),
        ("settlement", -100),
        ("payment", 0),
    ]
    assert stated.closing_minor == stated.open_minor == 0


def test_money_that_names_nothing_is_other_money_and_so_is_a_credit_note() -> None:
    settled = told(None, settled_on=YESTERDAY)
    assert money(paid(settled, 100)) == ({}, {"USD": 100})


def test_money_that_is_refunded_leaves_open_what_only_it_had_paid() -> None:
    account = refunded(paid(told(None, open_minor=0), 60, to=60, hours=3), 60, 5)
    assert money(account) == ({"USD": 60}, {})
    again = told(account, open_minor=60, days=1)
    assert money(again) == ({"USD": 60}, {}), "the source has heard of the refund: it states no more than is so"


def test_a_statement_covers_the_principal_alone_and_all_of_it_that_was_billed_before() -> None:
    def on(account: Account, kind: EntryKind, amount: int, day: date) -> Account:
        return charge(account, kind, INVOICE, amount, key="k", on=day, at=AT, reason="test").applied()

    account = told(None, open_minor=40)
    more = on(on(account, EntryKind.FEE, 7, YESTERDAY), EntryKind.DEBIT_NOTE, 20, YESTERDAY)
    assert [more.books.part_minor(INVOICE, part) for part in Part] == [0, 7, 40, 0]
    assert told(more, open_minor=100, hours=1).balances == {"USD": 127}, "and is withdrawn whole"


def test_a_charge_that_is_waived_makes_no_credit_of_a_statement() -> None:
    raised = charge(
        told(None), EntryKind.DEBIT_NOTE, INVOICE, 20, key="k", on=YESTERDAY, at=AT, reason="test"
    ).applied()
    (note,) = raised.entries
    account = paid(told(raised, open_minor=0), 100, to=100, hours=1)
    assert sorted(p.amount_minor for p in account.payments.values()) == [20, 100]
    waiver: dict[str, Any] = {"method": "test", "reference": "w", "reason": "waiver"}
    waived = reverse(account, note, 20, reversed_at=AT + timedelta(hours=2), **waiver).applied()
    assert (money(waived), [p.amount_minor for p in waived.payments.values()]) == (({}, {}), [100])


def test_who_says_again_what_was_said_writes_nothing_whatever_came_meanwhile() -> None:
    for row in (receivable("A-1", 100, settled_on=YESTERDAY), receivable("A-1", 100, open_minor=30)):
        account = paid(told(None, row), 50, to=50, hours=1)
        assert told(account, row, days=3) is account
        refund = refunded(account, 50, 2)
        assert told(refund, row, days=3) is refund
    bare = told(None, open_minor=100)
    assert not bare.entries, "nothing was paid: nothing to state"


def test_of_two_rows_in_one_file_the_last_says_what_is_left_and_the_file_again_writes_nothing() -> None:
    rows = [receivable("A-1", 100, open_minor=60), receivable("A-1", 100, open_minor=80)]
    origin = Origin("example", "erp", TODAY, AT)
    (change,) = import_records(None, rows, origin).changes
    assert change.applied().balances == {"USD": 80}
    assert import_records(change.applied(), rows, origin).changes == ()


def test_a_source_that_takes_back_all_of_what_it_said_leaves_the_invoice_as_billed() -> None:
    account = told(told(told(None, open_minor=30), open_minor=10, hours=1), open_minor=100, hours=2)
    assert (account.balances, kinds(account)[-2:]) == ({"USD": 100}, [EntryKind.REVERSAL] * 2)
    assert told(account, open_minor=100, days=2) is account


def test_a_correction_of_what_was_billed_is_told_apart_from_what_was_paid() -> None:
    first = told(None, open_minor=40, version="1")
    higher = told(first, receivable("A-1", 130, open_minor=70, version="2"), days=1)
    lower = told(first, receivable("A-1", 80, open_minor=40, version="2"), days=1)
    assert (money(higher), money(lower)) == (({"USD": 70}, {}), ({"USD": 40}, {}))
    assert told(higher, receivable("A-1", 130, open_minor=70, version="2"), days=2) is higher
    assert told(lower, receivable("A-1", 80, open_minor=40, version="2"), days=2) is lower


def test_what_was_billed_late_is_settled_by_a_source_that_says_so_and_overpaid_money_is_credit() -> None:
    first = told(None, settled_on=YESTERDAY, version="1")
    row = receivable("A-1", 130, settled_on=YESTERDAY, version="2")
    higher = told(first, row, days=1)
    assert (money(higher), higher.settlement_dates) == (({}, {}), {INVOICE: TODAY + timedelta(days=1)})
    assert told(higher, row, days=2) is higher
    lower = told(first, receivable("A-1", 80, settled_on=YESTERDAY, version="2"), days=1)
    assert money(lower) == ({}, {"USD": 20})


SAYING = st.one_of(
    st.sampled_from((0, 1, 30, 70, 100)).map(lambda left: {"open_minor": left}),
    st.sampled_from((0, 1, 5)).map(lambda days: {"settled_on": TODAY - timedelta(days=days)}),
)


@given(st.lists(st.tuples(SAYING, st.sampled_from((0, 0, 1))), min_size=1, max_size=12))
def test_an_invoice_stands_as_its_source_said_last_be_it_ten_times_within_a_day(
    says: list[tuple[dict[str, Any], int]],
) -> None:
    account, day = told(None), 0
    for changes, days in says:
        day += days
        account = told(account, days=day, **changes)
        left = changes.get("open_minor", 0)
        assert money(account) == ({"USD": left} if left else {}, {})
        assert told(account, days=day, **changes) is account


@pytest.mark.parametrize("order", sorted(set(permutations("ffab"))), ids="".join)
def test_files_of_two_days_and_money_of_their_time_make_the_same_ledger_in_every_order(order: str) -> None:
    """The source sees 40 come by noon and go again by the evening; the gateway tells of 40 and 15."""
    account, files = told(None), iter(((60, 0), (90, 1)))
    for step in order:
        if step == "f":
            left_minor, days = next(files)
            account = told(account, days=days, open_minor=left_minor)
        else:
            amount, hours = {"a": (40, 12), "b": (15, 36)}[step]
            account = paid(account, amount, to=amount, hours=hours, reference=step)
    assert money(account) == ({"USD": 45}, {})
