"""Payment methods that a customer saved: kept with the consent, switched to automatic payment, ended, taken away."""

from dataclasses import replace
from datetime import date, datetime

from dunwell.errors import InvalidInputError, NotFoundError, RefusedError
from dunwell.events import PAYMENT_METHOD_ENDED, PAYMENT_METHOD_SAVED, Event
from dunwell.ids import stable_id
from dunwell.ledger.agreements import Agreement
from dunwell.ledger.change import Change
from dunwell.ledger.debits import MethodKind, MethodStatus, PaymentMethod
from dunwell.ledger.model import Account
from dunwell.payments.order import CheckoutOrder
from dunwell.payments.ports import SavedMethod

RENEWED = frozenset({"expired_card"})
"""Why a card was unusable that works again once its network told of a new one."""


def method_id(reference: str) -> str:
    """Our name of a method, made from the gateway's."""
    return stable_id("pmt", reference)


def save_method(
    account: Account,
    reference: str,
    owner: str,
    kind: MethodKind,
    label: str,
    words: str,
    mandate: str,
    expires_on: date | None,
    now: datetime,
) -> Change:
    """Keep a method that the customer saved, once: again changes nothing, unless it is saved anew after it ended.

    Args:
        reference, owner: the gateway's names for the method and for the customer.
        words: the consent, exactly as it was shown. Without it nothing may be kept for later debits.
        mandate: the gateway's name of the debit mandate; empty for cards.

    Raises:
        InvalidInputError: no consent, no reference, or no owner.
    """
    if not (words.strip() and reference and owner):
        raise InvalidInputError("a payment method is kept with its reference, its owner and the words agreed to")
    known = account.methods.get(method_id(reference))
    if known and (known.is_usable or known.saved_at >= now):
        return Change(account)
    saved = PaymentMethod(
        method_id(reference),
        reference,
        owner,
        kind,
        label,
        MethodStatus.ACTIVE,
        saved_at=now,
        words=words,
        expires_on=expires_on,
        mandate=mandate,
    )
    return _change(account, now, saved)


def save_from_order(account: Account, order: CheckoutOrder, saved: SavedMethod, now: datetime) -> Change:
    """Keep the method that an order saved, and use it as the order says: automatic payment, an agreement's instalments.

    An order without consent keeps nothing. One for an agreement says from now on what its instalments are debited from.
    """
    if order.consent is None:
        return Change(account)
    words, expires_on = order.consent.words, saved.expires_on
    kept = save_method(
        account, saved.reference, saved.owner, saved.kind, saved.label, words, saved.mandate, expires_on, now
    )
    if kept.is_empty:
        return kept
    after, one = replace(kept.applied(), version=account.version), method_id(saved.reference)
    switched = set_autopay(after, one, True, now) if order.consent.autopay else Change(after)
    return replace(
        kept,
        methods={**kept.methods, **switched.methods},
        events=switched.events or kept.events,
        agreements=_debited_from(account.agreements.get(order.agreement_id), one),
    )


def _debited_from(agreement: Agreement | None, method_id: str) -> dict[str, Agreement]:
    """The agreement, to be debited from a method from now on; none where it was not authorised: REGE-AUTH."""
    if agreement is None or agreement.authorisation is None or not agreement.is_standing:
        return {}
    evidence = replace(agreement.authorisation, method_id=method_id)
    return {agreement.agreement_id: replace(agreement, authorisation=evidence)}


def follow_card(account: Account, reference: str, label: str, expires_on: date | None, now: datetime) -> Change:
    """The card network replaced a saved card: its new digits and end; one that had expired may be debited again."""
    known = account.methods.get(method_id(reference))
    if known is None or (known.label, known.expires_on) == (label, expires_on):
        return Change(account)
    renewed = replace(known, label=label, expires_on=expires_on)
    if known.status is MethodStatus.UNUSABLE and known.why in RENEWED:
        renewed = replace(renewed, status=MethodStatus.ACTIVE, why="")
        return _change(account, now, renewed, why="renewed")
    return Change(account, methods={known.method_id: renewed})


def end_method(account: Account, method_id: str, why: str, now: datetime) -> Change:
    """Never debit a method again: the bank or the network says so, or the mandate ended. Once; automatic payment ends.

    Args:
        why: a code, such as ``lost_card``, ``R10`` or ``mandate_inactive``.

    Raises:
        NotFoundError: the customer has no such method.
    """
    known = _known(account, method_id)
    if not known.is_usable:
        return Change(account)
    return _change(account, now, replace(known, status=MethodStatus.UNUSABLE, autopay=False, why=why), why=why)


def remove_method(account: Account, method_id: str, now: datetime) -> Change:
    """The customer takes a method away. Plans that it paid are paid by the customer from now on.

    Raises:
        NotFoundError: the customer has no such method.
    """
    known = _known(account, method_id)
    if known.status is MethodStatus.REMOVED:
        return Change(account)
    why = "removed"
    return _change(account, now, replace(known, status=MethodStatus.REMOVED, autopay=False, why=why), why=why)


def set_autopay(account: Account, method_id: str, on: bool, now: datetime) -> Change:
    """Switch automatic payment on with a method, and off with every other one; or off.

    Raises:
        NotFoundError: the customer has no such method. RefusedError: it can no longer be debited.
    """
    known = _known(account, method_id)
    if on and not known.is_usable:
        raise RefusedError(
            "This payment method can no longer be used. Save it again, or choose another one.", code="method_unusable"
        )
    changed = [replace(known, autopay=on)] if known.autopay != on else []
    if on:
        others = (one for one in account.methods.values() if one.autopay and one.method_id != method_id)
        changed = [*(replace(one, autopay=False) for one in others), *changed]
    return _change(account, now, *changed)


def autopay_method(account: Account) -> PaymentMethod | None:
    """The method that invoices are debited from when they fall due, if the customer switched that on."""
    return next((one for one in account.methods.values() if one.autopay and one.is_usable), None)


def _known(account: Account, method_id: str) -> PaymentMethod:
    known = account.methods.get(method_id)
    if known is None:
        raise NotFoundError("There is no such payment method.", code="no_method")
    return known


def _change(account: Account, now: datetime, *methods: PaymentMethod, why: str = "") -> Change:
    events = tuple(_told(account.customer.customer_id, one, now, why) for one in methods)
    return Change(account, methods={one.method_id: one for one in methods}, events=events)


def _told(customer_id: str, method: PaymentMethod, now: datetime, why: str) -> Event:
    name = PAYMENT_METHOD_SAVED if method.is_usable else PAYMENT_METHOD_ENDED
    switch = "on" if method.autopay else "off"
    return Event(
        event_id=stable_id("evt", name, customer_id, method.method_id, switch, now.isoformat()),
        name=name,
        customer_id=customer_id,
        occurred_at=now,
        data={"method_id": method.method_id, "kind": method.kind.value, "autopay": method.autopay, "why": why},
    )
