"""The rules of charging: a statute's numbers are not up to the policy, and nothing is charged without a rule."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dunwell.accounts.model import Customer, CustomerKind
from dunwell.charges.interest import Rounding, amortised, percent_of, rounded, simple_interest
from dunwell.charges.policy import ChargePolicy, ChargeRule, LateFee, Regime
from dunwell.errors import InvalidInputError
from dunwell_aws.documents import folder, read_policy

SINCE = date(2026, 1, 1)
UK = ChargeRule(Regime.UK_LATE_PAYMENT, SINCE, countries=frozenset({"GB"}), currencies=frozenset({"GBP"}))
EU = ChargeRule(Regime.EU_LATE_PAYMENT, SINCE, currencies=frozenset({"EUR"}))
CONTRACT = ChargeRule(Regime.CONTRACT, SINCE, interest_percent=Decimal(12))
RATES = {
    "bank_rate": {date(2025, 12, 31): Decimal("3.75"), date(2026, 6, 30): Decimal("3.50")},
    "ecb": {date(2026, 1, 1): Decimal("2.15"), date(2026, 7, 1): Decimal("2.00")},
}
POLICY = ChargePolicy((UK, EU, CONTRACT), reference_rates=RATES)
FIRM = Customer("cus_a", "example", "test", "1", CustomerKind.BUSINESS, "A", country="GB")


def test_interest_is_rounded_once_half_up_or_half_even() -> None:
    assert rounded(simple_interest(5_000_00, Decimal(12), 30)) == 49_32
    assert [rounded(Decimal("2.5"), mode) for mode in Rounding] == [3, 2]
    assert percent_of(250, Decimal(1), Rounding.HALF_EVEN) == 2


def test_twelve_equal_payments_of_a_loan_at_twelve_per_cent() -> None:
    made = amortised(1_200_00, Decimal(12), 12)
    assert [one.interest_minor for one in made[:2]] == [12_00, 11_05]
    assert {one.amount_minor for one in made[:-1]} == {106_62}
    assert (made[-1].amount_minor, made[-1].left_minor) == (106_60, 0)
    assert sum(one.amount_minor for one in made) == 1_279_42


def test_a_loan_without_interest_is_split_and_the_last_payment_takes_the_rest() -> None:
    assert [one.amount_minor for one in amortised(100_00, Decimal(0), 3)] == [33_33, 33_33, 33_34]
    with pytest.raises(InvalidInputError):
        amortised(0, Decimal(1), 3)


@pytest.mark.parametrize(
    ("debt_minor", "sum_minor"),
    [(1, 40_00), (999_99, 40_00), (1_000_00, 70_00), (9_999_99, 70_00), (10_000_00, 100_00)],
)
def test_the_united_kingdoms_fixed_sum_grows_with_the_debt(debt_minor: int, sum_minor: int) -> None:
    assert POLICY.fee_minor(UK, debt_minor, "GBP") == sum_minor


def test_the_unions_fixed_sum_is_forty_euros() -> None:
    assert POLICY.fee_minor(EU, 5, "EUR") == POLICY.fee_minor(EU, 10**9, "EUR") == 40_00


def test_bank_rate_is_that_of_the_half_year_in_which_interest_began_and_the_unions_moves() -> None:
    june, july = date(2026, 6, 30), date(2026, 7, 1)
    assert POLICY.percent(UK, july, june) == Decimal("11.75")
    assert POLICY.percent(UK, july, july) == Decimal("11.50")
    assert [POLICY.percent(EU, day, june) for day in (june, july)] == [Decimal("10.15"), Decimal("10.00")]
    assert POLICY.percent(replace(EU, margin_percent=Decimal(9)), june, june) == Decimal("11.15")


def test_a_half_year_without_a_rate_is_refused_by_name() -> None:
    with pytest.raises(InvalidInputError, match="no ecb of 2027-01-01"):
        POLICY.percent(EU, date(2027, 3, 1), date(2027, 3, 1))
    with pytest.raises(InvalidInputError, match="no bank_rate of 2026-12-31"):
        POLICY.percent(UK, date(2027, 3, 1), date(2027, 3, 1))


def test_the_first_rule_that_covers_a_debt_counts() -> None:
    day = date(2026, 5, 5)
    assert POLICY.rule_for(FIRM, "GBP", day) is UK
    assert POLICY.rule_for(FIRM, "USD", day) is CONTRACT
    assert POLICY.rule_for(replace(FIRM, country="FR"), "EUR", day) is EU
    assert POLICY.rule_for(FIRM, "GBP", date(2025, 12, 31)) is None
    assert ChargePolicy((replace(UK, until=day),)).rule_for(FIRM, "GBP", date(2026, 5, 6)) is None


def test_persons_are_never_charged_by_statute_and_internal_accounts_by_nothing() -> None:
    both = frozenset({CustomerKind.PERSON, CustomerKind.BUSINESS})
    assert POLICY.rule_for(replace(FIRM, kind=CustomerKind.PERSON), "GBP", SINCE) is None
    assert ChargePolicy((replace(CONTRACT, kinds=both),)).rule_for(
        replace(FIRM, kind=CustomerKind.PERSON), "USD", SINCE
    )
    everybody = replace(CONTRACT, kinds=frozenset(CustomerKind))
    assert ChargePolicy((everybody,)).rule_for(replace(FIRM, kind=CustomerKind.SUSPENSE), "USD", SINCE) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"kinds": frozenset({CustomerKind.PERSON})},
        {"currencies": frozenset({"USD"})},
        {"interest_percent": Decimal(20)},
        {"grace_days": 5},
        {"late_fee": LateFee({"GBP": 1})},
        {"margin_percent": Decimal(7)},
        {"until": date(2025, 1, 1)},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_statutes_numbers_are_not_up_to_the_policy(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        replace(UK, **wrong)


def test_a_contract_that_charges_nothing_and_a_fee_that_is_both_or_neither_are_refused() -> None:
    for wrong in (lambda: ChargeRule(Regime.CONTRACT, SINCE), LateFee, lambda: LateFee({"USD": 5}, Decimal(1))):
        with pytest.raises(InvalidInputError):
            wrong()


def test_a_rate_of_a_day_on_which_the_law_does_not_look_is_refused() -> None:
    for rates in ({"bank_rate": {date(2026, 7, 1): Decimal(4)}}, {"euribor": {SINCE: Decimal(2)}}):
        with pytest.raises(InvalidInputError):
            ChargePolicy(reference_rates=rates)


def test_a_percentage_fee_keeps_to_its_maximum() -> None:
    fee = LateFee(percent=Decimal("1.5"), at_most_minor={"USD": 50_00})
    assert [fee.amount_minor(late, "USD", Rounding.HALF_UP) for late in (1_000_00, 10_000_00)] == [15_00, 50_00]
    assert LateFee({"USD": 25_00}).amount_minor(1_00, "EUR", Rounding.HALF_UP) == 0


def test_the_policy_that_holds_unless_another_is_named_charges_nothing() -> None:
    assert read_policy(folder("infra")).charges == ChargePolicy()


def test_the_policy_of_the_uk_charges_what_the_law_says_to_a_british_business_and_nobody_else() -> None:
    charges = read_policy(folder("infra"), "uk_statutory_interest").charges
    rule = charges.rule_for(FIRM, "GBP", date(2026, 2, 1))
    assert rule is not None
    assert charges.percent(rule, date(2026, 2, 1), date(2026, 1, 15)) == Decimal("11.75")
    assert [charges.fee_minor(rule, late, "GBP") for late in (999_99, 1_000_00, 10_000_00)] == [40_00, 70_00, 100_00]
    others = [replace(FIRM, kind=CustomerKind.PERSON), replace(FIRM, country="US")]
    assert [charges.rule_for(who, "GBP", date(2026, 2, 1)) for who in others] == [None, None]
    assert charges.rule_for(FIRM, "USD", date(2026, 2, 1)) is None
