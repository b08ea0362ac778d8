"""What a schedule is worth: the directions are fixed, whatever the assumptions' numbers are."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import Customer, CustomerKind
from dunwell.arrangements.worth import ASSUMED, UNKNOWN, Habits, Outlook, Valuation, habits_of, outlook_of
from dunwell.ledger.agreements import AgreedInstalment, AgreementStatus
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Invoice
from dunwell.money import split
from dunwell.scoring.assessment import Assessment, Recovery
from tests.support.agreements import agreement
from tests.support.ledger import account_of

AS_OF = date(2026, 11, 23)
HALF = Outlook(500, (200, 300, 350))
CAN = Habits(0, 0, 200_00)
WHO = Customer("cus_a", "example", "test", "1", CustomerKind.PERSON, "A", country="US")


def parts(debt_minor: int, count: int, gap_days: int = 30, first_days: int = 7) -> list[AgreedInstalment]:
    days = [AS_OF + timedelta(days=first_days + gap_days * number) for number in range(count)]
    return [
        AgreedInstalment(n + 1, on, one)
        for n, (on, one) in enumerate(zip(days, split(debt_minor, [1] * count), strict=True))
    ]


def worth(made: list[AgreedInstalment], outlook: Outlook = HALF, habits: Habits = CAN, percent: int = 8) -> int:
    return Valuation(outlook, habits, Decimal(percent)).of(made, AS_OF).expected_minor


outlooks = st.builds(
    lambda risk, curve: Outlook(risk, tuple(sorted(curve))),
    st.integers(0, 1000),
    st.tuples(st.integers(0, 900), st.integers(0, 900), st.integers(0, 900)),
)
schedules = st.builds(
    parts, st.integers(100_00, 5000_00), st.integers(2, 24), st.sampled_from([7, 14, 30]), st.integers(0, 31)
)


@given(schedules, outlooks, st.integers(0, 100))
def test_a_schedule_is_never_worth_more_than_it_is_nor_less_than_nothing(
    made: list[AgreedInstalment], outlook: Outlook, percent: int
) -> None:
    found = Valuation(outlook, CAN, Decimal(percent)).of(made, AS_OF)
    assert 0 <= found.expected_minor <= sum(part.amount_minor for part in made)
    assert 0 <= found.waiting_minor <= sum(part.amount_minor for part in made)
    assert 0 <= found.completed_permille <= 1000


@given(schedules, outlooks, st.integers(1, 500))
def test_more_risk_never_makes_a_plan_worth_more(made: list[AgreedInstalment], outlook: Outlook, more: int) -> None:
    riskier = outlook._replace(risk_permille=min(1000, (outlook.risk_permille or 0) + more))
    assert worth(made, riskier) <= worth(made, outlook) + 1


@given(schedules, outlooks)
def test_who_can_pay_more_is_worth_no_less(made: list[AgreedInstalment], outlook: Outlook) -> None:
    assert worth(made, outlook, Habits(0, 0, 400_00)) >= worth(made, outlook, CAN)


def test_broken_agreements_count_against_a_plan_and_kept_ones_for_it() -> None:
    made = parts(600_00, 6)
    found = [worth(made, habits=Habits(kept, broken, 200_00)) for kept, broken in ((2, 0), (1, 0), (0, 0), (0, 1))]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 4
    assert worth(made, habits=Habits(0, 2, 200_00)) == worth(made, habits=Habits(0, 9, 200_00))


def test_the_same_parts_later_are_worth_less() -> None:
    assert worth(parts(600_00, 6, 30, 28)) < worth(parts(600_00, 6, 30, 0))
    assert worth(parts(600_00, 6), percent=20) < worth(parts(600_00, 6), percent=0)


def test_parts_beyond_what_can_be_paid_are_worth_less_than_smaller_ones_that_take_longer() -> None:
    assert worth(parts(1200_00, 2)) < worth(parts(1200_00, 8))


def test_who_pays_by_himself_is_worth_as_much_without_a_plan() -> None:
    sure = Valuation(Outlook(20, (950, 990, 995)), CAN, Decimal(8))
    found = sure.of(parts(600_00, 12), AS_OF)
    assert found.waiting_minor > found.expected_minor


def test_the_curve_goes_on_after_ninety_days_and_never_falls() -> None:
    curve = Valuation(HALF, CAN, Decimal(8)).recovered
    assert curve[:3] == [0.2, 0.3, 0.35]
    assert curve == sorted(curve)
    assert 0.35 < curve[-1] < 0.45


def test_charges_are_counted_as_money_and_not_as_debt() -> None:
    made = parts(600_00, 6)
    charged = [replace(one, amount_minor=one.amount_minor + 500, charges_minor=500) for one in made]
    plain, dear = (Valuation(HALF, CAN, Decimal(8)).of(one, AS_OF) for one in (made, charged))
    assert dear.waiting_minor == plain.waiting_minor
    assert plain.expected_minor < dear.expected_minor


def test_an_outlook_is_what_the_assessment_says_of_the_currency() -> None:
    recovery = Recovery("USD", 100, 200, 300, 350, 20, 30, 35, (), "v", "c")
    assessment = Assessment("cus_a", AS_OF, 420, "forgetful", (), (), "model-7", "", "", recoveries=(recovery,))
    assert outlook_of(assessment, "USD") == Outlook(420, (200, 300, 350), "forgetful", "model-7")
    assert outlook_of(assessment, "EUR").recovered_permille is None
    assert outlook_of(None, "USD") == UNKNOWN


def test_what_a_customer_can_pay_is_what_they_say_or_what_they_usually_do_or_a_share_of_the_debt() -> None:
    invoice = Invoice("inv_a", "A", "USD", 900_00, date(2026, 8, 1), date(2026, 9, 1))
    paid = [Entry(f"p{n}", EntryKind.PAYMENT, "USD", 300_00, AS_OF - timedelta(days=40 * n)) for n in (1, 2)]
    account = account_of(WHO, invoice)
    assert habits_of(account, "USD", 900_00, 50_00, AS_OF).monthly_minor == 50_00
    assert habits_of(account, "USD", 900_00, None, AS_OF).monthly_minor == 299_70
    regular = account_of(WHO, invoice, *paid)
    assert habits_of(regular, "USD", 900_00, None, AS_OF).monthly_minor == 100_00
    assert habits_of(regular, "EUR", 900_00, None, AS_OF).monthly_minor == 299_70


def test_kept_and_broken_agreements_are_read_from_the_account() -> None:
    ended = (AgreementStatus.COMPLETED, AgreementStatus.BROKEN, AgreementStatus.BROKEN, AgreementStatus.LAPSED)
    agreements = {str(n): agreement("inv_a", agreement_id=str(n), status=one) for n, one in enumerate(ended)}
    account = replace(account_of(WHO), agreements=agreements)
    assert habits_of(account, "USD", 100, 1, AS_OF)[:2] == (1, 2)


@pytest.mark.parametrize("name", ["keeps", "risk", "strain", "kept", "broken"])
def test_every_weight_points_the_way_its_name_says(name: str) -> None:
    assert getattr(ASSUMED, name) > 0
