"""Contacts leave when their minute has come: once, and none before."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dunwell.events import CONTACT_PLANNED
from dunwell.outreach.contact import ContactStatus
from functions.release_contacts import app as release_contacts
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryCollection
from tests.support.outreach import NOW, contact


def release(store: InMemoryCollection, *orders: object) -> None:
    answer = release_contacts.handler(sqs_event(*(orders or ({},))), lambda_context(), store=store, now=NOW)
    assert answer == {"batchItemFailures": []}


def test_who_is_due_is_announced_once_however_often_the_schedule_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch)
    due = [
        replace(contact(customer_id=f"cus_{n}"), contact_id=f"con_{n}", send_after=NOW - timedelta(minutes=n))
        for n in range(20)
    ]
    store = InMemoryCollection(*due)
    release(store, {}, {})
    assert {event.data["contact_id"] for event in store.events} == set(store.contacts)
    assert [event.name for event in store.events] == [CONTACT_PLANNED] * 20
    assert {(one.status, one.send_after) for one in store.contacts.values()} == {(ContactStatus.PLANNED, None)}


def test_who_is_not_due_yet_or_has_left_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch)
    later = contact(send_after=NOW + timedelta(seconds=1))
    left = contact("firm", send_after=NOW - timedelta(hours=1), status=ContactStatus.CANCELLED)
    store = InMemoryCollection(later, left, contact("final"))
    before = dict(store.contacts)
    release(store)
    assert (store.contacts, store.events) == (before, [])
