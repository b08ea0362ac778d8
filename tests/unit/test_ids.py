"""Ids: the same fact always has the same one, and no other fact has it."""

from hypothesis import given
from hypothesis import strategies as st

from dunwell.ids import stable_id

PARTS = st.lists(st.text(max_size=8), max_size=4).map(tuple)


def test_an_id_is_pinned_for_ever() -> None:
    """Every id in every ledger was made by this function: another answer would import everything twice."""
    assert stable_id("inv", "cus_1", "A-1") == "inv_znfie76xiehxxknttyybqsw7"


def test_an_id_has_120_bits_in_letters_and_digits_that_tags_and_urls_bear() -> None:
    prefix, _, digest = stable_id("con", "x").partition("_")
    assert (prefix, len(digest)) == ("con", 24)
    assert set(digest) <= set("abcdefghijklmnopqrstuvwxyz234567")


@given(PARTS, PARTS)
def test_ids_are_equal_exactly_when_their_parts_are(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    assert (stable_id("x", *first) == stable_id("x", *second)) == (first == second)


def test_where_a_part_ends_matters() -> None:
    assert (
        len({stable_id("x", "ab", "c"), stable_id("x", "a", "bc"), stable_id("x", "abc"), stable_id("x", "abc", "")})
        == 4
    )
