"""Two weeks on (the last file here, because it moves the clock): silence escalates, bounces end reminders."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from dunwell.escalation.case import CaseStatus
from dunwell.outreach.contact import ContactStatus
from tests.support.debtors import TODAY, new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually

DAYS = 14
LATE_PAYMENTS = 6


def history(number: str) -> list[dict[str, str]]:
    """Half a year of invoices, each paid two months late: a customer whom the model has reason to doubt."""
    rows = []
    for month in range(LATE_PAYMENTS):
        due_on = TODAY - timedelta(days=90 + 30 * month)
        settled_on = (due_on + timedelta(days=60)).isoformat()
        rows.append(row(number, f"old-{month}", overdue_days=90 + 30 * month, settled_on=settled_on))
    return rows


@dataclass
class Later:
    """Customers after the second cycle."""

    deployed: Deployment
    silent: str
    bounced: str
    paid: str
    workers: list[dict[str, Any]]


@pytest.fixture(scope="module")
def later(deployed: Deployment) -> Later:
    silent, bounced, paid = new_number(), new_number(), new_number()
    deployed.owe(
        *history(silent),
        row(silent, overdue_days=40, amount="9000.00"),
        row(bounced, overdue_days=40, email=f"bounce+{bounced.lower()}@example.net"),
        row(paid, overdue_days=25),
    )
    deployed.remind(silent, paid)
    deployed.settled(deployed.plan(bounced), "bounced")
    deployed.pay(paid)
    deployed.move_on(DAYS)
    workers = deployed.daily_cycle()
    eventually(lambda: deployed.view.settled_contacts() is not None, 3 * WAIT_SECONDS)
    return Later(deployed, silent, bounced, paid, workers)


def test_a_risky_customer_who_stays_silent_after_the_final_reminder_becomes_one_case(later: Later) -> None:
    case = later.deployed.case(later.silent, CaseStatus.WAITING)

    assert case.reason_codes == ("OVERDUE", "HIGH_RISK", "UNRESPONSIVE_AFTER_WARNING")
    assert case.policy_version == later.deployed.policy.version
    assert case.model_version
    assert len(later.deployed.contacts(later.silent)) == 1, "the agent has it now: no second reminder"


def test_an_address_that_bounced_gets_nothing_more(later: Later) -> None:
    first, second = later.deployed.contacts(later.bounced)

    assert first.status is ContactStatus.BOUNCED
    assert (second.status, second.decisions[0].reason_code) == (ContactStatus.REFUSED, "NO_USABLE_ADDRESS")
    assert len(later.deployed.mails(later.deployed.account(later.bounced).customer.email)) == 1


def test_who_paid_is_not_reminded_again(later: Later) -> None:
    told = [one.stage for one in later.deployed.contacts(later.paid)]
    assert len([stage for stage in told if stage != "receipt"]) == 1
    assert told.count("receipt") <= 1
    assert not later.deployed.account(later.paid).balances


def test_nothing_was_left_among_the_dead_letters(later: Later) -> None:
    assert later.workers
    assert later.deployed.view.dead_letters() == {}
