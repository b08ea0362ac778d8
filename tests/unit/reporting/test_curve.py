"""Pictures over days stay within their edges and keep the order of the days."""

from dataclasses import astuple
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dunwell.reporting.curve import HEIGHT, WIDTH, curve, spans

TODAY = date(2026, 11, 20)
DAYS = st.integers(-400, 400).map(lambda days: TODAY + timedelta(days=days))


@given(st.dictionaries(st.text(max_size=3), st.tuples(DAYS, DAYS, DAYS).map(sorted), min_size=1, max_size=5))
def test_spans_share_one_scale_from_today_and_keep_the_order_of_their_days(
    values: dict[str, list[date]],
) -> None:
    found = spans({of: (days[0], days[1], days[2]) for of, days in values.items()}, TODAY)
    assert found is not None
    assert found.first_on == TODAY
    drawn = sorted(
        (day, x) for of, days in values.items() for day, x in zip(days, astuple(found.by_id[of]), strict=True)
    )
    assert [x for _, x in drawn] == sorted(x for _, x in drawn)
    assert all(0 < x < WIDTH for _, x in drawn)
    assert all(x == drawn[0][1] for day, x in drawn if day <= TODAY) or drawn[0][0] > TODAY


def test_a_span_that_ends_last_reaches_the_right_edge_and_one_that_is_past_stays_on_the_left() -> None:
    week = timedelta(days=7)
    found = spans(
        {"a": (TODAY - week, TODAY, TODAY + 4 * week), "b": (TODAY, TODAY + 2 * week, TODAY + 3 * week)}, TODAY
    )
    assert found is not None
    assert found.last_on == TODAY + 4 * week
    assert (found.by_id["a"].earliest, found.by_id["a"].expected, found.by_id["a"].latest) == (6, 6, 294)
    assert (found.by_id["b"].earliest, found.by_id["b"].expected, found.by_id["b"].latest) == (6, 150, 222)


def test_nothing_is_drawn_of_nothing() -> None:
    assert spans({}, TODAY) is None
    assert curve([(TODAY, 500)]) is None


@given(st.lists(st.tuples(DAYS, st.integers(0, 1000)), min_size=2, max_size=9, unique_by=lambda value: value[0]))
def test_a_curve_stays_within_its_edges_from_left_to_right(values: list[tuple[date, int]]) -> None:
    drawn = curve(sorted(values))
    assert drawn is not None
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in drawn.points)
    assert [x for x, _ in drawn.points] == sorted(x for x, _ in drawn.points)
    assert drawn.line.count(",") == len(values)
