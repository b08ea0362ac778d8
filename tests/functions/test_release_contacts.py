"""Contacts leave when their minute has come: once, and none before."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dunwell.events import CONTACT_PLANNED
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.release import CLOCKS_DIFFER_BY
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
        replace(contact(customer_id=f"cus_{n}"), contact_id=f"con_{n}", send_after=NOW - timedelta(minutes=n + 1))
        for n in range(20)
    ]
    store = InMemoryCollection(*due)
    before = dict(store.contacts)
    release(store, {}, {})
    assert {event.data["contact_id"] for event in store.events} == set(store.contacts)
    assert [event.name for event in store.events] == [CONTACT_PLANNED] * 20
    assert store.contacts == before


def test_who_waits_once_more_is_announced_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch)
    due = contact(send_after=NOW - timedelta(hours=1))
    store = InMemoryCollection(due)
    release(store)
    assert store.move(replace(due, send_after=NOW - timedelta(minutes=1)), ContactStatus.PLANNED)
    release(store, {}, {})
    assert len({event.event_id for event in store.events}) == len(store.events) == 2


def test_who_is_not_due_yet_or_has_left_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch)
    later = contact(send_after=NOW - CLOCKS_DIFFER_BY + timedelta(seconds=1))
    left = contact("firm", send_after=NOW - timedelta(hours=1), status=ContactStatus.CANCELLED)
    store = InMemoryCollection(later, left, contact("final"))
    before = dict(store.contacts)
    release(store)
    assert (store.contacts, store.events) == (before, [])
