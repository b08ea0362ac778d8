"""The worklist's order: by what is to be had, each currency by itself."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from dunwell.accounts.holds import Hold
from dunwell.assist.worklist import WorklistLine, by_expected_value, worklist_line
from dunwell.escalation.case import AgentOutcome, Case, CaseEntry, CaseStatus
from dunwell.ledger.agreements import Agreement, AgreementKind, AgreementStatus, AgreementStep
from dunwell.ledger.model import Account
from dunwell.scoring.assessment import Recovery, ScoreReason
from tests.support.agreements import agreement
from tests.support.outreach import TODAY, assessment, overdue
from tests.support.portal import account, customer

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def expecting(permille_90: int, currency: str = "USD") -> Recovery:
    return Recovery(currency, 1, permille_90, permille_90, permille_90, 0, 0, 0, (), "1", "card")


def line(name: str, owed_minor: int, permille: int | None, currency: str = "USD", waits_days: int = 1) -> WorklistLine:
    since = NOW - timedelta(days=waits_days)
    case = Case(f"cas_{name}", f"cus_{name}", currency, since, CaseStatus.WAITING, "run", waiting_since=since)
    found = None if permille is None else expecting(permille, currency)
    return WorklistLine(case, name, owed_minor, 40, 700, "forgetful", True, found)


def names(*lines: WorklistLine) -> list[str]:
    return [one.customer_name for one in by_expected_value(lines)]


def test_most_to_be_had_comes_first_not_the_riskiest_nor_the_largest() -> None:
    hopeless, large, small = line("hopeless", 900_000, 20), line("large", 100_000, 600), line("small", 3_000, 990)
    assert names(small, hopeless, large) == ["large", "hopeless", "small"]
    assert [one.expected_minor for one in (large, hopeless, small)] == [60_000, 18_000, 2_970]


def test_currencies_are_not_compared_but_merged_by_their_own_order() -> None:
    yen = [line("yen first", 900_000, 900, "JPY"), line("yen second", 800_000, 900, "JPY")]
    dollars = [line("first", 500, 900), line("second", 400, 900), line("third", 300, 900), line("fourth", 200, 900)]
    assert names(*yen, *dollars) == ["first", "yen first", "second", "third", "yen second", "fourth"]


def test_whoever_has_no_expectation_comes_last_and_the_longest_waiting_of_them_first() -> None:
    fresh, old, known = line("fresh", 10**9, None), line("old", 5, None, waits_days=9), line("known", 5, 10)
    assert names(fresh, old, known) == ["known", "old", "fresh"]


def test_what_was_paid_since_the_assessment_is_no_longer_expected() -> None:
    owing = account(overdue(12), who=customer("cus_1"))
    case = Case("cas_1", "cus_1", "USD", NOW, CaseStatus.WAITING, "run")
    currency = owing.open_invoices[0].invoice.currency
    assessed = replace(assessment(700, "cus_1"), recoveries=(expecting(500, currency),))
    found = worklist_line(replace(case, currency=currency), owing, assessed, TODAY, "America/New_York")
    assert found.expected_minor == found.overdue_minor // 2
    assert worklist_line(replace(case, currency="XXX"), owing, assessed, TODAY, "America/New_York").recovery is None


def test_the_reason_of_a_line_is_one_that_its_days_past_due_do_not_say() -> None:
    late, erratic = ScoreReason("It is late.", "days_overdue", 300), ScoreReason("It varies.", "days_late_spread", 50)
    for reasons, expected in (((late, erratic), erratic), ((erratic, late), erratic), ((late,), late), ((), None)):
        assessed = replace(assessment(700, "cus_1"), risk_reasons=reasons)
        owing = account(overdue(12), who=customer("cus_1"))
        assert worklist_line(CASE, owing, assessed, TODAY, ZONE).reason == expected


# --- what waits ---

ZONE = "America/New_York"
CASE = Case("cas_1", "cus_1", "USD", NOW, CaseStatus.WAITING, "run")


def waits(owing: Account, case: Case = CASE) -> tuple[bool, str, date | None]:
    found = worklist_line(case, owing, None, TODAY, ZONE)
    return found.is_due, found.waits_for, found.again_on


def owing(*agreed: Agreement, holds: tuple[Hold, ...] = ()) -> Account:
    made = account(overdue(12), overdue(9, "B"), who=customer("cus_1", holds=holds))
    return replace(made, agreements={one.agreement_id: one for one in agreed})


def test_a_case_waits_while_everything_past_due_is_agreed_about() -> None:
    plan = agreement("inv_a1", "inv_b", kind=AgreementKind.PLAN, next_on=TODAY + timedelta(days=4))
    assert waits(owing(plan)) == (False, "plan", TODAY + timedelta(days=4))
    promise = agreement("inv_a1", "inv_b", pauses_until=TODAY + timedelta(days=2))
    assert waits(owing(promise)) == (False, "promise", TODAY + timedelta(days=3))
    assert waits(owing(replace(promise, pauses_until=TODAY - timedelta(days=1)))) == (True, "", None)


def test_a_case_about_more_than_was_agreed_goes_on() -> None:
    found = worklist_line(CASE, owing(agreement("inv_a1")), None, TODAY, ZONE)
    assert (found.is_due, found.waits_for, found.agreed_minor, found.overdue_minor) == (True, "", 10_000, 20_000)


def test_a_case_waits_under_a_hold_that_keeps_it_from_people_and_not_under_others() -> None:
    begun = NOW - timedelta(days=3)
    assert waits(owing(holds=(Hold("bankruptcy", None, begun),))) == (False, "bankruptcy", None)
    assert waits(owing(holds=(Hold("cease", None, begun),))) == (True, "", None)


def test_a_case_that_was_put_off_is_looked_at_when_the_agreement_breaks() -> None:
    put_off = CaseEntry(NOW - timedelta(days=5), "jo", AgentOutcome.PROMISE, "", TODAY + timedelta(days=20))
    case = replace(CASE, opened_at=NOW - timedelta(days=9), history=(put_off,))
    assert waits(owing(), case) == (False, "", TODAY + timedelta(days=20))
    broken = AgreementStep(AgreementStatus.BROKEN, NOW - timedelta(days=1), "system")
    assert waits(owing(agreement("inv_a1", status=AgreementStatus.BROKEN, steps=(broken,))), case) == (True, "", None)
    before = replace(broken, at=NOW - timedelta(days=6))
    ended = agreement("inv_a1", status=AgreementStatus.BROKEN, steps=(before,))
    assert waits(owing(ended), case) == (False, "", TODAY + timedelta(days=20))
