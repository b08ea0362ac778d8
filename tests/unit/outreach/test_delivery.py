"""What became of a message, in whatever order the reports come."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import Channel
from dunwell.errors import NotFoundError
from dunwell.events import CONTACT_BOUNCED, CONTACT_COMPLAINED, CONTACT_DELIVERED
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.delivery import Feedback, Outcome, record_delivery
from dunwell.outreach.switches import Counts
from dunwell.outreach.tasks import TaskKind
from tests.support.memory import InMemoryCollection, InMemoryLedger
from tests.support.outreach import NOW, contact, overdue, sent
from tests.support.portal import account, customer

ADDRESS = "anna@bakery.example"
CONTACT = sent("due", 1)
ENDS = {
    Outcome.DELIVERED: ContactStatus.DELIVERED,
    Outcome.OPENED: ContactStatus.DELIVERED,
    Outcome.CLICKED: ContactStatus.DELIVERED,
    Outcome.REPLIED: ContactStatus.DELIVERED,
    Outcome.BOUNCED: ContactStatus.BOUNCED,
    Outcome.COMPLAINED: ContactStatus.COMPLAINED,
}
SEVERITY = [ContactStatus.DELIVERED, ContactStatus.BOUNCED, ContactStatus.COMPLAINED]


def report(outcome: Outcome, **changes: Any) -> Feedback:
    usual: dict[str, Any] = {"address": ADDRESS, "message_id": "m", "at": NOW, "permanent": True}
    return Feedback("cus_anna", CONTACT.contact_id, outcome, **usual | changes)


def after(*reports: Feedback, known: Contact = CONTACT) -> tuple[InMemoryLedger, InMemoryCollection]:
    ledger, store = InMemoryLedger(account(overdue(5))), InMemoryCollection(known)
    for one in reports:
        record_delivery(one, ledger, store, store)
    return ledger, store


def suppressed(ledger: InMemoryLedger) -> frozenset[str]:
    return ledger.accounts["cus_anna"].customer.suppressed


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (Outcome.DELIVERED, CONTACT_DELIVERED),
        (Outcome.BOUNCED, CONTACT_BOUNCED),
        (Outcome.COMPLAINED, CONTACT_COMPLAINED),
    ],
)
def test_a_report_moves_the_contact_and_is_told_once(outcome: Outcome, event: str) -> None:
    _, store = after(report(outcome), report(outcome, at=NOW + timedelta(hours=1)))
    assert store.contacts[CONTACT.contact_id].status is ENDS[outcome]
    assert [one.name for one in store.events] == [event]


def test_any_order_of_the_same_reports_ends_in_the_same_state() -> None:
    for order in permutations(Outcome):
        ledger, store = after(*map(report, order))
        assert store.contacts[CONTACT.contact_id].status is ContactStatus.COMPLAINED
        assert suppressed(ledger) == {ADDRESS}


REPORTS = st.builds(
    lambda outcome, permanent, minutes: report(outcome, permanent=permanent, at=NOW + timedelta(minutes=minutes)),
    st.sampled_from(Outcome),
    st.booleans(),
    st.integers(0, 90),
)


@given(st.data())
def test_every_order_and_repetition_of_reports_ends_in_the_same_contact_and_the_same_counts(data: Any) -> None:
    reports = data.draw(st.lists(REPORTS, max_size=6))
    again = data.draw(st.permutations([*reports, *data.draw(st.lists(st.sampled_from(reports or [None]), max_size=4))]))
    if not reports:
        return
    (one_ledger, one), (other_ledger, other) = after(*reports), after(*again)
    assert one.contacts == other.contacts
    assert suppressed(one_ledger) == suppressed(other_ledger)
    assert {task.task_id for task in one.tasks.values()} == {task.task_id for task in other.tasks.values()}


@pytest.mark.parametrize("fact", ["opened", "clicked", "replied"])
def test_who_answers_has_the_message_and_the_first_time_counts(fact: str) -> None:
    late, early = (report(Outcome(fact), at=NOW + timedelta(hours=hours)) for hours in (5, 1))
    _, store = after(late, early, late)
    kept = store.contacts[CONTACT.contact_id]
    assert (kept.status, getattr(kept, f"{fact}_at")) == (ContactStatus.DELIVERED, NOW + timedelta(hours=1))
    assert [one.name for one in store.events] == [CONTACT_DELIVERED]


def test_a_click_that_meets_an_opening_keeps_both() -> None:
    ledger, store = after()
    keep = store.keep

    def overtaken(*given: Any) -> bool:
        store.keep = keep  # type: ignore[method-assign]
        record_delivery(report(Outcome.OPENED), ledger, store, store)
        return store.keep(*given)

    store.keep = overtaken  # type: ignore[method-assign,assignment]
    record_delivery(report(Outcome.CLICKED), ledger, store, store)
    kept = store.contacts[CONTACT.contact_id]
    assert (kept.opened_at, kept.clicked_at) == (NOW, NOW)


def test_each_message_is_counted_once_for_the_breakers_whatever_comes_twice() -> None:
    ledger, store = after()
    told = [Outcome.DELIVERED, Outcome.DELIVERED, Outcome.COMPLAINED, Outcome.OPENED, Outcome.COMPLAINED]
    counted = [record_delivery(report(one), ledger, store, store) for one in told]
    assert sum(counted, Counts()) == Counts(reported=1, complained=1)
    assert record_delivery(report(Outcome.BOUNCED, permanent=False), *after(), InMemoryCollection()) == Counts(1)


def test_a_customer_whom_nothing_reaches_any_more_is_on_the_worklist_once() -> None:
    _, store = after(*[report(Outcome.BOUNCED)] * 3)
    (task,) = store.open_tasks(9)
    assert (task.kind, task.reason, task.address) == (TaskKind.TROUBLE, "BOUNCED", ADDRESS)


def test_a_wrong_number_spoils_the_number_and_not_an_address_of_the_same_letters() -> None:
    who = customer(phone="+12125550111")
    ledger, store = InMemoryLedger(account(overdue(5), who=who)), InMemoryCollection(CONTACT)
    wrong = report(Outcome.BOUNCED, address="+12125550111", channel=Channel.SMS, reason="invalid")
    record_delivery(wrong, ledger, store, store)
    kept = ledger.accounts["cus_anna"].customer
    assert (kept.address(Channel.SMS), kept.address(Channel.EMAIL)) == ("", ADDRESS)
    assert store.open_tasks(9) == []


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.booleans()), min_size=1, max_size=6))
def test_the_worst_report_counts_and_only_what_is_permanent_suppresses(reports: list[tuple[Outcome, bool]]) -> None:
    ledger, store = after(*(report(outcome, permanent=permanent) for outcome, permanent in reports))
    worst = max((ENDS[outcome] for outcome, _ in reports), key=SEVERITY.index)
    assert store.contacts[CONTACT.contact_id].status is worst
    hard = {(Outcome.BOUNCED, True), (Outcome.COMPLAINED, True), (Outcome.COMPLAINED, False)} & set(reports)
    assert suppressed(ledger) == ({ADDRESS} if hard else frozenset())


@pytest.mark.parametrize("status", [ContactStatus.SENDING, ContactStatus.UNCONFIRMED])
def test_a_delivery_settles_whether_a_message_in_doubt_was_sent(status: ContactStatus) -> None:
    _, store = after(report(Outcome.DELIVERED, message_id="ses-7"), known=contact("due", 1, status=status))
    (kept,) = store.contacts.values()
    assert (kept.status, kept.message_id, kept.sent_at) == (ContactStatus.DELIVERED, "ses-7", NOW)


@pytest.mark.parametrize("status", [ContactStatus.PLANNED, ContactStatus.REFUSED, ContactStatus.CANCELLED])
def test_a_report_on_what_was_never_sent_changes_nothing(status: ContactStatus) -> None:
    known = contact("due", 1, status=status)
    _, store = after(report(Outcome.DELIVERED), known=known)
    assert (store.contacts[known.contact_id], store.events) == (known, [])


def test_a_bounce_of_an_address_that_the_customer_left_suppresses_that_one_and_not_the_new_one() -> None:
    ledger, _ = after(report(Outcome.BOUNCED, address="old@bakery.example"))
    customer = ledger.accounts["cus_anna"].customer
    assert customer.suppressed == {"old@bakery.example"}
    assert customer.address(Channel.EMAIL) == ADDRESS


def test_a_crash_between_suppressing_and_moving_is_repaired_by_the_next_delivery_of_the_report() -> None:
    ledger, store = after()

    def dies(*_: Any) -> bool:
        raise ConnectionError("died")

    store.keep = dies  # type: ignore[method-assign,assignment]
    with pytest.raises(ConnectionError):
        record_delivery(report(Outcome.BOUNCED), ledger, store, store)
    assert suppressed(ledger) == {ADDRESS}
    del store.keep
    record_delivery(report(Outcome.BOUNCED), ledger, store, store)
    assert store.contacts[CONTACT.contact_id].status is ContactStatus.BOUNCED
    assert ledger.accounts["cus_anna"].version == 2


def test_a_report_that_loses_a_race_is_judged_again() -> None:
    ledger, store = after()
    keep = store.keep

    def overtaken(*given: Any) -> bool:
        store.keep = keep  # type: ignore[method-assign]
        record_delivery(report(Outcome.COMPLAINED), ledger, store, store)
        return store.keep(*given)

    store.keep = overtaken  # type: ignore[method-assign,assignment]
    record_delivery(report(Outcome.DELIVERED), ledger, store, store)
    assert store.contacts[CONTACT.contact_id].status is ContactStatus.COMPLAINED
    assert [one.name for one in store.events] == [CONTACT_COMPLAINED]


def test_a_complaint_of_nobody_we_know_is_left_to_the_dead_letters() -> None:
    with pytest.raises(NotFoundError):
        record_delivery(report(Outcome.COMPLAINED), InMemoryLedger(), InMemoryCollection(CONTACT), InMemoryCollection())
