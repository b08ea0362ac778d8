"""The creditor's colour and logo on the portal."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell_aws.portal.look import colours, contrast, image_sources, readable
from functions.portal.app import portal_pages
from tests.support.portal import CREDITOR


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@given(st.integers(0, 0xFFFFFF))
def test_whatever_the_creditors_colour_words_in_it_and_on_it_can_be_read(colour: int) -> None:
    used = readable(f"#{colour:06x}")
    assert contrast(used, "#f4f6f8") >= 4.5
    assert contrast(used, "#ffffff") >= 4.5


def test_a_colour_that_can_be_read_is_used_as_it_is() -> None:
    assert "--brand: #1d4ed8;" in colours(CREDITOR)
    assert "--brand: #ffd700" not in colours(replace(CREDITOR, colour="#ffd700"))


def test_the_logo_may_be_loaded_and_nothing_else() -> None:
    with_logo = replace(CREDITOR, logo_url="https://cdn.example/logo.png")
    policy = portal_pages(with_logo, "https://pay.example").headers("https://p.example")["Content-Security-Policy"]
    assert "img-src data: https://cdn.example;" in policy
    assert image_sources(CREDITOR) == ()
