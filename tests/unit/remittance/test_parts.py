"""Keys, names, sums of invoices and settlements, each by itself."""

from datetime import date
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.remittance.amounts import Fit, settle
from dunwell.remittance.keys import account_key, customer_keys, lookup_keys, name_lookup_keys, pieces, reference_key
from dunwell.remittance.model import DiscountTerm, OpenInvoice
from dunwell.remittance.names import one_edit_apart, similarity_permille
from dunwell.remittance.subsets import subsets
from dunwell.remittance.tolerances import Tolerances

ON = date(2026, 6, 30)


def invoice(minor: int, permille: int = 0, name: str = "1") -> OpenInvoice:
    terms = (DiscountTerm(permille, ON),) if permille else ()
    return OpenInvoice(name, "cus", f"INV-{name}", "EUR", minor, ON, ON, terms)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("INV-2026-010023", ["INV2026010023", "10023", "1OO23", "100023", "INVI0023"]),
        ("RE2026/09001", ["09001", "9001", "O9OO1"]),
        ("9000012345", ["90012345", "9OOOO12345"]),
        ("RE-2026-0017", ["20260017", "2O26OO17"]),
        ("X1", []),
    ],
)
def test_a_number_and_its_misreadings_have_one_key(number: str, written: list[str]) -> None:
    key = reference_key(number)
    reached = {one: key in lookup_keys([one]) for one in written}
    assert all(reached.values()), reached
    assert bool(key) is (number != "X1")


def test_a_customer_has_at_most_three_keys_and_is_found_by_its_name_in_any_order() -> None:
    keys = customer_keys("C10001", "Müller Logistik Nord West GmbH & Co. KG")
    assert len(keys) == 3
    assert set(keys) & set(name_lookup_keys("LOGISTIK, MUELLER"))
    assert set(customer_keys("9", "Tess Brooks")) & set(name_lookup_keys("BROOKS TESS"))


def test_an_account_key_tells_nothing_of_the_account_and_ignores_spaces() -> None:
    assert account_key("de89 3704 0044 0532 0130 00") == account_key("DE89370400440532013000") != ""
    assert "0532" not in account_key("DE89370400440532013000")
    assert account_key("") == ""


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("Müller Logistik GmbH", "MUELLER LOGISTIK", 1000, 1000),
        ("Müller Logistik GmbH", "Muller Logist.", 850, 999),
        ("Walsh Marine LLC", "Marine Walsh Ltd", 1000, 1000),
        ("Walsh Marine LLC", "Wlash Marine", 900, 999),
        ("Walsh Marine LLC", "Okafor Dental", 0, 0),
        ("Walsh Marine LLC", "", 0, 0),
    ],
)
def test_names_are_alike_whatever_banks_did_to_them(one: str, other: str, least: int, most: int) -> None:
    assert least <= similarity_permille(one, other) <= most


@given(st.text("0123456789", min_size=2, max_size=8), st.data())
def test_one_slip_is_one_edit(text: str, data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(text) - 2))
    digit = data.draw(st.sampled_from("0123456789"))
    swapped = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    for slip in (text[:i] + text[i + 1 :], text[:i] + digit + text[i:], text[:i] + digit + text[i + 1 :], swapped):
        assert one_edit_apart(text, slip)
        assert one_edit_apart(slip, text)


@given(st.lists(st.integers(1, 30), max_size=8), st.integers(1, 90))
def test_subsets_are_those_that_a_full_search_finds(amounts: list[int], target: int) -> None:
    every = [
        chosen
        for size in range(1, len(amounts) + 1)
        for chosen in combinations(range(len(amounts)), size)
        if sum(amounts[i] for i in chosen) == target
    ]
    found = subsets(amounts, target).found
    assert len(found) == min(2, len(every))
    assert set(found) <= set(every)


def test_too_many_sums_are_given_up_and_not_waited_for() -> None:
    assert subsets([10_000 + 7 * i * i for i in range(60)], 299_000).found == ()


@given(
    st.lists(st.tuples(st.integers(1, 100_000), st.sampled_from([0, 20, 30])), min_size=1, max_size=5),
    st.integers(1, 300_000),
)
def test_a_settlement_gives_out_the_money_and_never_more_than_is_open(
    owed: list[tuple[int, int]], paid_minor: int
) -> None:
    invoices = [invoice(minor, permille, str(i)) for i, (minor, permille) in enumerate(owed)]
    found = settle(paid_minor, ON, invoices, Tolerances())
    assert sum(one.amount_minor for one in found.allocations) + found.unapplied_minor == paid_minor
    open_minor = {one.invoice_id: one.open_minor for one in invoices}
    for one in found.allocations:
        assert one.amount_minor + one.discount_minor + one.fee_minor <= open_minor[one.invoice_id]
        assert min(one.amount_minor, one.discount_minor, one.fee_minor) >= 0
    assert found.unapplied_minor == 0 or found.fit is Fit.OVER


def test_accents_and_separators_do_not_stand_in_the_way_of_pieces() -> None:
    assert pieces("Réf. re2026/09001-a") == ["REF", "RE2026", "09001", "A"]
