"""The report on the model as it looks in Chromium, on a phone and on a desktop."""

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Page

from dunwell.scoring.care import Calibration, Challenge, Coverage, Group, ModelReport
from dunwell.scoring.drift import Drift
from dunwell.scoring.moment_log import KINDS
from functions.monitor_models.app import model_page
from tests.support.chromium import CHROMIUM, PHONE_WIDTH, WITHOUT, problems_at_both_sizes, running_chromium
from tests.support.invocation import set_variables

SMALLEST_LETTERS_PX = 12
LETTERS_PX = """
() => [...document.querySelectorAll('svg text')]
    .map(text => text.getCTM().a * parseFloat(getComputedStyle(text).fontSize))
"""
MODEL, OTHER = "2.3.0+7dbaa6cf3d24", "2.2.0+b3cfd9efd3b8"


def groups(*pairs: tuple[float, float]) -> tuple[Group, ...]:
    return tuple(Group(280, forecast, came_true) for forecast, came_true in pairs)


OFTEN = groups((0.12, 0.1), (0.3, 0.29), (0.5, 0.52), (0.72, 0.67), (0.95, 0.96))
HARDLY = groups((0.001, 0.004), (0.003, 0.018), (0.005, 0.007), (0.009, 0.006), (0.031, 0.029))
REPORT = ModelReport(
    "late_payment", MODEL, date(2026, 6, 30), 3_292, 488, 1_366, 1_041,
    (Drift("late_ratio", 0.3, (0.5, 0.3, 0.2), (0.2, 0.3, 0.5)), Drift("trend", 0.0, (0.5, 0.5), (0.4, 0.6))),
    (
        Calibration(0, 1_041, 1_041, 0.519, 0.507, 0.159, 1.02, 0.07, OFTEN),
        Calibration(90, 1_402, 580, 0.01, 0.013, 0.013, 0.52, 0.3, HARDLY),
    ),
    tuple(Coverage(kind, 600, covered, 0.1, 0.1) for kind, covered in zip(KINDS, (0.78, 0.72, 0.79, 0.8), strict=True)),
    Challenge(OTHER, 1_041, 0.1587, 0.1582, 0.0005, 0.0009),
    ("The 80 % interval covered 72%, asked before due. Calibrate it again.",),
    date(2026, 1, 4),
    8,
)  # fmt: skip


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    if not CHROMIUM:
        pytest.skip(WITHOUT)
    set_variables(monkeypatch, REPORTS_BUCKET="reports")
    with running_chromium() as browser:
        made = browser.new_page(viewport={"width": PHONE_WIDTH, "height": 800})
        made.set_content(model_page(REPORT))
        yield made


def test_on_a_phone_and_on_a_desktop_nothing_is_too_wide_and_every_letter_of_a_picture_can_be_read(page: Page) -> None:
    assert problems_at_both_sizes(page) == []
    assert min(page.evaluate(LETTERS_PX)) >= SMALLEST_LETTERS_PX


def test_the_groups_of_a_rare_event_do_not_stand_on_one_point(page: Page) -> None:
    picture = page.locator(".tile", has_text="More than 90 days late").locator("circle")
    across = [float(picture.nth(number).get_attribute("cx") or 0) for number in range(5)]
    assert max(across) - min(across) > 100


def test_it_says_that_it_counts_answers_and_of_which_sample(page: Page) -> None:
    text = " ".join(page.inner_text("body").split())
    assert "3292 answers for 1366 invoices" in text
    assert "of 1402 answers for 580 invoices" in text
    assert "one in 8 invoices, chosen by a hash; there are about 10928 in all" in text
    assert page.locator("table thead").inner_text().split()[-4:] == ["Answers", "Forecast", "Came", "true"]
