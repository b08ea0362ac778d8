"""Money: read, written and split exactly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.errors import InvalidInputError
from dunwell.money import decimal_text, exponent, format_money, parse_amount, split

CURRENCIES = st.sampled_from(["USD", "JPY", "KWD"])
AMOUNTS = st.integers(-(10**14), 10**14)


@pytest.mark.parametrize(("currency", "places"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("HUF", 2)])
def test_a_currency_has_its_iso_exponent(currency: str, places: int) -> None:
    assert exponent(currency) == places


@pytest.mark.parametrize("code", ["", "usd", "XXX", "DOLLAR", "US"])
def test_what_is_no_currency_of_iso_4217_is_refused(code: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        exponent(code)
    assert refused.value.field == "currency"


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1234.50", "USD", 123_450),
        ("1234.5", "USD", 123_450),
        ("-0.01", "USD", -1),
        ("+7", "USD", 700),
        ("007.10", "USD", 710),
        ("0", "USD", 0),
        ("500", "JPY", 500),
        ("500.000", "JPY", 500),
        ("1.234", "KWD", 1_234),
        ("999999999999999.99", "USD", 99_999_999_999_999_999),
    ],
)
def test_a_decimal_number_is_read_as_minor_units(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    "text", ["", " ", "1,5", "1.", ".5", "1e3", "0x10", "1 000", "$5", "NaN", "--1", "1.2.3", "\u0661\u0662"]
)
def test_what_is_not_a_plain_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"is not an amount such as 1234\.50"):
        parse_amount(text, "USD")


@pytest.mark.parametrize(
    ("text", "currency"), [("0.001", "USD"), ("1.5", "JPY"), ("1.00000000000000000000000000001", "USD")]
)
def test_an_amount_finer_than_the_smallest_unit_is_refused_not_rounded(text: str, currency: str) -> None:
    with pytest.raises(InvalidInputError, match="finer than the smallest unit"):
        parse_amount(text, currency)


@pytest.mark.parametrize("digits", [16, 29, 5_000])
def test_an_amount_that_no_ledger_can_hold_is_refused(digits: int) -> None:
    with pytest.raises(InvalidInputError, match="more than 15 digits"):
        parse_amount("9" * digits, "USD")


@given(AMOUNTS, CURRENCIES)
def test_what_is_written_as_a_decimal_reads_back_as_it_was(minor: int, currency: str) -> None:
    assert parse_amount(decimal_text(minor, currency), currency) == minor


@given(AMOUNTS, CURRENCIES)
def test_a_decimal_text_is_worth_its_minor_units(minor: int, currency: str) -> None:
    assert Decimal(decimal_text(minor, currency)) * 10 ** exponent(currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123_450, "USD", "$1,234.50"),
        (-5, "EUR", "-€0.05"),
        (1_234_567, "JPY", "¥1,234,567"),
        (1_234, "KWD", "1.234 KWD"),
        (-100, "CHF", "-1.00 CHF"),
        (0, "GBP", "£0.00"),
    ],
)
def test_money_is_shown_as_people_read_it(minor: int, currency: str, text: str) -> None:
    assert format_money(minor, currency) == text


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (10_000, [1, 1, 1], [3_334, 3_333, 3_333]),
        (100, [1] * 7, [15, 15, 14, 14, 14, 14, 14]),
        (10_001, [50, 30, 20], [5_001, 3_000, 2_000]),
        (0, [1, 2], [0, 0]),
        (5, [0, 1], [0, 5]),
        (1, [1, 1], [1, 0]),
    ],
)
def test_a_split_gives_the_worked_shares(amount: int, weights: list[int], shares: list[int]) -> None:
    assert split(amount, weights) == shares


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_shares_add_up_and_each_is_within_one_unit_of_its_part(amount: int, weights: list[int]) -> None:
    shares = split(amount, weights)
    assert sum(shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - amount * weight) < sum(weights)


@given(st.integers(0, 10**9), st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_of_equal_weights_the_earlier_never_gets_less(amount: int, weights: list[int]) -> None:
    shares = split(amount, weights)
    for i, weight in enumerate(weights):
        assert all(shares[i] >= shares[j] for j in range(i + 1, len(weights)) if weights[j] == weight)


@pytest.mark.parametrize(("amount", "weights"), [(-1, [1]), (1, []), (1, [0, 0]), (1, [2, -1])])
def test_nothing_negative_and_nothing_without_weight_is_split(amount: int, weights: list[int]) -> None:
    with pytest.raises(InvalidInputError):
        split(amount, weights)
