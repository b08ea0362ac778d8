"""Ageing with any edges, by due date or invoice date, by instalment."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.errors import InvalidInputError
from dunwell.ledger.ageing import BUCKETS, AgeBy, Buckets, age_account, totals
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Account, Instalment
from tests.support.ledger import account_of, in_dispute
from tests.support.portal import customer, invoice

AS_OF = date(2026, 4, 1)


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def test_the_usual_edges_have_the_usual_labels_and_others_theirs() -> None:
    assert Buckets().labels == BUCKETS == ("current", "1-30", "31-60", "61-90", "90+")
    assert Buckets((0, 15, 120)).labels == ("current", "1-15", "16-120", "120+")
    assert Buckets((30, 60)).labels == ("up to 30", "31-60", "60+")
    assert [Buckets((0, 15, 120)).label(days) for days in (0, 1, 15, 16, 120, 121)] == [
        "current",
        "1-15",
        "1-15",
        "16-120",
        "16-120",
        "120+",
    ]


@pytest.mark.parametrize("edges", [(), (30, 0), (0, 0), (-1, 5)])
def test_edges_that_do_not_ascend_are_refused(edges: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError):
        Buckets(edges)


def test_an_instalment_ages_by_its_own_due_date_and_an_invoice_as_a_whole_by_its_own() -> None:
    parts = (Instalment(ago(45), 100), Instalment(ago(15), 100), Instalment(ago(-15), 100))
    made = account_of(
        customer(), replace(invoice("A1", 300, ago(45)), instalments=parts, issued_on=ago(75), currency="USD")
    )
    (by_due,) = age_account(made, AS_OF)
    assert by_due.by_bucket == {"current": 100, "1-30": 100, "31-60": 100, "61-90": 0, "90+": 0}
    (by_invoice,) = age_account(made, AS_OF, by=AgeBy.INVOICE_DATE)
    assert by_invoice.by_bucket == dict.fromkeys(BUCKETS, 0) | {"61-90": 300}


def test_the_ageing_of_an_earlier_day_knows_only_what_had_happened() -> None:
    paid = Entry("pay_1", EntryKind.PAYMENT, "USD", 60, ago(5))
    made = account_of(customer(), invoice("A1", 100, ago(31), issued_on=ago(60)), paid)
    (then,) = age_account(made.at(ago(10)), ago(10))
    (now,) = age_account(made, AS_OF)
    assert (then.by_bucket["1-30"], now.by_bucket["31-60"]) == (100, 40)


def test_who_was_merged_into_another_customer_owes_nothing() -> None:
    assert age_account(Account(customer()), AS_OF) == []


ACCOUNTS = st.lists(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.integers(-100, 200), st.sampled_from(["USD", "EUR"]), st.booleans()),
        max_size=6,
    ),
    max_size=3,
)


@given(ACCOUNTS, st.lists(st.integers(1, 2 * 10**6), max_size=3), st.sets(st.integers(0, 150), min_size=1))
def test_the_buckets_less_the_unapplied_credit_are_the_control_total_whatever_the_edges(
    given_accounts: list[list[tuple[int, int, str, bool]]], payments: list[int], edges: set[int]
) -> None:
    accounts = []
    for rows in given_accounts:
        facts: list[Any] = []
        for number, (amount, days, currency, disputed) in enumerate(rows):
            one = replace(invoice(f"A{number}", amount, ago(days)), currency=currency)
            facts.append(in_dispute(one) if disputed else one)
        facts += [Entry(f"pay_{n}", EntryKind.PAYMENT, "USD", amount, ago(1)) for n, amount in enumerate(payments)]
        accounts.append(account_of(customer(), *facts))
    for by in AgeBy:
        rows_of = [row for one in accounts for row in age_account(one, AS_OF, Buckets(tuple(sorted(edges))), by)]
        for total in totals(rows_of):
            assert total.control_minor == sum(one.books.control_minor(total.currency) for one in accounts)
            assert total.disputed_minor <= total.total_minor
