"""The promise on lines that nothing was fitted on: applied rightly, and often enough."""

from collections.abc import Sequence

import pytest

from dunwell.remittance.scoring import fitted
from infra.local.remittance.__main__ import CALIBRATE, TEST, TRAIN, rival_answers
from infra.local.remittance.evaluate import Answer, answers, engine, quality
from infra.local.remittance.lines import CASES

SEEDS = (31, 32)
LINES, CUSTOMERS = 1200, 1500


@pytest.fixture(scope="module")
def found() -> list[Answer]:
    return [one for seed in SEEDS for one in answers(seed, engine(fitted()), LINES, CUSTOMERS)]


def test_no_seed_that_measures_was_fitted_on() -> None:
    assert not ({*TRAIN, *CALIBRATE} & {*TEST, *SEEDS})


def test_every_way_of_paying_is_among_the_lines(found: Sequence[Answer]) -> None:
    assert {one.truth.case for one in found} == set(CASES)


def test_what_is_applied_is_right_and_most_of_what_can_be_applied_is(found: Sequence[Answer]) -> None:
    reached = quality(found, fitted().apply_permille)
    assert reached.precision >= 0.995, reached
    assert reached.recall >= 0.85, reached
    assert reached.other_wrong == 0


def test_a_stricter_threshold_applies_less_and_a_looser_one_is_not_more_precise(found: Sequence[Answer]) -> None:
    chosen = fitted().apply_permille
    loose, reached, strict = (quality(found, permille) for permille in (0, chosen, 999))
    assert strict.applied < reached.applied < loose.applied
    assert loose.precision <= reached.precision


def test_exact_references_alone_would_fail_both(found: Sequence[Answer]) -> None:
    plain = quality(rival_answers(SEEDS[0], LINES, CUSTOMERS), 0)
    assert plain.precision < 0.995
    assert plain.recall < 0.85


def test_the_confidence_means_what_it_says(found: Sequence[Answer]) -> None:
    shown = [one for one in found if one.shown >= 500]
    said, was = sum(one.shown for one in shown) / len(shown), 1000 * sum(one.right for one in shown) / len(shown)
    assert abs(said - was) < 20
