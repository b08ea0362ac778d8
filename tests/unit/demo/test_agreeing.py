"""What the demo's second customer says they can pay, and what the portal recommends for it."""

from datetime import date

import pytest

from dunwell.arrangements.recommend import recommend
from dunwell.arrangements.worth import outlook_of
from dunwell_aws.documents import read_policy
from infra.local.demo.agreeing import means_of
from infra.local.demo.steps import THREE_WEEKS
from tests.support.arrangements import bill
from tests.support.debtors import ROOT
from tests.support.portal import account

TUESDAY = date(2026, 6, 30)


@pytest.mark.parametrize("owed_minor", [50_00, 107_50, 4_206_56])
def test_the_second_part_of_the_recommended_plan_is_debited_on_the_day_of_the_second_cycle(owed_minor: int) -> None:
    owing = account(bill("A", owed_minor))
    means = means_of(owing, TUESDAY)

    best = recommend(
        owing, "USD", read_policy(ROOT / "infra").arrangements, outlook_of(None, "USD"), means.needs, TUESDAY
    )[0]

    assert len(best.draft.instalments) > 2
    assert best.draft.instalments[1].due_on == TUESDAY + THREE_WEEKS


def test_the_customer_names_whole_units_that_cover_the_debt_which_every_language_types_alike() -> None:
    means = means_of(account(bill("A", 107_50)), TUESDAY)
    assert means.amount_minor == 36_00
    assert means_of(account(bill("A", 30_001, currency="JPY")), TUESDAY).amount_minor == 10_001
