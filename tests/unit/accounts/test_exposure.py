"""Credit limits: how much is used, by a customer alone and by a group, in each currency by itself."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.exposure import Exposure, exposures, group_exposures, group_of
from dunwell.accounts.merging import merge_customers
from dunwell.accounts.model import Customer
from dunwell.errors import InvalidInputError
from tests.support.portal import NOW, customer

LIMITED = customer(credit_limit_minor=10_000, credit_currency="USD")


def child(name: str, parent: str) -> Customer:
    return customer(f"cus_{name}", number=name, parent_id=f"cus_{parent}")


def test_a_limit_binds_in_its_own_currency_and_no_other() -> None:
    euros, dollars = exposures(LIMITED, {"USD": 12_500, "EUR": 99_900})
    assert (dollars, dollars.over_minor, dollars.available_minor) == (Exposure("USD", 12_500, 10_000), 2_500, 0)
    assert (euros, euros.over_minor, euros.available_minor) == (Exposure("EUR", 99_900), 0, None)


def test_who_owes_nothing_may_still_owe_the_whole_limit() -> None:
    (whole,) = exposures(LIMITED, {})
    assert (whole.open_minor, whole.available_minor, whole.over_minor) == (0, 10_000, 0)


def test_a_limit_of_nothing_is_a_limit_and_no_limit_is_none() -> None:
    (none_allowed,) = exposures(replace(LIMITED, credit_limit_minor=0), {"USD": 1})
    assert none_allowed.over_minor == 1
    assert exposures(customer(), {}) == ()


def test_a_balance_below_zero_is_refused_because_it_would_net() -> None:
    with pytest.raises(InvalidInputError):
        exposures(LIMITED, {"USD": -1})


def test_a_groups_exposure_is_that_of_all_who_belong_to_it() -> None:
    group = [LIMITED, child("a", "anna"), child("b", "a"), child("c", "other")]
    owed = {"cus_anna": {"USD": 1}, "cus_a": {"USD": 10, "EUR": 5}, "cus_b": {"USD": 100}, "cus_c": {"USD": 1_000}}
    assert group_exposures(LIMITED, group, owed) == (Exposure("EUR", 5), Exposure("USD", 111, 10_000))
    assert group_of("cus_anna", group) == ["cus_anna", "cus_a", "cus_b"]


def test_what_belonged_to_a_merged_customer_belongs_to_the_one_it_became_part_of() -> None:
    kept, gone = merge_customers(LIMITED, customer("cus_x", number="x"), NOW, "agent")
    assert group_of("cus_anna", [kept, gone, child("a", "x")]) == ["cus_anna", "cus_a"]


def test_a_circle_of_parents_is_counted_once() -> None:
    circle = [replace(LIMITED, parent_id="cus_b"), child("a", "anna"), child("b", "a")]
    assert group_of("cus_anna", circle) == ["cus_anna", "cus_a", "cus_b"]


@given(st.lists(st.dictionaries(st.sampled_from(["USD", "EUR", "JPY"]), st.integers(0, 10**12)), max_size=5))
def test_exposures_add_up_by_currency_to_the_unit(balances: list[dict[str, int]]) -> None:
    for found in exposures(LIMITED, *balances):
        assert found.open_minor == sum(one.get(found.currency, 0) for one in balances)
        assert found.available_minor is None or found.available_minor * found.over_minor == 0
