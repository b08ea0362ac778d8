"""Recovery: coherent chances, exact reasons, dated actions, and nothing that a past day could not know."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.ledger.agreements import AgreedInstalment, AgreementStatus, AgreementStep
from dunwell.ledger.model import Account
from dunwell.scoring.actions import LONG_AGO_DAYS, Action, ActionKind, Actions, actions_at, promises, with_promises
from dunwell.scoring.assessment import Recovery
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.known import known_at
from dunwell.scoring.recovery import (
    ACTION_FEATURES,
    RECOVERY_FILE,
    WORDS,
    WORDS_WITHOUT_HISTORY,
    PastDue,
    debtor_of,
    learned,
    months_of,
    read_model,
    recovery,
)
from tests.support.agreements import agreement
from tests.support.portal import customer
from tests.unit.scoring.given import AS_OF, DAYS, as_it_was, invoice, ledgers

PAID = [invoice(n, issued=-400 + 30 * n, terms=20, late=3) for n in range(1, 10)]
OWED = invoice(50, issued=-60, amount_minor=120_000)
DAY = timedelta(days=1)


def expected(*owed: InvoiceFacts, actions: list[Action] | None = None, history: list[InvoiceFacts] = PAID) -> Recovery:
    past_due = [PastDue(one, one.amount_minor) for one in owed]
    done = None if actions is None else {"USD": actions}
    (found,) = recovery(past_due, known_at([*history, *owed], AS_OF), done)
    return found


def test_what_is_expected_grows_with_time_and_never_exceeds_what_is_owed() -> None:
    found = expected(OWED, invoice(51, issued=-50))
    assert found.past_due_minor == 130_000
    assert 0 < found.expected_30_minor < found.expected_60_minor < found.expected_90_minor < 130_000
    assert found.permille_90 == pytest.approx(1000 * found.expected_90_minor / 130_000, abs=1)
    assert (found.model_version, found.card_id) == (learned().identity, learned().card_id)


def test_the_older_a_debt_and_the_longer_the_silence_the_less_is_expected() -> None:
    chances = [expected(invoice(50, issued=-30 - age)).permille_30 for age in (5, 40, 80, 200, 500)]
    assert all(later < sooner for sooner, later in pairwise(chances))


def test_an_open_promise_raises_the_likelihood_and_unanswered_calls_lower_it() -> None:
    nothing = expected(OWED, actions=[]).permille_30
    promise = Action(AS_OF - 2 * DAY, ActionKind.PROMISE, AS_OF + 5 * DAY)
    calls = [Action(AS_OF - n * DAY, ActionKind.NO_ANSWER) for n in (3, 10, 17)]
    assert expected(OWED, actions=[promise]).permille_30 > nothing > expected(OWED, actions=calls).permille_30


def test_actions_that_are_not_known_are_not_taken_for_none_and_give_no_reasons() -> None:
    unknown = expected(OWED)
    assert unknown.permille_30 != expected(OWED, actions=[]).permille_30
    about_actions = {words for name in ACTION_FEATURES for words in WORDS[name]}
    assert not about_actions & {one.words for one in unknown.reasons}


ABOUT_PAYMENTS = ("customer pays", "last payment", "paid for unusually long", "kept", "Recent")


@pytest.mark.parametrize("past_due_days", [1, 10, 29, 31, 45, 90, 200, 500, 900])
@pytest.mark.parametrize("others", [0, 3])
def test_who_has_paid_nothing_yet_is_not_told_of_past_payments(past_due_days: int, others: int) -> None:
    owed = [invoice(n, issued=-30 - past_due_days + n) for n in range(others + 1)]
    for actions in (None, [], [Action(AS_OF - 5 * DAY, ActionKind.MESSAGE)]):
        for reason in expected(*owed, actions=actions, history=[]).reasons:
            assert not [words for words in ABOUT_PAYMENTS if words in reason.words], reason
            assert reason.words in WORDS_WITHOUT_HISTORY[reason.feature]


def test_that_nothing_has_been_paid_is_a_reason_against_a_month_after_it_was_due_and_none_where_something_was() -> None:
    (against,) = [one for one in expected(invoice(50, issued=-150), history=[]).reasons if "yet" in one.words]
    assert (against.feature, against.effect_permille < 0) == ("unpaid_months", True)
    assert not [one for one in expected(invoice(50, issued=-150)).reasons if one.feature == "unpaid_months"]
    assert not [one for one in expected(invoice(50, issued=-40), history=[]).reasons if "yet" in one.words]


def test_neutralising_a_feature_moves_the_chance_by_what_the_reasons_say() -> None:
    known = known_at([*PAID, OWED], AS_OF)
    done = Actions(messages=3, since_contact_days=4, warned=True, no_answers=2, promise_open=True)
    months = months_of(PastDue(OWED, OWED.amount_minor), debtor_of(known), done, learned())
    now = learned().within(months)[0]
    for index, effect in enumerate(learned().effects(months[0])):
        without = [*months[0]]
        without[index] = learned().neutral[index]
        assert now - learned().within([without, *months[1:]])[0] == pytest.approx(effect, abs=1e-12)


def test_every_currency_has_its_own_expectation() -> None:
    yen = invoice(60, issued=-70, amount_minor=9_000, currency="JPY")
    past_due = [PastDue(one, one.amount_minor) for one in (OWED, yen)]
    known = known_at([*PAID, OWED, yen], AS_OF)
    found = recovery(past_due, known, {"JPY": [Action(AS_OF - DAY, ActionKind.PROMISE, AS_OF + DAY)]})
    assert [one.currency for one in found] == ["JPY", "USD"]
    assert found[0].past_due_minor == 9_000


def test_a_past_day_does_not_know_what_was_done_or_paid_later() -> None:
    early = known_at(PAID, AS_OF - timedelta(days=30))
    later = [Action(AS_OF - 10 * DAY, ActionKind.MESSAGE), Action(AS_OF - 30 * DAY, ActionKind.WARNING)]
    assert actions_at(later, early) == Actions()


def test_a_promise_is_kept_when_something_was_paid_in_its_time_and_else_broken() -> None:
    paid = invoice(70, issued=-60, late=10)
    known = known_at([paid], AS_OF)
    kept = Action(AS_OF - 25 * DAY, ActionKind.PROMISE, AS_OF - 18 * DAY)
    broken = Action(AS_OF - 15 * DAY, ActionKind.PROMISE, AS_OF - 8 * DAY)
    open_still = Action(AS_OF - 3 * DAY, ActionKind.PROMISE, AS_OF)
    found = actions_at([kept, broken, open_still], known)
    assert (found.promises_kept, found.promises_broken, found.promise_open) == (1, 1, True)
    assert found.since_contact_days == 3


def test_a_case_counts_until_it_is_closed_and_old_actions_are_forgotten() -> None:
    known = known_at([], AS_OF)
    assert actions_at([Action(AS_OF - 9 * DAY, ActionKind.CASE)], known).in_case
    assert not actions_at([Action(AS_OF - 9 * DAY, ActionKind.CASE, AS_OF - 2 * DAY)], known).in_case
    assert actions_at([Action(AS_OF - 200 * DAY, ActionKind.MESSAGE)], known).since_contact_days == LONG_AGO_DAYS


@given(ledgers(), DAYS)
def test_any_ledger_has_an_expectation_that_later_events_do_not_change(ledger: list[InvoiceFacts], as_of: date) -> None:
    found = _of(ledger, as_of)
    assert found == _of(as_it_was(ledger, as_of), as_of)
    for one in found:
        assert 0 <= one.permille_30 <= one.permille_60 <= one.permille_90 <= 1000
        assert 0 <= one.expected_30_minor <= one.expected_60_minor <= one.expected_90_minor <= one.past_due_minor


def _of(ledger: list[InvoiceFacts], as_of: date) -> tuple[Recovery, ...]:
    known = known_at(ledger, as_of)
    return recovery([PastDue(one, one.amount_minor) for one in known.open if one.due_on < as_of], known, {})


def test_amounts_of_nothing_or_a_trillion_and_a_due_date_long_ago_are_no_trouble() -> None:
    trillion = replace(OWED, amount_minor=10**16)
    assert expected(trillion).past_due_minor == 10**16
    ancient = replace(OWED, invoice_id="I99", issued_on=date(1, 1, 1), due_on=date(1, 1, 2))
    assert 0 <= expected(ancient).permille_30 <= expected(OWED).permille_30
    assert recovery([PastDue(OWED, 0)], known_at([OWED], AS_OF)) == ()


@given(st.integers(0, 3))
def test_a_customer_without_history_has_an_expectation(more: int) -> None:
    owed = [invoice(n, issued=-60 - n) for n in range(more + 1)]
    assert 0 < expected(*owed, history=[]).permille_30 < 1000


def test_fifty_thousand_invoices_are_no_trouble() -> None:
    many = [invoice(n, issued=-900 + n % 800, terms=20, late=n % 7 - 3) for n in range(1, 50_001)]
    assert 0 < expected(invoice(0, issued=-60), history=many).permille_30 < 1000


def test_a_model_learned_on_other_features_is_refused() -> None:
    text = RECOVERY_FILE.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="train it again"):
        read_model(text.replace('"own_pace"', '"star_sign"'))
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        read_model(text[:200])


def agreed(status: AgreementStatus, ended_days_ago: int | None = None, last_days_ago: int = 8) -> Account:
    at = datetime.combine(AS_OF - 15 * DAY, time(12), UTC)
    steps = [AgreementStep(AgreementStatus.ACTIVE, at, "customer")]
    if ended_days_ago is not None:
        steps.append(AgreementStep(status, datetime.combine(AS_OF - ended_days_ago * DAY, time(12), UTC), "system"))
    parts = (AgreedInstalment(1, AS_OF - last_days_ago * DAY, 100),)
    made = agreement("inv_1", made_at=at, status=status, steps=tuple(steps), instalments=parts)
    return Account(customer(), agreements={"agr_1": made})


@pytest.mark.parametrize(
    ("owing", "found"),
    [
        (agreed(AgreementStatus.ACTIVE, last_days_ago=-5), (True, 0, 0)),
        (agreed(AgreementStatus.COMPLETED, 9), (False, 1, 0)),
        (agreed(AgreementStatus.BROKEN, 3), (False, 0, 1)),
        (agreed(AgreementStatus.CANCELLED, 3), (False, 0, 0)),
        (agreed(AgreementStatus.PROPOSED), (False, 0, 0)),
    ],
)
def test_promises_are_what_was_agreed_and_kept_or_broken_as_was_found(
    owing: Account, found: tuple[bool, int, int]
) -> None:
    known = known_at(PAID, AS_OF)
    done = actions_at(promises(owing, AS_OF).get("USD", []), known)
    assert (done.promise_open, done.promises_kept, done.promises_broken) == found


def test_a_past_day_does_not_know_what_became_of_a_promise() -> None:
    owing = agreed(AgreementStatus.BROKEN, 3, last_days_ago=-5)
    (made,) = promises(owing, AS_OF - 4 * DAY)["USD"]
    assert (made.until, made.kept) == (AS_OF + 5 * DAY, None)
    assert promises(owing, AS_OF - 15 * DAY) == {}


def test_a_promise_that_an_agent_also_noted_counts_once() -> None:
    made = promises(agreed(AgreementStatus.BROKEN, 3), AS_OF)
    noted = Action(AS_OF - 15 * DAY, ActionKind.PROMISE, AS_OF - 8 * DAY)
    other = Action(AS_OF - 20 * DAY, ActionKind.SPOKEN)
    assert with_promises({"USD": [other, noted]}, made) == {"USD": [other, *made["USD"]]}
    assert with_promises({}, made) == made
