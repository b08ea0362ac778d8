"""What figures beside the ledger tell a model: what was published, nothing later, and no proxy without leave."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import Customer, CustomerKind
from dunwell.figures import OF_CUSTOMERS, PROXIES, SERIES, Figure, Figures
from dunwell.ledger.model import Account, Invoice
from dunwell.scoring.assess import assess_accounts
from dunwell.scoring.outside import Outside, OutsideInput, Told
from dunwell.scoring.ports import Forecast
from dunwell.scoring.score import score_customers
from tests.unit.scoring.given import AS_OF, invoice
from tests.unit.scoring.stand_in import MODEL, ByHandScorer

INPUTS = (
    OutsideInput("credit_score", 650, 100),
    OutsideInput("industry", words=("retail", "transport"), shares=(0.75, 0.25)),
    OutsideInput("size", 1.5, 0.5),
    OutsideInput("region", words=("ny", "tx"), shares=(0.5, 0.5)),
    OutsideInput("customer_since", 5, 2),
    *(OutsideInput(name, 0, 1, by_industry=True) for name in SERIES),
)
VALUES = {"industry": "transport", "region": "tx", "customer_since": "2020-01-31"}


def published(name: str, days: int, value: str = "", period: str = "2026-01", about: str = "") -> Figure:
    """A figure published so many days after the day on which is scored."""
    return Figure(name, period, AS_OF + timedelta(days=days), value or VALUES.get(name, "2"), about)


def told(own: list[Figure], series: list[Figure], as_of: date = AS_OF, proxies: Collection[str] = PROXIES) -> Told:
    return Told(INPUTS, Figures(own), Figures(series), as_of, proxies)


OWN = [published(name, -20, period=f"{AS_OF - timedelta(days=30)}") for name in OF_CUSTOMERS]
ABOUT = [published(name, -20, period=f"{AS_OF - timedelta(days=60):%Y-%m}") for name in SERIES]
FIGURES = st.builds(
    published,
    st.sampled_from(OF_CUSTOMERS + SERIES),
    st.integers(-400, 400),
    st.just(""),
    st.sampled_from([f"{AS_OF - timedelta(days=days):%Y-%m}" for days in (0, 31, 62, 400)]),
)


@given(st.lists(FIGURES, max_size=12), st.booleans())
def test_deleting_every_figure_that_was_published_later_changes_nothing(found: list[Figure], by_industry: bool) -> None:
    found = [replace(one, about="transport") if by_industry and one.name in SERIES else one for one in found]
    own = [*OWN, *(one for one in found if one.name in OF_CUSTOMERS)]
    series = [*ABOUT, *(one for one in found if one.name in SERIES)]
    past_own, past_series = ([one for one in some if one.published_on < AS_OF] for some in (own, series))
    now, then = told(own, series), told(past_own, past_series)
    assert now.row == then.row
    assert [now.said(number) for number in range(len(INPUTS))] == [then.said(number) for number in range(len(INPUTS))]


@given(st.lists(FIGURES, max_size=12), st.integers(1, 300))
def test_what_was_said_on_an_earlier_day_stays_what_was_said(later: list[Figure], days: int) -> None:
    then = AS_OF - timedelta(days=days)
    corrections = [replace(one, published_on=max(then, one.published_on)) for one in later]
    own = [one for one in corrections if one.name in OF_CUSTOMERS]
    series = [one for one in corrections if one.name in SERIES]
    assert told([*OWN, *own], [*ABOUT, *series], then).row == told(OWN, ABOUT, then).row


def test_what_no_source_tells_is_exactly_nothing() -> None:
    assert told([], []).row == (0.0,) * 10
    assert told([published("industry", -20, "mining")], []).row == (0.0,) * 10


def test_numbers_count_in_steps_from_what_is_usual_and_words_against_their_share() -> None:
    own = [published("credit_score", -20, "550"), published("size", -20, "1000"), published("industry", -20)]
    own = [replace(one, period=f"{AS_OF - timedelta(days=30)}") for one in own]
    row = told(own, []).row
    assert row[:4] == pytest.approx((-1.0, -0.75, 0.75, 3.0))
    far = [replace(one, value="9" * 12) if one.name == "credit_score" else one for one in own]
    assert told(far, []).row[0] == 3.0


def test_a_figure_that_nobody_renewed_for_a_year_says_nothing_more() -> None:
    score = published("credit_score", -20, "550", f"{AS_OF - timedelta(days=30)}")
    days = (AS_OF, AS_OF + timedelta(days=336), AS_OF + timedelta(days=337))
    assert [told([score], [], day).row[0] for day in days] == [-1.0, -1.0, 0.0]


def test_proxies_say_nothing_unless_they_are_switched_on_and_series_are_then_everybodys() -> None:
    month = f"{AS_OF - timedelta(days=60):%Y-%m}"
    series = [
        published("industry_payment_trend", -20, "2", month, "transport"),
        published("industry_payment_trend", -20, "1", month),
    ]
    on, off = told(OWN, series), told(OWN, series, proxies=())
    assert off.row[1:6] == (0.0,) * 5
    assert all(on.row[at] for at in (1, 2, 3, 4, 5))
    assert (on.row[7], off.row[7]) == (2.0, 1.0)
    assert (on.row[0], on.row[6]) == (off.row[0], off.row[6])


def months(*values: str) -> list[Figure]:
    """A series of values up to May, one a month, all published by now."""
    first = 6 - len(values)
    return [
        published("industry_payment_trend", -200 + at, value, f"2026-{first + at:02}", "transport")
        for at, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("series", "said"),
    [
        (months("0.1", "0.0", "0.5", "0.9"), "The industry's payments have been slowing since April."),
        (months("0.9", "0.8", "0.5"), "The industry's payments are slower than usual."),
        (months("0.0", "-0.2", "-0.5"), "The industry's payments have been getting faster since April."),
        (months("-0.5", "-0.2", "-0.3"), "The industry's payments are faster than usual."),
    ],
)
def test_a_series_is_told_in_plain_words(series: list[Figure], said: str) -> None:
    as_of = date(2026, 6, 30)
    series = [replace(one, published_on=as_of - timedelta(days=2)) for one in series]
    own = [Figure("industry", "2026-01-01", date(2026, 1, 2), "transport")]
    assert told(own, series, as_of).said(5) == ("industry_payment_trend", said)


def test_everything_else_is_told_in_plain_words_too() -> None:
    assert [told(OWN, ABOUT).said(number)[1] for number in (0, 1, 2, 3, 4, 6, 7)] == [
        "The credit score is low.",
        "The line of business is transport.",
        "The business has fewer employees than most here.",
        "The customer is in TX.",
        "This has been a customer for longer than most.",
        "Insolvencies are more frequent than usual.",
        "Unemployment is higher than usual.",
    ]


class OutsideScorer(ByHandScorer):
    """A stand-in that knows the inputs: a step of credit score takes a twentieth off every probability."""

    model = replace(MODEL, outside=INPUTS)

    def forecasts(self, rows: Sequence[Sequence[float]]) -> list[Forecast]:
        width = len(MODEL.feature_names)
        assert {len(row) for row in rows} == {width + 10}
        found = super().forecasts([row[:width] for row in rows])
        effects = [[-0.05 * row[width], *[0.0] * (len(INPUTS) - 1)] for row in rows]
        return [
            Forecast(one.probabilities, one.lateness, [[*own, *more] for own in one.effects])
            for one, more in zip(found, effects, strict=True)
        ]


def test_a_reason_from_outside_stands_among_the_others() -> None:
    facts = [invoice(1, issued=-5)]
    (score,) = score_customers([facts], AS_OF, OutsideScorer(), [told(OWN, ABOUT)])
    (own,) = score.invoices
    reason = next(one for one in own.reasons if one.feature == "credit_score")
    assert (reason.words, reason.direction) == ("The credit score is low.", "raises")
    assert len(own.row) == len(MODEL.feature_names)


def test_a_model_without_such_inputs_reads_no_series_and_scores_as_before() -> None:
    def refuse(name: str) -> list[Figure]:
        raise AssertionError(f"{name} was read")

    facts = [invoice(1, issued=-5)]
    outside = Outside(refuse, PROXIES)
    assert outside.told([OWN], (), AS_OF) == []
    assert score_customers([facts], AS_OF, ByHandScorer(), []) == score_customers([facts], AS_OF, ByHandScorer())


def test_an_accounts_own_figures_and_the_series_reach_its_assessment() -> None:
    read: list[str] = []

    def series(name: str) -> list[Figure]:
        read.append(name)
        return [one for one in ABOUT if one.name == name]

    customer = Customer("cus_1", "example", "erp", "1", CustomerKind.BUSINESS, "Anna")
    issued_on = AS_OF - timedelta(days=5)
    bill = Invoice("inv_1", "1", "USD", 10_000, issued_on, issued_on + timedelta(days=30))
    account = Account(customer, 1, {"inv_1": bill}, figures=tuple(OWN))
    found = assess_accounts([account, account], AS_OF, OutsideScorer(), outside=Outside(series, ()))
    assert not found.refusals
    for one in found.assessments:
        (told,) = [reason for reason in one.invoices[0].reasons if reason.words == "The credit score is low."]
        assert (told.feature, told.direction) == ("credit_score", "raises")
    assert sorted(read) == sorted(SERIES)
