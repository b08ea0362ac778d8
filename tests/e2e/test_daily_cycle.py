"""The daily cycle as its schedule starts it: score, plan, send; and again on the same day."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from dunwell.accounts.model import Channel
from dunwell.ledger.entry import EntryKind
from dunwell.ledger.model import Account
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.timezones import TZDATA_VERSION
from tests.support.debtors import TODAY, new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually

PHONE = "+12125550147"


@dataclass
class Cycle:
    """Two cycles of one day over three customers, and two that the law of another country lets us charge."""

    deployed: Deployment
    by_mail: str
    by_text: str
    unreachable: str
    late: str
    held: str
    first: list[dict[str, Any]]
    contacts: dict[str, tuple[Contact, ...]]
    second: list[dict[str, Any]]
    charged: tuple[Account, Account]

    def only(self, number: str) -> Contact:
        """The one contact of a customer, as it stands."""
        (contact,) = self.deployed.contacts(number)
        return contact


@pytest.fixture(scope="module")
def cycle(deployed: Deployment) -> Cycle:
    by_mail, by_text, unreachable = new_number(), new_number(), new_number()
    deployed.owe(row(by_mail, "1", overdue_days=25, amount="1250.00"), row(by_mail, "2", overdue_days=2))
    # A business, so that consumer law's limits on text messages do not apply; consent is asked of everybody.
    deployed.owe(row(by_text, overdue_days=25, email="", phone=PHONE, sms_consent="yes"))
    deployed.owe(row(unreachable, overdue_days=25, email=""))
    late, held = british(deployed), british(deployed)
    deployed.hold(held, "bankruptcy", since=timedelta(days=60))
    numbers = (by_mail, by_text, unreachable)
    with deployed.charging("uk_statutory_interest"):
        first = deployed.daily_cycle()
        eventually(lambda: deployed.view.settled_contacts() is not None, 2 * WAIT_SECONDS)
        contacts = {number: deployed.contacts(number) for number in numbers}
        once = deployed.account(late)
        second = deployed.daily_cycle()
        eventually(lambda: deployed.view.settled_contacts() is not None, WAIT_SECONDS)
    charged = (once, deployed.account(late))
    return Cycle(deployed, by_mail, by_text, unreachable, late, held, first, contacts, second, charged)


def british(deployed: Deployment) -> str:
    """A business in the United Kingdom that is 25 days late with 1,000 pounds, and that nobody writes to."""
    number = new_number()
    there = {"country": "GB", "region": "", "postcode": "EC1A 1BB", "timezone": "Europe/London", "email": ""}
    deployed.owe(row(number, overdue_days=25, currency="GBP", amount="1000.00", **there))
    return number


def planned(workers: list[dict[str, Any]]) -> int:
    return sum(sum(worker["reasons"].values()) for worker in workers)


def test_a_second_cycle_on_the_same_day_plans_nothing(cycle: Cycle) -> None:
    assert planned(cycle.first) >= 3
    assert cycle.second[0]["scored"] + cycle.second[1]["scored"] > 0, "it looked at the accounts all the same"
    # Who could not be reached stays refused; nobody hears a second time.
    assert {number: cycle.deployed.contacts(number) for number in cycle.contacts} == cycle.contacts
    assert planned(cycle.second) == 0


def test_a_contact_keeps_what_was_decided_and_by_which_versions(cycle: Cycle) -> None:
    contact = cycle.only(cycle.by_mail)

    assert (contact.stage, contact.channel, contact.planned_on) == ("final", Channel.EMAIL, TODAY)
    assert contact.policy_version == cycle.deployed.policy.version
    assert contact.model_version
    assert contact.risk_permille is not None
    assert [decision.reason_code for decision in contact.decisions] == ["OK", "OK"], "at planning and at dispatch"
    for decision in contact.decisions:
        assert decision.policy_version.startswith(f"{contact.policy_version}/")
        assert decision.tzdata_version == TZDATA_VERSION


def test_the_mail_lists_the_invoices_and_carries_the_ways_out(cycle: Cycle) -> None:
    address = cycle.deployed.account(cycle.by_mail).customer.email
    (mail,) = cycle.deployed.mails(address)
    headers = {header["name"]: header["value"] for header in mail["headers"]}
    stop = headers["List-Unsubscribe"].strip("<>")
    portal = cycle.deployed.view.urls["portal"]

    assert mail["to"] == [address]
    assert mail["tags"] == {
        "customer_id": cycle.deployed.customer_id(cycle.by_mail),
        "contact_id": cycle.only(cycle.by_mail).contact_id,
    }
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert stop.startswith(f"{portal}/stop/")
    for part in (mail["html"], mail["text"]):
        assert f"{portal}/l/" in part
        assert stop in part
        assert f"{cycle.by_mail}-1" in part
        assert "$1,250.00" in part
        assert "$1,370.00" in part


def test_who_agreed_to_text_messages_and_has_no_mail_gets_one(cycle: Cycle) -> None:
    contact = cycle.only(cycle.by_text)
    (text,) = cycle.deployed.texts(PHONE)

    assert (contact.channel, contact.status) == (Channel.SMS, ContactStatus.SENT)
    assert f"{cycle.deployed.view.urls['portal']}/l/" in text


def test_who_cannot_be_reached_is_refused_with_the_reason(cycle: Cycle) -> None:
    contact = cycle.only(cycle.unreachable)

    assert contact.status is ContactStatus.REFUSED
    assert contact.decisions[0].reason_code == "NO_USABLE_ADDRESS"


def test_a_late_business_is_charged_the_laws_sum_and_interest_once_and_not_twice(cycle: Cycle) -> None:
    once, twice = cycle.charged
    charges = {entry.kind: entry.amount_minor for entry in once.entries.values()}

    # 70 pounds for a debt of 1,000, and 11.75 % a year for 25 days.
    assert charges == {EntryKind.FEE: 70_00, EntryKind.INTEREST: 8_05}
    assert once.balances == {"GBP": 1_078_05}
    assert twice == once
    assert sum(worker["charged"] for worker in cycle.first) == 2
    assert sum(worker["charged"] for worker in cycle.second) == 0


def test_who_is_under_a_hold_is_charged_nothing(cycle: Cycle) -> None:
    held = cycle.deployed.account(cycle.held)

    assert (held.entries, held.balances) == ({}, {"GBP": 1_000_00})
