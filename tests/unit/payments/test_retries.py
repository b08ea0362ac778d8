"""After a failed debit: again on a sensible day, the customer, or never; by the code, and never beyond the caps."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.ledger.debits import MethodKind
from dunwell.payments.retries import (
    BANK_REASONS,
    BANK_TRIES,
    CARD_REASONS,
    CARD_TRIES,
    USUAL_PAYDAYS,
    Paydays,
    Reason,
    Retry,
    RetryOutcome,
    decide_retry,
    learned_paydays,
    reason_of,
)
from infra.local.stripe_sandbox.cards import BANK_FAILURE_MESSAGES, DECLINE_CODES, decline

CARD, BANK = MethodKind.CARD, MethodKind.BANK_DEBIT
MONDAY = date(2026, 11, 23)
HOLIDAY = date(2026, 11, 26)
OUTCOMES = {
    Reason.FUNDS: RetryOutcome.RETRY,
    Reason.PASSING: RetryOutcome.RETRY,
    Reason.UNCLEAR: RetryOutcome.RETRY,
    Reason.AUTHENTICATE: RetryOutcome.CUSTOMER,
    Reason.CUSTOMER: RetryOutcome.CUSTOMER,
    Reason.LOST: RetryOutcome.STOP,
    Reason.UNAUTHORISED: RetryOutcome.STOP,
}
ADVICE = ["", "confirm_card_data", "do_not_try_again", "try_again_later"]


def works(day: date) -> bool:
    return day.weekday() < 5 and day != HOLIDAY


def retry(
    code: str,
    *tried_on: date,
    kind: MethodKind = CARD,
    advice: str = "",
    paydays: Paydays = USUAL_PAYDAYS,
    as_of: date = MONDAY,
) -> Retry:
    return decide_retry(tried_on or (as_of,), "", code, advice, kind, paydays, as_of, works)


@pytest.mark.parametrize("code", sorted(CARD_REASONS))
def test_every_card_code_has_its_outcome(code: str) -> None:
    decided = retry(code)
    assert decided.reason is CARD_REASONS[code]
    assert decided.outcome is OUTCOMES[decided.reason]
    assert (decided.next_on is None) is (decided.outcome is not RetryOutcome.RETRY)


@pytest.mark.parametrize("code", sorted(BANK_REASONS))
def test_every_bank_code_has_its_outcome(code: str) -> None:
    decided = retry(code, kind=BANK)
    assert decided.reason is BANK_REASONS[code]
    assert decided.outcome is OUTCOMES[decided.reason]


@pytest.mark.parametrize("code", sorted(DECLINE_CODES))
def test_every_decline_that_the_sandbox_can_make_is_known_and_its_advice_is_kept_to(code: str) -> None:
    made = decline(code)
    assert code in CARD_REASONS
    decided = decide_retry(
        [MONDAY], made.code, made.decline_code or "", made.advice_code or "", CARD, USUAL_PAYDAYS, MONDAY, works
    )
    if made.advice_code == "do_not_try_again":
        assert decided.outcome is RetryOutcome.STOP


@pytest.mark.parametrize("code", sorted(BANK_FAILURE_MESSAGES))
def test_every_bank_failure_that_the_sandbox_can_make_is_known(code: str) -> None:
    assert code in BANK_REASONS


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "pickup_card"])
def test_a_card_that_is_gone_is_never_tried_again(code: str) -> None:
    assert retry(code, advice="try_again_later").outcome is RetryOutcome.STOP


@pytest.mark.parametrize("code", ["R05", "R07", "R10", "R29"])
def test_an_unauthorised_return_ends_the_method(code: str) -> None:
    assert retry(code, kind=BANK) == Retry(RetryOutcome.STOP, Reason.UNAUTHORISED)


def test_advice_never_to_try_again_is_kept_to_whatever_the_code() -> None:
    assert retry("insufficient_funds", advice="do_not_try_again").outcome is RetryOutcome.STOP
    assert retry("insufficient_funds", advice="do_not_try_again", kind=BANK).outcome is RetryOutcome.STOP


@pytest.mark.parametrize(
    ("code", "decline_code", "advice", "expected"),
    [
        ("card_declined", "made_up_next_year", "", Reason.UNCLEAR),
        ("made_up", "made_up", "", Reason.CUSTOMER),
        ("made_up", "", "try_again_later", Reason.UNCLEAR),
        ("card_declined", "", "confirm_card_data", Reason.CUSTOMER),
        ("card_declined", "authentication_required", "try_again_later", Reason.AUTHENTICATE),
        ("payment_intent_authentication_failure", "", "", Reason.AUTHENTICATE),
    ],
)
def test_the_banks_code_counts_first_then_the_gateways_then_its_advice(
    code: str, decline_code: str, advice: str, expected: Reason
) -> None:
    assert reason_of(CARD, code, decline_code, advice) is expected


@pytest.mark.parametrize(
    ("as_of", "next_on"),
    [
        (MONDAY, date(2026, 11, 27)),  # a Friday
        (date(2026, 11, 27), date(2026, 12, 1)),
        (date(2026, 12, 11), date(2026, 12, 15)),
        (date(2026, 7, 31), date(2026, 8, 3)),  # the first is a Saturday
    ],
)
def test_without_money_the_next_payday_is_waited_for_and_rests_when_banks_do(as_of: date, next_on: date) -> None:
    assert retry("insufficient_funds", as_of=as_of).next_on == next_on


def test_a_customers_own_payday_comes_first_unless_it_is_weeks_away() -> None:
    own = Paydays(frozenset({25}))
    assert retry("insufficient_funds", paydays=own).next_on == date(2026, 11, 25)
    assert retry("insufficient_funds", paydays=own, as_of=date(2026, 11, 25)).next_on == date(2026, 11, 27)


def test_a_passing_failure_is_tried_the_next_banking_day_and_an_unclear_one_after_three_days() -> None:
    assert retry("processing_error", as_of=date(2026, 11, 25)).next_on == date(2026, 11, 27)
    assert retry("generic_decline").next_on == date(2026, 11, 27)
    assert retry("generic_decline", MONDAY - timedelta(days=4), MONDAY).outcome is RetryOutcome.CUSTOMER


def test_no_money_in_a_bank_account_is_presented_at_most_twice_more() -> None:
    days = [MONDAY - timedelta(days=7 * n) for n in range(5)]
    for n in range(1, 6):
        wanted = RetryOutcome.RETRY if n < BANK_TRIES else RetryOutcome.CUSTOMER
        assert retry("R01", *days[:n], kind=BANK).outcome is wanted
    assert retry("R09", MONDAY - timedelta(days=179), MONDAY, kind=BANK).outcome is RetryOutcome.CUSTOMER


@given(
    codes=st.lists(
        st.tuples(st.sampled_from(sorted({*CARD_REASONS, *BANK_REASONS, "new"})), st.sampled_from(ADVICE)), min_size=40
    ),
    kind=st.sampled_from(MethodKind),
    start=st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    paydays=st.builds(Paydays, st.frozensets(st.integers(1, 31)), st.frozensets(st.integers(0, 6))),
)
def test_whatever_fails_however_often_the_caps_hold_and_every_try_is_on_a_banking_day(
    codes: list[tuple[str, str]], kind: MethodKind, start: date, paydays: Paydays
) -> None:
    tried = [start]
    for code, advice in codes:
        decided = decide_retry(tried, code, "", advice, kind, paydays, tried[-1], works)
        if decided.next_on is None:
            break
        assert decided.outcome is RetryOutcome.RETRY
        assert decided.next_on > tried[-1]
        assert works(decided.next_on)
        tried.append(decided.next_on)
    assert len(tried) <= (CARD_TRIES if kind is CARD else BANK_TRIES)
    assert (tried[-1] - start).days <= (30 if kind is CARD else 180)


def test_paydays_are_learned_from_when_the_customer_paid() -> None:
    monthly = [date(2026, month, 25) for month in (8, 9, 10)]
    assert learned_paydays(monthly) == Paydays(frozenset({25}))
    fridays = [date(2026, 10, 2), date(2026, 10, 9), date(2026, 10, 23), date(2026, 11, 13)]
    assert learned_paydays(fridays) == Paydays(frozenset(), frozenset({4}))
    assert learned_paydays(monthly[:2]) == USUAL_PAYDAYS
    assert learned_paydays([date(2026, 10, 1), date(2026, 10, 9), date(2026, 10, 14)]) == USUAL_PAYDAYS
