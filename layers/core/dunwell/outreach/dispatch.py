"""Sending a planned contact, at most once, if it is still right to send it.

Between planning and sending everything may have changed: the invoice is paid, the customer said stop, the clock passed
nine in the evening. So the account is read again and the question is asked again, with the words at hand.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from dunwell.accounts.contact_points import KIND_OF, Channel, address_id
from dunwell.accounts.shared import NOTED_ON, AddressBook, Word, told
from dunwell.compliance.model import MessageFacts, ReasonCode
from dunwell.dates import business_date
from dunwell.errors import InvalidAddressError, InvalidInputError, OptedOutError, RefusedError, UnavailableError
from dunwell.events import CONTACT_BOUNCED, CONTACT_REFUSED, CONTACT_SENT
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update
from dunwell.outreach.addresses import INVALID_NUMBER, fault
from dunwell.outreach.announced import MANNERS, Announced, purpose_of
from dunwell.outreach.announcements import is_still_true, written_to_before
from dunwell.outreach.announcing import wait_again
from dunwell.outreach.asking import SkipReason, less_coming, past_due_only
from dunwell.outreach.contact import Contact, ContactStatus, DecisionRecord
from dunwell.outreach.decisions import DecisionLog, dispatch_decision
from dunwell.outreach.permission import NO_ADDRESS, may_contact
from dunwell.outreach.plan import contact_event
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import ContactStore
from dunwell.outreach.replies import Keyword, record_choice
from dunwell.outreach.stage import THANKS
from dunwell.outreach.switches import STOPPED, Switches, SwitchKind, stopping
from dunwell.outreach.tasks import TaskStore, is_out_of_reach, trouble_task


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

Raises InvalidAddressError when nothing will ever reach the address, OptedOutError when the service keeps a refusal,
RefusedError when it refuses the message for good, UnavailableError when it has not taken it, OutcomeUnknownError when
it may have.
"""

REFUSED_BY_SERVICE = "REFUSED_BY_SERVICE"
"""Why a person looks at an address: the service will not take this message, and does not say that it is wrong."""
NOT_RENDERED = "MESSAGE_NOT_RENDERED"
"""Reason code of our own: something that the words need is missing; nothing half said is ever sent."""
NOT_SET_UP = "CHANNEL_NOT_SET_UP"
"""Reason code of our own: the deployment has no way out on this channel."""
NOTHING_LEFT_TO_SAY = "NOTHING_LEFT_TO_SAY"
WITH_AN_AGENT = "WITH_AN_AGENT"
TOO_LATE = "TOO_LATE"
"""Reason codes of our own for a contact that is cancelled: what it asks for was settled or contested since, an agent
has the account, or it comes so late that a later plan speaks for it. ``SkipReason.AGREED`` is one too: all that is
left of it was agreed about since.
"""


NOTED_FOR = timedelta(days=300)
"""So long a customer's note at an address surely stands: address books keep them for longer."""


class Sender(Protocol):
    """Finishes messages for a channel."""

    @property
    def is_repeatable(self) -> bool:
        """Whether sending the same contact once more has no further effect, because it goes by the contact's id.

        Then a message in doubt is sent again until it is known; else never.
        """
        ...

    def facts(self, message: Message) -> MessageFacts:
        """What the rendered words contain, for the contact rules to judge.

        Raises:
            InvalidInputError: the message cannot be said.
        """
        ...

    def prepare(self, message: Message) -> Send:
        """The message rendered, with its links made; nothing is sent yet, so any failure here may be tried again."""
        ...


def has_something_to_say(message: Message, policy: Policy, today: date) -> bool:
    """Whether anything of what it asks for is still open; of thanks, whether nothing of it is open again; of an
    announcement, whether what it tells is still so.

    Args:
        today: the business date.
    """
    contact = message.contact
    if contact.stage == Announced.VALIDATION_NOTICE:
        return bool(message.invoices)
    if contact.stage in MANNERS:
        return is_still_true(contact.stage, contact.about, message.account, policy, today)
    if contact.stage == THANKS:
        return not _still_open(message.account, contact)
    return bool(message.invoices)


def _address(contact: Contact, account: Account) -> str:
    """Where a contact goes: where its channel leads now; of a changed address, where it led before."""
    manner = MANNERS.get(contact.stage)
    if manner and manner.to_former:
        return written_to_before(account.customer, contact.about)
    return account.customer.address(contact.channel)


def _is_reminder(contact: Contact) -> bool:
    """Whether a contact asks for money, and is neither thanks nor an announcement."""
    return contact.stage != THANKS and contact.stage not in MANNERS


def _still_open(account: Account, contact: Contact) -> bool:
    """Whether anything that a contact names is open and undisputed."""
    return any(one.is_collectable and one.invoice.invoice_id in contact.invoice_ids for one in account.open_invoices)


class Dispatcher:
    """Dispatches planned contacts."""

    def __init__(
        self,
        ledger: Ledger,
        contacts: ContactStore,
        senders: Mapping[Channel, Sender],
        policy: Policy,
        now: Callable[[], datetime],
        tasks: TaskStore,
        switches: Switches,
        log: DecisionLog,
        addresses: AddressBook,
    ) -> None:
        self._ledger = ledger
        self._contacts = contacts
        self._senders = senders
        self._policy = policy
        self._now = now
        self._tasks = tasks
        self._switches = switches
        self._log = log
        self._addresses = addresses

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
            return self._in_doubt(self._message(contact, account))
        if contact.status is not ContactStatus.PLANNED:
            return contact.status
        if contact.send_after and self._now() < contact.send_after:
            return contact.status  # its minute has not come: see release
        message = self._message(contact, account)
        if contact.stage in MANNERS:
            return self._send(message, state.contacts)  # while it is so, an agent's case or a delay changes nothing
        if contact.currency in state.currencies_in_case:
            return self._cancelled(message, state.contacts, WITH_AN_AGENT)
        if contact.is_lost(self._today()):
            return self._cancelled(message, state.contacts, TOO_LATE)
        return self._send(message, state.contacts)

    def _today(self) -> date:
        return business_date(self._now(), self._policy.creditor.timezone)

    def _send(self, message: Message, earlier: Sequence[Contact]) -> ContactStatus:
        if not has_something_to_say(message, self._policy, self._today()):
            return self._cancelled(message, earlier, self._why_silent(message))
        message = self._noted(message, earlier)
        try:
            decision = self._decided(message, earlier)
        except InvalidInputError as gap:
            return self._not_rendered(message, earlier, gap)
        decided = replace(message, contact=_with(message.contact, decision))
        if not decision.allowed:
            if waiting := wait_again(decided.contact, decision, message.as_of):
                return self._moved(waiting, ContactStatus.PLANNED)
            refused = replace(decided.contact, status=ContactStatus.REFUSED)
            return self._moved(refused, ContactStatus.PLANNED, CONTACT_REFUSED)
        return self._claim_and_send(decided, earlier)

    def _noted(self, message: Message, earlier: Sequence[Contact]) -> Message:
        """The message after its customer was noted at its address, and learnt what was said there before by others.

        Once in a while: whatever is said there afterwards finds them (``accounts.shared``).
        """
        contact, address = message.contact, message.address
        if contact.channel not in NOTED_ON or fault(contact.channel, address) or message.account.customer.is_internal:
            return message
        where = address_id(KIND_OF[contact.channel], address)
        if any(one.address_id == where and self._today() - one.planned_on < NOTED_FOR for one in earlier):
            return message
        noted = replace(contact, address_id=where)
        words = self._addresses.note_customer(where, contact.customer_id)
        if not words:
            return replace(message, contact=noted)
        return self._message(noted, update(self._ledger, contact.customer_id, lambda it: _told(it, message, words)))

    def _why_silent(self, message: Message) -> str:
        """Why nothing is left to say: of what is still open and was to be asked for, what keeps it from being."""
        if not (_is_reminder(message.contact) and _still_open(message.account, message.contact)):
            return NOTHING_LEFT_TO_SAY
        agreed = message.account.paused_invoices(self._today())
        return SkipReason.AGREED if not agreed.isdisjoint(message.contact.invoice_ids) else SkipReason.COVERED

    def _decided(self, message: Message, earlier: Sequence[Contact]) -> DecisionRecord:
        """Whether it may be sent: what the rules say with the words at hand, unless something else is in the way.

        Kept, with all it was made from, before anything follows from it.
        """
        account, contact, words = message.account, message.contact, None
        record = self._unsendable(message)
        if record is None:
            words = self._senders[contact.channel].facts(message)
            ids = contact.invoice_ids
            why = purpose_of(contact.stage)
            record = may_contact(
                account.customer, earlier, contact.channel, ids, self._policy, message.as_of, words, why
            )
        return self._kept(message, earlier, record, words)

    def _kept(
        self, message: Message, earlier: Sequence[Contact], record: DecisionRecord, words: MessageFacts | None = None
    ) -> DecisionRecord:
        """A decision with the name under which it is kept."""
        kept = dispatch_decision(message.account, message.contact, earlier, self._policy, record, words)
        return replace(record, decision_id=self._log.keep_dispatch(self._policy, kept))

    def _unsendable(self, message: Message) -> DecisionRecord | None:
        """Why nothing can leave, whatever the contact rules say; an invalid address is a task for a person."""
        channel, customer = message.contact.channel, message.account.customer
        if customer.is_internal:
            return None  # the contact rules refuse it
        if why := fault(channel, message.address):
            self._learn(message, why)
            return self._no(why)
        if message.address != customer.address(channel) and customer.refuses(channel, message.address):
            return self._no(ReasonCode.OPTED_OUT)  # at a former address, by whoever has it now
        if scope := stopping(self._switches.stopped(), channel, customer):
            return self._no(STOPPED[SwitchKind(scope.partition(":")[0])], scope)
        return None if channel in self._senders else self._no(NOT_SET_UP)

    def _no(self, reason_code: str, *rules: str) -> DecisionRecord:
        return DecisionRecord(False, reason_code, self._now(), None, rules, self._policy.version, "")

    def _claim_and_send(self, message: Message, earlier: Sequence[Contact]) -> ContactStatus:
        try:
            send = self._senders[message.contact.channel].prepare(message)
        except InvalidInputError as gap:
            return self._not_rendered(message, earlier, gap)
        claimed = replace(message.contact, status=ContactStatus.SENDING)
        if not self._contacts.move(claimed, ContactStatus.PLANNED):
            return ContactStatus.SENDING  # another dispatcher has it
        try:
            return self._finish(replace(message, contact=claimed), send)
        except UnavailableError:
            # The service has not taken it: give the contact back, so that the retry may send it. Any other failure
            # leaves the contact in doubt.
            self._contacts.move(replace(claimed, status=ContactStatus.PLANNED), ContactStatus.SENDING)
            raise

    def _not_rendered(self, message: Message, earlier: Sequence[Contact], gap: InvalidInputError) -> ContactStatus:
        self._trouble(message, NOT_RENDERED, str(gap))
        decided = _with(message.contact, self._kept(message, earlier, self._no(NOT_RENDERED)))
        refused = replace(decided, status=ContactStatus.REFUSED)
        return self._moved(refused, ContactStatus.PLANNED, CONTACT_REFUSED)

    def _trouble(self, message: Message, why: str, said: str = "") -> None:
        customer = message.account.customer
        self._tasks.open_task(trouble_task(customer, why, message.address, self._now(), said))

    def _finish(self, message: Message, send: Send) -> ContactStatus:
        """Send what is claimed, and keep that it was."""
        contact = message.contact
        try:
            message_id = send()
        except InvalidAddressError:
            self._learn(message, INVALID_NUMBER)
            return self._bounced(contact)
        except OptedOutError:
            to, at = message.address, self._now()
            record_choice(self._addresses, self._ledger, to, contact.channel, Keyword.STOP, at)
            return self._bounced(contact)
        except RefusedError:
            self._trouble(message, REFUSED_BY_SERVICE)
            return self._bounced(contact)
        if contact.channel is Channel.CALL:  # nobody has been contacted yet
            waiting = replace(contact, status=ContactStatus.HANDED_OVER, message_id=message_id)
            return self._moved(waiting, ContactStatus.SENDING)
        sent = replace(contact, status=ContactStatus.SENT, sent_at=self._now(), message_id=message_id)
        return self._moved(sent, ContactStatus.SENDING, CONTACT_SENT)

    def _learn(self, message: Message, why: str) -> None:
        """Keep that an address is invalid, and put it on the worklist; before the contact moves, so no crash loses it.

        An address that is merely missing now is a task only when nothing else leads to the customer.
        """
        account = message.account
        if why != NO_ADDRESS:
            account = update(self._ledger, account.customer.customer_id, lambda now: self._spoilt(now, message, why))
        if why != NO_ADDRESS or is_out_of_reach(account.customer):
            self._trouble(replace(message, account=account), why)

    def _spoilt(self, account: Account, message: Message, why: str) -> Change:
        if message.address in account.customer.suppressed:
            return Change(account)
        kind = KIND_OF[message.contact.channel]
        spoilt = account.customer.with_bounce(message.address, self._now(), why.lower(), kind)
        return Change(account, customer=spoilt)

    def _message(self, contact: Contact, account: Account) -> Message:
        """What is still to be said: invoices of the plan that are open and undisputed now; with thanks, all others.

        What was agreed about since is not asked for, nor what is on its way, and then the contact does not name it any
        more: its stage was not said about it, should the agreement break or the debit come back.
        """
        today = self._today()
        agreed = frozenset() if contact.stage in MANNERS else account.paused_invoices(today)
        still = tuple(
            item
            for item in account.open_invoices
            if item.invoice.currency == contact.currency
            and item.is_collectable
            and item.invoice.invoice_id not in agreed
            and (contact.stage == THANKS or item.invoice.invoice_id in contact.invoice_ids)
        )
        if _is_reminder(contact):
            asked_for = less_coming(still, account, today)
            if self._is_about_overdue(contact):
                asked_for = past_due_only(asked_for, today)
            unsaid = agreed | {one.invoice.invoice_id for one in still} - {one.invoice.invoice_id for one in asked_for}
            still = tuple(asked_for)
            if still and not unsaid.isdisjoint(contact.invoice_ids):
                contact = replace(contact, invoice_ids=tuple(one for one in contact.invoice_ids if one not in unsaid))
        if still and contact.stage == Announced.VALIDATION_NOTICE:  # what it does not list has had no notice
            contact = replace(contact, invoice_ids=tuple(one.invoice.invoice_id for one in still))
        return Message(contact, account, _address(contact, account), still, self._now())

    def _is_about_overdue(self, contact: Contact) -> bool:
        """Whether a reminder's words call what they list overdue; those of a stage that there is no more may."""
        rank = self._policy.severity(contact.stage)
        return rank < 0 or self._policy.stages[rank].is_about_overdue

    def _cancelled(self, message: Message, earlier: Sequence[Contact], why: str) -> ContactStatus:
        decided = _with(message.contact, self._kept(message, earlier, self._no(why)))
        return self._moved(replace(decided, status=ContactStatus.CANCELLED), ContactStatus.PLANNED)

    def _bounced(self, contact: Contact) -> ContactStatus:
        return self._moved(replace(contact, status=ContactStatus.BOUNCED), ContactStatus.SENDING, CONTACT_BOUNCED)

    def _in_doubt(self, message: Message) -> ContactStatus:
        """An earlier dispatcher died between sending and recording. What can be repeated harmlessly is completed, as of
        the decision that let it go; anything else is not sent again: see docs/decisions.md.
        """
        contact = message.contact
        sender = self._senders.get(contact.channel)
        nowhere = fault(contact.channel, message.address) == NO_ADDRESS
        if (
            nowhere
            or sender is None
            or not sender.is_repeatable
            or not has_something_to_say(message, self._policy, self._today())
        ):
            kept = replace(contact, status=ContactStatus.UNCONFIRMED, sent_at=self._now())
            return self._moved(kept, ContactStatus.SENDING)
        return self._finish(message, sender.prepare(message))

    def _moved(self, contact: Contact, was: ContactStatus, event: str = "") -> ContactStatus:
        events = [contact_event(event, contact, self._now())] if event else []
        self._contacts.move(contact, was, events)
        return contact.status


def _told(account: Account, message: Message, words: Sequence[Word]) -> Change:
    customer = told(account.customer, message.contact.channel, message.address, words)
    return Change(account, None if customer == account.customer else customer)


def _with(contact: Contact, decision: DecisionRecord) -> Contact:
    """The contact with one more decision about it."""
    return replace(contact, decisions=(*contact.decisions, decision))
