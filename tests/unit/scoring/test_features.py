"""Features know only what was known, and say nothing good about who has no history."""

from dataclasses import fields, replace
from datetime import date, timedelta
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.ledger.model import Delivery
from dunwell.scoring.behaviour import MEASURES
from dunwell.scoring.delivery import code_of
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.features import (
    FEATURE_NAMES,
    NEUTRAL_VALUES,
    UNSAID_AT_NEUTRAL,
    customer_features,
    features,
    invoice_features,
    said,
)
from dunwell.scoring.forbidden import forbidden_among
from dunwell.scoring.recovery import RECOVERY_FEATURES
from tests.unit.scoring.given import AS_OF, DAYS, DELIVERIES, OFFSETS, as_it_was, invoice, ledgers


def named(row: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(FEATURE_NAMES, row, strict=True))


@given(ledgers(), DAYS, st.integers(0, 90), DELIVERIES)
def test_deleting_everything_later_changes_no_feature(
    ledger: list[InvoiceFacts], issued_on: date, terms: int, delivery: Delivery | None
) -> None:
    due_on = issued_on + timedelta(days=terms)
    asked = InvoiceFacts("asked", issued_on, due_on, 5_000, "USD", None, False, delivery=delivery)
    now = features(asked, ledger, AS_OF, OFFSETS)
    assert now == features(asked, as_it_was(ledger, AS_OF), AS_OF, OFFSETS)


@given(ledgers(), DAYS)
def test_how_an_invoice_is_sent_that_is_still_to_be_issued_or_paid_changes_no_other_invoices_features(
    ledger: list[InvoiceFacts], as_of: date
) -> None:
    asked = invoice(99, issued=0, delivery=Delivery.PAPER)
    other = [
        replace(one, delivery=Delivery.ELECTRONIC)
        if one.issued_on >= as_of or one.settled_on is None or one.settled_on >= as_of
        else one
        for one in ledger
    ]
    assert features(asked, ledger, as_of, OFFSETS) == features(asked, other, as_of, OFFSETS)


@given(ledgers(), DAYS)
def test_whatever_the_ledger_every_feature_is_a_finite_number(ledger: list[InvoiceFacts], as_of: date) -> None:
    for one in ledger:
        row = features(one, ledger, as_of, OFFSETS)
        assert len(row) == len(FEATURE_NAMES)
        assert all(isfinite(value) for value in row)


@given(ledgers(), DAYS)
def test_whether_the_asked_invoice_is_disputed_or_settled_later_is_not_seen(
    ledger: list[InvoiceFacts], as_of: date
) -> None:
    for one in as_it_was(ledger, as_of):
        if one.settled_on is None:
            later = replace(one, disputed=not one.disputed, settled_on=as_of + timedelta(days=3))
            assert features(one, ledger, as_of, OFFSETS) == features(later, ledger, as_of, OFFSETS)


@given(ledgers())
def test_sharing_the_customers_part_gives_the_same_features(ledger: list[InvoiceFacts]) -> None:
    customer = customer_features(ledger, AS_OF, OFFSETS)
    for one in ledger:
        if one.issued_on < AS_OF:
            assert invoice_features(one, customer) == pytest.approx(features(one, ledger, AS_OF, OFFSETS))


def test_a_habit_is_the_same_whichever_way_the_bills_were_sent_that_it_was_learned_from() -> None:
    def paid(delivery: Delivery, root_lateness: float) -> list[InvoiceFacts]:
        late = round((root_lateness + 30**0.5) ** 2 - 30)
        return [invoice(n, issued=-400 + 30 * n, late=late, delivery=delivery) for n in range(10)]

    on_paper, by_mail = (paid(one, OFFSETS[code_of(one)]) for one in Delivery)
    levels = [customer_features(one, AS_OF, OFFSETS).habit.level for one in (on_paper, by_mail)]
    assert levels[0] == pytest.approx(levels[1], abs=0.1)  # days are whole
    plain = [customer_features(one, AS_OF).habit.level for one in (on_paper, by_mail)]
    assert plain[0] > plain[1] + 0.5


def test_a_bill_on_paper_is_asked_about_as_later_than_an_electronic_one_and_an_unknown_one_as_neither() -> None:
    history = [invoice(n, issued=-200 - n, late=-8 if n % 2 else 6, delivery=Delivery.PAPER) for n in range(10)]
    paper, electronic, unknown = (
        named(features(invoice(99, issued=0, delivery=one), history, AS_OF, OFFSETS)) for one in (*Delivery, None)
    )
    assert paper["delivery_log_odds"] > unknown["delivery_log_odds"] == 0 > electronic["delivery_log_odds"]
    assert paper["delivery_lateness"] == OFFSETS.paper
    others = FEATURE_NAMES[: -len(UNSAID_AT_NEUTRAL)]
    assert {name: paper[name] for name in others} == {name: electronic[name] for name in others}


@given(ledgers())
def test_where_nobody_says_how_bills_are_sent_what_was_learned_of_it_changes_nothing(
    ledger: list[InvoiceFacts],
) -> None:
    silent = [replace(one, delivery=None) for one in ledger]
    for one in silent:
        assert features(one, silent, AS_OF, OFFSETS) == features(one, silent, AS_OF)


def test_what_no_source_says_is_not_counted_among_a_features_values() -> None:
    assert said("delivery_lateness", [0.0, 0.3, -0.5, 0.0]) == [0.3, -0.5]
    assert said("days_overdue", [0.0, 3.0]) == [0.0, 3.0]


def test_a_customer_without_history_is_neutral_and_marked_not_good() -> None:
    row = named(features(invoice(issued=0), [], AS_OF))
    history = FEATURE_NAMES[2:17]
    assert row["has_history"] == 0.0
    neutral = dict(zip(FEATURE_NAMES, NEUTRAL_VALUES, strict=True))
    assert {name: row[name] for name in history} == pytest.approx({name: neutral[name] for name in history})


def test_one_late_payment_moves_the_late_ratio_less_than_ten_do() -> None:
    once = named(features(invoice(0), [invoice(1, issued=-90, late=5)], AS_OF))
    often = [invoice(n, issued=-90 - n, late=5) for n in range(1, 11)]
    assert 0.3 < once["late_ratio"] < named(features(invoice(0), often, AS_OF))["late_ratio"] < 1


def test_an_invoice_settled_today_still_counts_as_open() -> None:
    history = [invoice(1, issued=-60, terms=30, late=30)]  # settled on AS_OF
    row = named(features(invoice(0, issued=0), history, AS_OF))
    assert row["has_history"] == 0.0
    assert row["other_overdue_count"] > 0


def test_days_past_due_and_days_to_due_are_told_apart() -> None:
    overdue = named(features(invoice(issued=-50), [], AS_OF))
    coming = named(features(invoice(issued=-10), [], AS_OF))
    assert (overdue["days_overdue"], overdue["days_to_due"]) == (20.0, 0.0)
    assert (coming["days_overdue"], coming["days_to_due"]) == (0.0, 20.0)


def test_an_invoice_is_not_counted_among_the_others() -> None:
    alone = invoice(1, issued=-60)
    row = named(features(alone, [alone], AS_OF))
    others = ("other_open_count", "other_overdue_count", "other_overdue_share", "other_oldest_overdue_days")
    assert [row[name] for name in others] == [0.0] * 4


def test_other_invoices_past_due_are_counted_with_the_oldest_ones_age() -> None:
    ledger = [invoice(1, issued=-60), invoice(2, issued=-100), invoice(3, issued=-5)]
    assert named(features(ledger[0], ledger, AS_OF))["other_oldest_overdue_days"] == 70.0
    assert named(features(ledger[1], ledger, AS_OF))["other_oldest_overdue_days"] == 30.0
    assert named(features(ledger[2], ledger, AS_OF))["other_overdue_share"] == 1.0


def test_an_amount_is_compared_with_the_customers_usual_in_the_same_currency_only() -> None:
    usual = [invoice(n, issued=-90 - n, late=0, amount_minor=10_000) for n in range(1, 6)]
    yen = [invoice(9, issued=-90, late=0, amount_minor=10, currency="JPY")]
    assert named(features(invoice(0, amount_minor=40_000), usual + yen, AS_OF))["amount_ratio"] > 0.5
    assert named(features(invoice(0, amount_minor=10_000), usual + yen, AS_OF))["amount_ratio"] == pytest.approx(0)


def test_a_customer_whose_payments_slip_shows_a_trend() -> None:
    slipping = [invoice(n, issued=-300 + 30 * n, late=-5 if n < 5 else 15) for n in range(8)]
    assert named(features(invoice(99, issued=0), slipping, AS_OF))["days_late_trend"] > 10


def test_an_invoice_that_has_stayed_open_is_likelier_to_be_late_by_the_customers_habit() -> None:
    mixed = [invoice(n, issued=-200 - n, late=-8 if n % 2 else 6) for n in range(10)]
    at_issue = named(features(invoice(99, issued=0), mixed, AS_OF))
    due_tomorrow = named(features(invoice(99, issued=-29), mixed, AS_OF))
    assert due_tomorrow["late_from_here"] > at_issue["late_from_here"] + 0.5


@pytest.mark.parametrize(
    "name",
    [
        *("sex", "Gender", "age", "age_years", "customerAge", "marital_status", "ethnicity", "race", "religion"),
        *("national_origin", "nationality", "first_name", "surname", "zip", "postcode", "language", "country_of_birth"),
        *("MARRIAGE", "EDUCATION", "widowed", "divorced", "dependants", "children", "dob", "ancestry", "hispanic"),
        *(
            "pensioner",
            "public_aid",
            "social_security",
            "ageband",
            "firstname",
            "fname",
            "racial",
            "sexual_orientation",
        ),
        *("veteran", "address", "street", "City", "neighbourhood", "census_tract", "ccpa_request", "mother_tongue"),
        *("preferred_lang", "title", "tribal", "household_size", "skin", "zip4", "latitude", "church", "maternity"),
        *("public_assistance", "income_source", "email_domain", "disputed_share", "Date of birth", "SEX"),
    ],
)
def test_what_the_law_forbids_is_recognised_however_it_is_spelled(name: str) -> None:
    assert forbidden_among(["days_overdue", name, "amount_ratio"]) == [name]


def test_words_that_only_contain_a_forbidden_one_are_allowed() -> None:
    allowed = ["average_days", "terms_days", "usage_share", "trace_length", "credit_score", "industry", "tenure_days"]
    allowed += ["attribution", "distribution", "contribution_days", "image_count", "entitled", "capacity", "said_so"]
    assert forbidden_among(allowed) == []


def test_no_feature_is_or_names_what_the_law_forbids() -> None:
    assert forbidden_among((*FEATURE_NAMES, *RECOVERY_FEATURES, *MEASURES)) == []
    assert not {field.name for field in fields(InvoiceFacts)} & {
        "customer_name",
        "language",
        "postcode",
        "region",
    }
