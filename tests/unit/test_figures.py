"""Dated figures: what was known on a day, and which figures are wrong."""

from datetime import date, timedelta

import pytest

from dunwell.figures import Figure, Figures, fault_of, word

DAY = date(2026, 6, 30)


def figure(value: str, published: int, period: str = "2026-05", about: str = "") -> Figure:
    return Figure("unemployment", period, DAY + timedelta(days=published), value, about)


def test_a_figure_is_known_from_the_day_after_its_publication() -> None:
    figures = Figures([figure("2", 0)])
    assert figures.newest("unemployment", DAY) is None
    assert figures.newest("unemployment", DAY + timedelta(days=1)) == "2"


def test_a_correction_counts_from_its_own_publication_on_and_does_not_rewrite_the_past() -> None:
    figures = Figures([figure("3", 30), figure("2", 0), figure("9", 60, "2026-04")])
    days = [1, 30, 31, 61]
    assert [figures.newest("unemployment", DAY + timedelta(days=n)) for n in days] == ["2", "2", "3", "3"]
    assert figures.known("unemployment", DAY + timedelta(days=61)) == {"2026-04": "9", "2026-05": "3"}


def test_what_is_said_of_one_industry_is_not_said_of_another_nor_of_everybody() -> None:
    figures = Figures([figure("2", -5, about="retail")])
    assert figures.newest("unemployment", DAY, "retail") == "2"
    assert figures.newest("unemployment", DAY, "transport") is None
    assert figures.newest("unemployment", DAY) is None


@pytest.mark.parametrize(
    ("wrong", "attribute"),
    [
        (Figure("shoe_size", "2026-05", DAY, "1"), "name"),
        (Figure("credit_score", "2026-05", DAY, "640"), "about"),
        (Figure("unemployment", "2026-13", DAY, "1"), "period"),
        (Figure("unemployment", "May", DAY, "1"), "period"),
        (Figure("unemployment", "2026-07", DAY, "1"), "published_on"),
        (Figure("unemployment", "2026-05", DAY, "nan"), "value"),
        (Figure("unemployment", "2026-05", DAY, "4,1"), "value"),
        (Figure("customer_since", "2026-05", DAY, "long", "C-1"), "value"),
        (Figure("industry", "2026-05", DAY, "x" * 61, "C-1"), "value"),
    ],
)
def test_a_wrong_figure_is_told_where_it_is_wrong_and_what_to_do(wrong: Figure, attribute: str) -> None:
    fault = fault_of(wrong)
    assert fault
    assert fault.attribute == attribute
    assert fault.reason
    assert fault.fix


def test_good_figures_have_no_fault() -> None:
    good = [
        Figure("credit_score", "2026-05-31", DAY, "640", "C-1"),
        Figure("customer_since", "2026-05-31", DAY, "2019-01-31", "C-1"),
        Figure("industry", "2026-05-31", DAY, "retail", "C-1"),
        Figure("unemployment", "2026-05", DAY, "-4.1e0"),
    ]
    assert [fault_of(one) for one in good] == [None] * 4


def test_an_industry_is_the_same_however_a_system_writes_it() -> None:
    assert word("COMPUTER_SOFTWARE") == word(" Computer  Software") == "computer software"
