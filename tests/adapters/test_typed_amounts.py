"""Amounts as people type them: dots and commas, spaces and signs, in four languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell_aws.portal.typed import MistakeError, read_amount
from dunwell_aws.portal.words import Say
from tests.support.portal import CREDITOR

PLACES = {"USD": 2, "JPY": 0, "BHD": 3}


def say(language: str = "en") -> Say:
    from functions.portal.app import portal_words

    return portal_words(CREDITOR).say(language)


@pytest.mark.parametrize(
    ("text", "language", "minor"),
    [
        ("50", "en", 5_000),
        ("$50", "en", 5_000),
        (" 1,234.50 ", "en", 123_450),
        ("1.234,50", "en", 123_450),
        ("1.234,50 USD", "de", 123_450),
        ("1.234", "de", 123_400),
        ("1,234", "en", 123_400),
        ("1 234,5", "fr", 123_450),
        ("1\u202f234,50", "fr", 123_450),
        ("1'234.50", "de", 123_450),
        (".5", "en", 50),
        ("0,5", "es", 50),
        ("12.", "en", 1_200),
        ("1.234.567", "de", 123_456_700),
    ],
)
def test_an_amount_is_read_as_it_is_meant(text: str, language: str, minor: int) -> None:
    assert read_amount(text, "USD", say(language)) == minor


@pytest.mark.parametrize("text", ["1,23.45", "1.2,3.4", "12,34,567", "1.234,5,6", "--5", "5-", "1e3", "٣", "NaN", "$"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(MistakeError):
        read_amount(text, "USD", say())


def test_a_thousandth_is_not_taken_for_a_thousand() -> None:
    with pytest.raises(MistakeError, match="smaller unit"):
        read_amount("1.234", "USD", say("en"))
    assert read_amount("1.234", "BHD", say("en")) == 1_234


@given(
    minor=st.integers(1, 10**13), currency=st.sampled_from(sorted(PLACES)), language=st.sampled_from(["en", "de", "fr"])
)
def test_every_amount_that_is_shown_can_be_typed_again(minor: int, currency: str, language: str) -> None:
    said = say(language)
    assert read_amount(said.money(minor, currency), currency, said) == minor
