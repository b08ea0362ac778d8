"""What is announced when something happened to an agreement, a payment or a payment method; and whether it is still so.

An event only says where to look: what is told comes from the account as it is now. So an event that comes twice, late
or after the one that followed it announces what is true, or nothing. Before sending the same question is asked again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from dunwell.accounts.contact_points import PointKind, former_address
from dunwell.accounts.model import Channel, Customer
from dunwell.arrangements.progress import PartState
from dunwell.events import (
    ADDRESS_REPLACED,
    AGREEMENT_BROKEN,
    AGREEMENT_COMPLETED,
    AGREEMENT_ENDED,
    AGREEMENT_MADE,
    AGREEMENT_PROPOSED,
    AGREEMENT_REVISED,
    DEBIT_FAILED,
    ENTRY_POSTED,
    INSTALMENT_DUE,
    INSTALMENT_MISSED,
    PAYMENT_APPLIED,
    PAYMENT_FAILED,
    PAYMENT_METHOD_ENDED,
    PAYMENT_METHOD_SAVED,
    Event,
    Scalar,
)
from dunwell.ledger.agreements import Agreement, AgreementStatus
from dunwell.ledger.debits import AttemptStatus, DebitAttempt
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.outreach.announced import Announced
from dunwell.outreach.contact import Contact
from dunwell.outreach.policy import Policy
from dunwell.outreach.promised import part_of, schedule_of

NO_CURRENCY = "XXX"
"""ISO 4217's code for no currency: what is about a payment method is about no amount."""
REFUND = "refund"
REPLACED, APPROVED, BY_CUSTOMER = "replaced", "approved", "customer"
"""Codes of entries, events and those who act."""
REPLACED_AT = "replaced_at"
"""When an address was replaced: what an announcement of that is about."""
_FAILURE_DAYS = 2
"""A failed debit that was announced so lately has said already that its instalment was not paid."""
_SEEN_ON_THE_PAGE = frozenset(
    {
        "card_declined",
        "expired_card",
        "incorrect_cvc",
        "incorrect_number",
        "incorrect_zip",
        "invalid_cvc",
        "invalid_expiry_month",
        "invalid_expiry_year",
        "invalid_number",
        "processing_error",
        "authentication_required",
        "payment_intent_authentication_failure",
    }
)
"""Codes of cards: the customer stood before the page that said so, and it lets them try another one."""

Contacts = Callable[[], Sequence[Contact]]
"""What was sent or planned before, oldest first; asked for only where it matters."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is to be told.

    Attributes:
        identity: of what happened; the same fact announces once.
        about: ids, codes and amounts that its words start from; everything else is read from the account.
        only: the channels that are left for it; empty: those of its kind.
    """

    kind: Announced
    identity: str
    currency: str
    invoice_ids: tuple[str, ...] = ()
    about: Mapping[str, Scalar] = field(default_factory=dict)
    only: tuple[Channel, ...] = ()


def announcement_of(
    event: Event, account: Account, contacts: Contacts, policy: Policy, as_of: date
) -> Announcement | None:
    """What an event announces as the account stands now; None: nothing, or nothing any more.

    Args:
        as_of: the business date.
    """
    made = _OF_EVENT.get(event.name)
    found = made(event, account, contacts, policy, as_of) if made else None
    return found if found and is_still_true(found.kind, found.about, account, policy, as_of) else None


def is_still_true(kind: str, about: Mapping[str, Scalar], account: Account, policy: Policy, as_of: date) -> bool:
    """Whether what a kind of announcement says is so on a business date: not paid or ended meanwhile, not too late."""
    if "agreement_id" in about:
        agreement = account.agreements.get(str(about["agreement_id"]))
        return agreement is not None and _is_so(Announced(kind), agreement, about, account, policy, as_of)
    if "attempt_id" in about:
        return _has_failed(account.attempts.get(str(about["attempt_id"])), account)
    if "method_id" in about:
        method = account.methods.get(str(about["method_id"]))
        if method is None or kind == Announced.PAYMENT_METHOD_ENDED:
            return method is not None and not method.is_usable
        return method.is_usable and method.autopay == about.get("autopay")
    if "payment_id" in about:
        return bool(account.books.standing_minor(str(about["payment_id"])))
    if "entry_id" in about:
        return str(about["entry_id"]) in account.entries
    if REPLACED_AT in about:
        return bool(written_to_before(account.customer, about))
    return bool(account.balances)


# --- agreements ---

_LIVING = {
    Announced.AGREEMENT_COPY: {AgreementStatus.AUTHORISED, AgreementStatus.ACTIVE, AgreementStatus.COMPLETED},
    Announced.AGREEMENT_PROPOSED: {AgreementStatus.PROPOSED},
    Announced.AGREEMENT_CHANGED: {AgreementStatus.AUTHORISED, AgreementStatus.ACTIVE},
    Announced.AGREEMENT_BROKEN: {AgreementStatus.BROKEN},
    Announced.AGREEMENT_COMPLETED: {AgreementStatus.COMPLETED},
    Announced.AGREEMENT_ENDED: {AgreementStatus.CANCELLED, AgreementStatus.LAPSED},
    Announced.INSTALMENT_DUE: {AgreementStatus.AUTHORISED, AgreementStatus.ACTIVE},
    Announced.INSTALMENT_MISSED: {AgreementStatus.AUTHORISED, AgreementStatus.ACTIVE},
}
"""The statuses in which each kind has something to say."""


def _is_so(
    kind: Announced, agreement: Agreement, about: Mapping[str, Scalar], account: Account, policy: Policy, as_of: date
) -> bool:
    if agreement.status not in _LIVING[kind]:
        return False
    if kind is Announced.AGREEMENT_PROPOSED:
        in_time = agreement.expires_on is None or as_of <= agreement.expires_on
        return in_time and agreement.approval == about.get("approval", "")
    if kind is Announced.AGREEMENT_BROKEN:
        return any(account.open_minor(one) for one in agreement.invoice_ids if one in account.invoices)
    if kind not in (Announced.INSTALMENT_DUE, Announced.INSTALMENT_MISSED):
        return True
    part = part_of(account, agreement, int(about.get("instalment") or 0), policy, as_of)
    if part is None:
        return False
    if kind is Announced.INSTALMENT_MISSED:
        return part.state is PartState.MISSED
    return part.state in (PartState.OPEN, PartState.PARTLY) and as_of <= part.agreed.due_on


def _of_agreement(
    kind: Announced, event: Event, account: Account, *identity: Scalar, **more: Scalar
) -> Announcement | None:
    agreement = account.agreements.get(str(event.data.get("agreement_id")))
    if agreement is None:
        return None
    about: dict[str, Scalar] = {"agreement_id": agreement.agreement_id, **more}
    named = "#".join(str(part) for part in (agreement.agreement_id, *identity))
    return Announcement(kind, named, agreement.currency, agreement.invoice_ids, about)


def _made(event: Event, account: Account, *_: object) -> Announcement | None:
    agreement = account.agreements.get(str(event.data.get("agreement_id")))
    if agreement is None:
        return None
    return _of_agreement(Announced.AGREEMENT_COPY, event, account, schedule=schedule_of(agreement))


def _proposed(event: Event, account: Account, *_: object) -> Announcement | None:
    """An offer to accept, or a request that somebody has to approve: either is announced by itself.

    Not what customers propose within what they may agree to: they stand before the page on which it is agreed to.
    """
    agreement = account.agreements.get(str(event.data.get("agreement_id")))
    if agreement is None:
        return None
    approval = agreement.approval
    if agreement.made_by == BY_CUSTOMER and not approval and event.data.get("why") != APPROVED:
        return None
    return _of_agreement(Announced.AGREEMENT_PROPOSED, event, account, approval, approval=approval)


def _revised(event: Event, account: Account, contacts: Contacts, *_: object) -> Announcement | None:
    """What is new in an agreement since the customer was last told; nothing when they were told all of it."""
    agreement = account.agreements.get(str(event.data.get("agreement_id")))
    if agreement is None:
        return None
    about = {agreement.agreement_id, agreement.replaces}
    told = [str(one.about["schedule"]) for one in contacts() if _tells(one, about)]
    old = account.agreements.get(agreement.replaces)
    now, was = schedule_of(agreement), told[-1] if told else schedule_of(old) if old else ""
    if was == now:
        return None
    return _of_agreement(Announced.AGREEMENT_CHANGED, event, account, event.event_id, schedule=now, was=was)


def _tells(contact: Contact, agreement_ids: set[str]) -> bool:
    """Whether a contact told the days and amounts of one of some agreements."""
    return contact.about.get("agreement_id") in agreement_ids and "schedule" in contact.about


def _ended(event: Event, account: Account, *_: object) -> Announcement | None:
    """Nothing when another agreement took its place: what is told of that one says it."""
    if event.data.get("why") == REPLACED:
        return None
    return _of_agreement(Announced.AGREEMENT_ENDED, event, account, event.event_id)


def _due(event: Event, account: Account, *_: object) -> Announcement | None:
    number, is_debited = event.data.get("instalment"), bool(event.data.get("is_debited"))
    return _of_agreement(Announced.INSTALMENT_DUE, event, account, number, instalment=number, is_debited=is_debited)


def _missed(event: Event, account: Account, contacts: Contacts, policy: Policy, as_of: date) -> Announcement | None:
    """Nothing when a failed debit of the same instalment was just announced: one mail for one failure."""
    number = event.data.get("instalment")
    attempt = f"{event.data.get('agreement_id')}#{number}#"
    recent = as_of - timedelta(days=_FAILURE_DAYS)
    if any(str(one.about.get("attempt_id", "")).startswith(attempt) and one.planned_on >= recent for one in contacts()):
        return None
    is_debited = bool(event.data.get("is_debited"))
    return _of_agreement(
        Announced.INSTALMENT_MISSED, event, account, number, event.event_id, instalment=number, is_debited=is_debited
    )


# --- payments ---


def _has_failed(attempt: DebitAttempt | None, account: Account) -> bool:
    """Whether a debit failed, no later one of the same purpose has done better, and what it was for is still open."""
    if attempt is None or attempt.status is not AttemptStatus.FAILED:
        return False
    better = {AttemptStatus.SUCCEEDED, AttemptStatus.PROCESSING}
    if any(one.purpose == attempt.purpose and one.status in better for one in account.attempts.values()):
        return False
    return any(account.open_minor(invoice_id) for invoice_id, _ in attempt.lines if invoice_id in account.invoices)


def _debit_failed(event: Event, account: Account, *_: object) -> Announcement | None:
    attempt = account.attempts.get(str(event.data.get("attempt_id")))
    if attempt is None:
        return None
    named = ("attempt_id", "code", "outcome", "next_on")
    about = {name: event.data.get(name) for name in named}
    invoice_ids = tuple(invoice_id for invoice_id, _ in attempt.lines)
    return Announcement(Announced.PAYMENT_FAILED, attempt.attempt_id, attempt.currency, invoice_ids, about)


def _payment_failed(event: Event, account: Account, *_: object) -> Announcement | None:
    """A bank debit that the customer started and that did not arrive, or came back.

    A card that was declined is no news to who stood before the page; a debit of ours has an event of its own.
    """
    reference, failure = str(event.data.get("payment_reference")), str(event.data.get("failure_code") or "")
    ours = any(one.payment_reference == reference for one in account.attempts.values())
    if ours or failure in _SEEN_ON_THE_PAGE or not account.balances:
        return None
    about: dict[str, Scalar] = {"code": event.data.get("decline_code") or failure}
    entry = next((one for one in account.entries.values() if _is_of(one, reference)), None)
    if entry:
        about["amount_minor"] = entry.amount_minor
    currency = entry.currency if entry else max(account.balances, key=lambda one: account.balances[one])
    invoice_ids = tuple(one.invoice.invoice_id for one in account.open_invoices if one.invoice.currency == currency)
    return Announcement(Announced.PAYMENT_FAILED, f"{reference}#{event.event_id}", currency, invoice_ids, about)


def _is_of(entry: Entry, payment_reference: str) -> bool:
    """Whether an entry is the money of a gateway's payment, announced or received."""
    return entry.kind in (EntryKind.PENDING, EntryKind.PAYMENT) and entry.reference.startswith(payment_reference)


def _received(event: Event, account: Account, contacts: Contacts, policy: Policy, as_of: date) -> Announcement | None:
    """A receipt for money that the customer paid us; what an import or the bank tells of, their own bank tells them."""
    payment_id = str(event.data.get("payment_id"))
    entry = account.payments.get(payment_id)
    if entry is None or policy.receipts is None or not policy.receipts.covers(entry, as_of):
        return None
    invoice_ids = tuple(part.invoice_id for part in account.allocations(payment_id))
    return Announcement(Announced.RECEIPT, payment_id, entry.currency, invoice_ids, {"payment_id": payment_id})


def _posted(event: Event, account: Account, contacts: Contacts, policy: Policy, as_of: date) -> Announcement | None:
    """A refund; of every other entry the statement tells."""
    entry_id = str(event.data.get("entry_id"))
    entry = account.entries.get(entry_id)
    if entry is None or entry.kind is not EntryKind.REVERSAL or entry.reason != REFUND:
        return None
    if policy.receipts is None or not policy.receipts.covers(entry, as_of):
        return None
    return Announcement(Announced.REFUND, entry_id, entry.currency, (), {"entry_id": entry_id})


# --- addresses ---


def written_to_before(customer: Customer, about: Mapping[str, Scalar]) -> str:
    """The e-mail address that another one took the place of; empty when it is in use again, or never worked."""
    at = datetime.fromisoformat(str(about[REPLACED_AT]))
    return former_address(customer.contact_points, PointKind.EMAIL, at)


def _replaced(event: Event, *_: object) -> Announcement:
    about: dict[str, Scalar] = {REPLACED_AT: event.occurred_at.isoformat()}
    return Announcement(Announced.ADDRESS_CHANGED, event.event_id, NO_CURRENCY, (), about)


# --- payment methods ---


def _of_method(kind: Announced, event: Event, **more: Scalar) -> Announcement:
    method_id = str(event.data.get("method_id"))
    return Announcement(kind, f"{method_id}#{event.event_id}", NO_CURRENCY, (), {"method_id": method_id, **more})


_Made = Callable[[Event, Account, Contacts, Policy, date], Announcement | None]
_OF_EVENT: Mapping[str, _Made] = {
    AGREEMENT_MADE: _made,
    AGREEMENT_PROPOSED: _proposed,
    AGREEMENT_REVISED: _revised,
    AGREEMENT_BROKEN: lambda event, account, *_: _of_agreement(
        Announced.AGREEMENT_BROKEN, event, account, event.event_id
    ),
    AGREEMENT_COMPLETED: lambda event, account, *_: _of_agreement(
        Announced.AGREEMENT_COMPLETED, event, account, event.event_id
    ),
    AGREEMENT_ENDED: _ended,
    INSTALMENT_DUE: _due,
    INSTALMENT_MISSED: _missed,
    DEBIT_FAILED: _debit_failed,
    PAYMENT_FAILED: _payment_failed,
    PAYMENT_APPLIED: _received,
    ENTRY_POSTED: _posted,
    PAYMENT_METHOD_SAVED: lambda event, *_: _of_method(
        Announced.PAYMENT_METHOD_SAVED, event, autopay=bool(event.data.get("autopay"))
    ),
    PAYMENT_METHOD_ENDED: lambda event, *_: _of_method(Announced.PAYMENT_METHOD_ENDED, event),
    ADDRESS_REPLACED: _replaced,
}
ANNOUNCING = frozenset(_OF_EVENT)
"""The events that may have something to announce."""
