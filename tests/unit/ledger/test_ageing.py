"""The ageing of an account (rule AGING)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.ledger.ageing import BUCKETS, age_account, bucket, totals
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Account, Invoice
from tests.support.agreements import agreement
from tests.support.ledger import Facts, in_dispute
from tests.support.portal import account, customer, invoice

AS_OF = date(2026, 4, 1)


@pytest.mark.parametrize(
    ("days", "label"),
    [
        *((days, "current") for days in (-400, -1, 0)),
        *((days, "1-30") for days in (1, 30)),
        *((days, "31-60") for days in (31, 60)),
        *((days, "61-90") for days in (61, 90)),
        *((days, "90+") for days in (91, 4_000)),
    ],
)
def test_days_fall_into_their_bucket(days: int, label: str) -> None:
    assert bucket(days) == label


@pytest.mark.parametrize(
    ("as_of", "label"),
    [(date(2026, 3, 1), "current"), (date(2026, 3, 31), "1-30"), (date(2026, 4, 1), "31-60")],
)
def test_an_invoice_due_on_the_first_of_march_ages_as_the_rule_says(as_of: date, label: str) -> None:
    (row,) = age_account(account(invoice("A1", 500, date(2026, 3, 1))), as_of)
    assert row.by_bucket == dict.fromkeys(BUCKETS, 0) | {label: 500}


def credit(amount_minor: int, currency: str = "USD") -> Entry:
    return Entry(f"pay_{amount_minor}", EntryKind.PAYMENT, currency, amount_minor, AS_OF)


def test_unapplied_credit_stands_beside_the_buckets() -> None:
    contested = in_dispute(invoice("A1", 500, AS_OF))
    euros, dollars = age_account(account(contested, credit(70), credit(5, "EUR")), AS_OF)
    assert (dollars.total_minor, dollars.disputed_minor, dollars.unapplied_minor) == (500, 500, 70)
    assert (euros.total_minor, euros.unapplied_minor) == (0, 5)


def test_what_is_disputed_is_shown_and_not_dropped() -> None:
    (row,) = age_account(account(in_dispute(invoice("A1", 500, AS_OF)), invoice("A2", 20, AS_OF)), AS_OF)
    assert (row.total_minor, row.disputed_minor) == (520, 500)


def test_a_settled_account_has_no_row() -> None:
    assert age_account(Account(customer()), AS_OF) == []


def maybe_disputed(one: Invoice, disputed: bool) -> Facts:
    return in_dispute(one) if disputed else one


INVOICES = st.lists(
    st.builds(
        lambda number, amount, days, currency, disputed: maybe_disputed(
            invoice(f"A{number}", amount, AS_OF + timedelta(days=days), currency=currency), disputed
        ),
        st.integers(0, 30),
        st.integers(1, 10**9),
        st.integers(-200, 200),
        st.sampled_from(["USD", "EUR"]),
        st.booleans(),
    ),
    max_size=12,
)


@given(st.lists(INVOICES, max_size=4))
def test_the_buckets_of_all_customers_add_up_to_what_all_of_them_owe(customers: list[list[Facts]]) -> None:
    accounts = [account(*invoices) for invoices in customers]
    summed = totals(row for one in accounts for row in age_account(one, AS_OF))
    for total in summed:
        assert total.total_minor == sum(one.balances.get(total.currency, 0) for one in accounts)
        assert total.disputed_minor <= total.total_minor
    assert {total.currency for total in summed} == {currency for one in accounts for currency in one.balances}


def test_what_is_under_an_agreement_is_shown_as_long_as_that_pauses() -> None:
    made = agreement("inv_a1", pauses_until=AS_OF)
    owing = replace(account(invoice("A1", 500, AS_OF), invoice("A2", 20, AS_OF)), agreements={"agr_1": made})
    (row,) = age_account(owing, AS_OF)
    assert (row.total_minor, row.agreed_minor) == (520, 500)
    assert totals([row, row])[0].agreed_minor == 1_000
    assert age_account(owing, AS_OF + timedelta(days=1))[0].agreed_minor == 0
