"""Dispatch asks the contact rules about the words that will be sent, and sends nothing that cannot be said."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from dunwell.accounts.model import Channel, CustomerKind
from dunwell.compliance.model import MessageFacts
from dunwell.errors import InvalidInputError
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.dispatch import NOT_RENDERED, Dispatcher, Message
from tests.support.decisions import decision_log
from tests.support.memory import InMemoryCollection, InMemoryLedger, InMemoryMessageIndex, InMemorySwitches
from tests.support.outreach import NOW, POLICY, SentBox, contact, overdue
from tests.support.portal import LICENSED, account, customer, proved

COLLECTOR = replace(POLICY, creditor=replace(POLICY.creditor, party="third", licences=LICENSED))
CONSUMER = proved(customer(kind=CustomerKind.PERSON, region="TX", timezone="America/Chicago"))

WITH_NOTICES = MessageFacts(opt_out_notice=True, disclosure=True)


@dataclass
class Words(SentBox):
    """A way out whose words contain what a test says."""

    said: MessageFacts | InvalidInputError = WITH_NOTICES

    def facts(self, message: Message) -> MessageFacts:
        if isinstance(self.said, InvalidInputError):
            raise self.said
        return self.said


def dispatch(words: Words) -> tuple[ContactStatus | None, Any, InMemoryCollection]:
    planned = contact()
    store = InMemoryCollection(planned)
    ledger = InMemoryLedger(account(overdue(5), who=CONSUMER))
    ways: Any = {Channel.EMAIL: words}
    kept = store, InMemorySwitches(), decision_log(), InMemoryMessageIndex()
    dispatcher = Dispatcher(ledger, store, ways, COLLECTOR, lambda: NOW, *kept)
    status = dispatcher.dispatch("cus_anna", planned.contact_id)
    return status, store.contacts[planned.contact_id], store


def test_words_with_their_notices_are_sent() -> None:
    words = Words()
    assert dispatch(words)[0] is ContactStatus.SENT
    assert len(words.messages) == 1


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (MessageFacts(opt_out_notice=False, disclosure=True), "MISSING_OPT_OUT_NOTICE"),
        (MessageFacts(opt_out_notice=True, disclosure=False), "MISSING_DISCLOSURE"),
    ],
)
def test_a_collectors_words_without_a_notice_are_refused(facts: MessageFacts, reason: str) -> None:
    words = Words(said=facts)
    status, kept, _ = dispatch(words)
    assert (status, kept.decisions[-1].reason_code) == (ContactStatus.REFUSED, reason)
    assert not words.messages


def test_words_that_cannot_be_said_are_a_task_for_a_person_and_nothing_is_sent() -> None:
    words = Words(said=InvalidInputError("the customer has no name"))
    status, kept, store = dispatch(words)
    assert (status, kept.decisions[-1].reason_code) == (ContactStatus.REFUSED, NOT_RENDERED)
    assert kept.decisions[:-1] == contact().decisions
    assert not words.messages
    assert len(store.tasks) == 1
