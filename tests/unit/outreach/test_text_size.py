"""How long a text message is, counted as carriers count it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.outreach.text_size import plain_text, text_size


@pytest.mark.parametrize(
    ("text", "alphabet", "parts"),
    [
        ("", "GSM-7", 1),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("\u2019" + "a" * 69, "UCS-2", 1),
        ("\u2019" + "a" * 70, "UCS-2", 2),
        ("😀" * 35, "UCS-2", 1),
        ("😀" * 36, "UCS-2", 2),
        ("Grüße à Müller ñ Ç", "GSM-7", 1),
        ("ça", "UCS-2", 1),
    ],
)
def test_sizes_are_those_of_the_rule_table(text: str, alphabet: str, parts: int) -> None:
    size = text_size(text)
    assert (size.alphabet, size.parts) == (alphabet, parts)


def test_an_extension_character_is_never_split_between_two_parts() -> None:
    """152 letters leave one septet of the first part, which the euro sign cannot use."""
    assert text_size("a" * 152 + "€" + "a" * 152).parts == 3
    assert text_size("a" * 151 + "€" + "a" * 153).parts == 2


def test_typographic_signs_become_plain_ones() -> None:
    assert plain_text("1\u202f234,50\u00a0€ \u201cl\u2019avis\u201d \u2013") == '1 234,50 € "l\'avis" -'


@given(st.text(), st.text())
def test_more_text_never_takes_fewer_parts(text: str, more: str) -> None:
    assert text_size(text + more).parts >= text_size(text).parts
