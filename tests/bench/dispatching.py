"""Dispatch: messages a second of one function, against a transport and a table that take their time and do nothing."""

import time
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

from dunwell.accounts.contact_points import contact_points
from dunwell.accounts.links import Links
from dunwell.accounts.model import Channel
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.dispatch import Dispatcher
from dunwell_aws.documents import folder
from dunwell_aws.mail import Mailer
from dunwell_aws.messages import Renderer
from dunwell_aws.senders.email import EmailSender
from dunwell_aws.senders.pacing import Pacer
from dunwell_aws.urls import Urls
from functions.dispatch_message import app as dispatch_message
from tests.bench.measure import Entry, Result, rates
from tests.bench.portfolio import policy
from tests.support.decisions import decision_log
from tests.support.invocation import lambda_context, sqs_event
from tests.support.memory import InMemoryCollection, InMemoryLedger, InMemoryMessageIndex, InMemorySwitches
from tests.support.outreach import NOW, contact, overdue
from tests.support.portal import InMemoryAccessStore, account, customer
from tests.support.portal_app import BASE, Parameters

MESSAGES = 100
BATCH = 10
TABLE_SECONDS = 0.006
"""What DynamoDB takes for a call from a function in the same region, about."""
SES_SECONDS = 0.05
BUDGET = 50.0
"""Messages a second that a function should manage."""


@dataclass
class Slow:
    """Something behind a network: every call of it takes a while first."""

    behind: Any
    seconds: float

    def __getattr__(self, name: str) -> Any:
        work = getattr(self.behind, name)

        def call(*given: Any, **named: Any) -> Any:
            time.sleep(self.seconds)
            return work(*given, **named)

        return call


def bench(repetitions: int) -> list[Result]:
    """Batches of ten planned e-mails through the handler, by threads and one after the other."""

    def by_threads() -> None:
        _dispatch_all(dispatch_message.THREADS)

    def one_by_one() -> None:
        _dispatch_all(1)

    mine, other = rates(MESSAGES, min(repetitions, 3), by_threads, one_by_one)
    missed = (f"{mine.median:.0f} messages/s, should be {BUDGET:.0f}",) if mine.median < BUDGET else ()
    entry = Entry(
        name="dispatch",
        what=f"planned e-mails judged, rendered and handed to a stub of SES ({SES_SECONDS * 1000:.0f} ms a call), "
        f"one function with a table that takes {TABLE_SECONDS * 1000:.0f} ms a call",
        unit="messages/s",
        ours=mine,
        alternative="the same batches, one message after the other",
        plain=other,
        cost=f"{1000 * BATCH / mine.median:.0f} ms of Lambda a batch of {BATCH}",
        flags=missed,
    )
    return [entry]


@cache
def _renderer() -> Renderer:
    return Renderer(folder("infra") / "messages", policy())


def _dispatch_all(threads: int) -> None:
    planned = [_planned(number) for number in range(MESSAGES)]
    dispatcher, store = _dispatcher(planned)
    usual, dispatch_message.THREADS = dispatch_message.THREADS, threads
    try:
        for first in range(0, MESSAGES, BATCH):
            bodies = [_body(one) for one in planned[first : first + BATCH]]
            answer = dispatch_message.handler(sqs_event(*bodies), lambda_context(), dispatcher=dispatcher)
            assert answer == {"batchItemFailures": []}
    finally:
        dispatch_message.THREADS = usual
    assert {one.status for one in store.contacts.values()} == {ContactStatus.SENT}


def _dispatcher(planned: list[Contact]) -> tuple[Dispatcher, InMemoryCollection]:
    owing = (account(overdue(5), who=_customer(one.customer_id)) for one in planned)
    store, switches = InMemoryCollection(*planned), InMemorySwitches()
    slow: Any = Slow(store, TABLE_SECONDS)
    ledger: Any = Slow(InMemoryLedger(*owing), TABLE_SECONDS)
    access: Any = Slow(InMemoryAccessStore(), TABLE_SECONDS)
    addresses: Any = Slow(InMemoryMessageIndex(), TABLE_SECONDS)
    ses: Any = Slow(SimpleNamespace(send_email=lambda **_: {"MessageId": "m"}), SES_SECONDS)
    mails, urls = Mailer(ses, policy().creditor.sender, "bench"), Urls(Parameters(BASE), "urls")
    sender = EmailSender(_renderer(), mails, Links(access), urls, Pacer(lambda: 0))
    return Dispatcher(
        ledger, slow, {Channel.EMAIL: sender}, policy(), lambda: NOW, slow, switches, decision_log(), addresses
    ), store


def _customer(customer_id: str) -> Any:
    points = contact_points(email=f"{customer_id}@example.net")
    return customer(customer_id, contact_points=points, region="NY", timezone="America/New_York")


def _planned(number: int) -> Contact:
    return contact("due", customer_id=f"cus_{number}", contact_id=f"con_{number}")


def _body(planned: Contact) -> dict[str, Any]:
    return {"detail": {"customer_id": planned.customer_id, "data": {"contact_id": planned.contact_id}}}
