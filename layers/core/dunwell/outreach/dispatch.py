"""Sending a planned contact, at most once, if it is still right to send it.

Between planning and sending everything may have changed: the invoice is paid, the customer said stop, the clock passed
nine in the evening. So the account is read again and the question is asked again, with the words at hand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from dunwell.accounts.model import Channel
from dunwell.dates import business_date
from dunwell.errors import RefusedError, UnavailableError
from dunwell.events import CONTACT_BOUNCED, CONTACT_REFUSED, CONTACT_SENT
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.ledger.ports import Ledger
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.decisions import DecisionLog, dispatch_decision, named
from dunwell.outreach.permission import WORDS_WITH_NOTICES, may_contact
from dunwell.outreach.plan import contact_event
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import ContactStore


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said: to whom, on which contact, about which invoices, in which currency."""

    contact: Contact
    account: Account
    address: str
    invoices: tuple[OpenInvoice, ...]
    as_of: datetime


Send = Callable[[], str]
"""Hands a finished message to its channel's service, and gives the service's id of it.

Raises RefusedError when the service refuses the address or the message for good, UnavailableError when it has not taken
it, OutcomeUnknownError when it may have.
"""


class Sender(Protocol):
    """Finishes messages for a channel."""

    def prepare(self, message: Message) -> Send:
        """The message rendered, with its links made; nothing is sent yet, so any failure here may be tried again."""
        ...


class Dispatcher:
    """Dispatches planned contacts."""

    def __init__(
        self,
        ledger: Ledger,
        contacts: ContactStore,
        senders: dict[Channel, Sender],
        policy: Policy,
        now: Callable[[], datetime],
        log: DecisionLog,
    ) -> None:
        self._ledger = ledger
        self._contacts = contacts
        self._senders = senders
        self._policy = policy
        self._now = now
        self._log = log

    def dispatch(self, customer_id: str, contact_id: str) -> ContactStatus | None:
        """Send a contact, or settle why not; its status afterwards, None when there is no such contact.

        Raises:
            UnavailableError: try again later; the contact is planned again.
        """
        state = self._contacts.state(customer_id)
        contact = next((known for known in state.contacts if known.contact_id == contact_id), None)
        account = self._ledger.load(customer_id)
        if contact is None or account is None:
            return None
        if contact.status is ContactStatus.SENDING:
            return self._unconfirmed(contact)
        if contact.status is not ContactStatus.PLANNED:
            return contact.status
        today = business_date(self._now(), self._policy.creditor.timezone)
        if contact.currency in state.currencies_in_case or contact.is_lost(today):
            return self._cancelled(contact)  # it is the agent's by now, or a later plan's
        return self._send(self._message(contact, account), state.contacts)

    def _send(self, message: Message, earlier: Sequence[Contact]) -> ContactStatus:
        contact = message.contact
        if not message.invoices or not message.address:
            return self._cancelled(contact)
        decision = may_contact(
            message.account.customer,
            earlier,
            contact.channel,
            contact.invoice_ids,
            self._policy,
            message.as_of,
            WORDS_WITH_NOTICES,
        )
        asked = dispatch_decision(message.account, contact, earlier, self._policy, decision, WORDS_WITH_NOTICES)
        decided = replace(contact, decisions=(*contact.decisions, decision))
        decided = named(decided, self._log.keep_dispatch(self._policy, asked))  # before anything follows from it
        if not decision.allowed:
            refused = replace(decided, status=ContactStatus.REFUSED)
            return self._moved(refused, ContactStatus.PLANNED, CONTACT_REFUSED)
        return self._claim_and_send(decided, self._senders[contact.channel].prepare(message))

    def _claim_and_send(self, contact: Contact, send: Send) -> ContactStatus:
        claimed = replace(contact, status=ContactStatus.SENDING)
        if not self._contacts.move(claimed, ContactStatus.PLANNED):
            return ContactStatus.SENDING  # another dispatcher has it
        try:
            message_id = send()
        except RefusedError:
            return self._moved(replace(claimed, status=ContactStatus.BOUNCED), ContactStatus.SENDING, CONTACT_BOUNCED)
        except UnavailableError:
            # The service has not taken it: give the contact back, so that the retry may send it. Any other failure
            # leaves the contact in doubt.
            self._contacts.move(replace(claimed, status=ContactStatus.PLANNED), ContactStatus.SENDING)
            raise
        sent = replace(claimed, status=ContactStatus.SENT, sent_at=self._now(), message_id=message_id)
        return self._moved(sent, ContactStatus.SENDING, CONTACT_SENT)

    def _message(self, contact: Contact, account: Account) -> Message:
        """What is still to be said: invoices of the plan that are open and undisputed now."""
        still = tuple(
            item
            for item in account.open_invoices
            if item.invoice.invoice_id in contact.invoice_ids and item.is_collectable
        )
        return Message(contact, account, account.customer.address(contact.channel), still, self._now())

    def _cancelled(self, contact: Contact) -> ContactStatus:
        return self._moved(replace(contact, status=ContactStatus.CANCELLED), ContactStatus.PLANNED)

    def _unconfirmed(self, contact: Contact) -> ContactStatus:
        """An earlier dispatcher died between sending and recording. Not sent again: see docs/decisions.md."""
        kept = replace(contact, status=ContactStatus.UNCONFIRMED, sent_at=self._now())
        return self._moved(kept, ContactStatus.SENDING)

    def _moved(self, contact: Contact, was: ContactStatus, event: str = "") -> ContactStatus:
        events = [contact_event(event, contact, self._now())] if event else []
        self._contacts.move(contact, was, events)
        return contact.status
