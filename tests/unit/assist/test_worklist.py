"""The worklist's order: by what is to be had, each currency by itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dunwell.assist.worklist import WorklistLine, by_expected_value, worklist_line
from dunwell.escalation.case import Case, CaseStatus
from dunwell.scoring.assessment import Recovery
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
