"""What announcements are looked at with: an account that nobody has, to which each kind has happened."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from dunwell.accounts.contact_points import contact_points
from dunwell.accounts.model import Customer
from dunwell.events import Scalar
from dunwell.ledger.agreements import (
    AgreedDebt,
    AgreedInstalment,
    Agreement,
    AgreementKind,
    AgreementStatus,
    AgreementStep,
    Authorisation,
)
from dunwell.ledger.debits import AttemptStatus, DebitAttempt, MethodKind, MethodStatus, PaymentMethod
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account, Invoice
from dunwell.money import format_money
from dunwell.outreach.announced import Announced
from dunwell.outreach.announcements import NO_CURRENCY, REPLACED_AT, Announcement
from dunwell.outreach.promised import schedule_of

_WORDS = (
    "I agree to pay {amount} in {parts} payments, and I authorise Example Supplies Ltd to debit each of them from "
    "{method} on its day. I can take this back at any time."
)
_METHOD = "Visa •••• 4242"
_FORMER = "former@example.com"
_PARTS = 3
_PURPOSE = "autopay#sample"
_MONTH = timedelta(days=30)
_STATUS = {
    Announced.AGREEMENT_PROPOSED: AgreementStatus.PROPOSED,
    Announced.AGREEMENT_BROKEN: AgreementStatus.BROKEN,
    Announced.AGREEMENT_COMPLETED: AgreementStatus.COMPLETED,
    Announced.AGREEMENT_ENDED: AgreementStatus.CANCELLED,
}
_OF_AGREEMENTS = frozenset(
    {
        Announced.AGREEMENT_COPY,
        Announced.AGREEMENT_CHANGED,
        Announced.INSTALMENT_DUE,
        Announced.INSTALMENT_MISSED,
        *_STATUS,
    }
)


def announced_sample(
    kind: Announced, customer: Customer, invoices: list[Invoice], today: date
) -> tuple[Account, Announcement]:
    """An account with the invoices, and what is announced of it on a day."""
    if kind in _OF_AGREEMENTS:
        return _agreed(kind, customer, invoices, today)
    if kind in (Announced.RECEIPT, Announced.REFUND):
        return _received(kind, customer, invoices, today)
    if kind is Announced.VALIDATION_NOTICE:
        return _debts(customer, invoices, today)
    if kind is Announced.ADDRESS_CHANGED:
        at = _at(today)
        moved = replace(customer, contact_points=contact_points(email=_FORMER)).with_address(customer.email, at)
        about: dict[str, Scalar] = {REPLACED_AT: at.isoformat()}
        return Account(moved, 1, {one.invoice_id: one for one in invoices}), Announcement(
            kind, "sample", NO_CURRENCY, (), about
        )
    method, known = _method(kind, today), {one.invoice_id: one for one in invoices}
    if kind not in (Announced.PAYMENT_FAILED, Announced.DEBIT_COMING):
        about = {"method_id": method.method_id, "autopay": method.autopay}
        account = Account(customer, 1, known, methods={method.method_id: method})
        return account, Announcement(kind, method.method_id, NO_CURRENCY, (), about)
    is_ahead = kind is Announced.DEBIT_COMING
    debit = (_planned_debit if is_ahead else _failed_debit)(invoices[0], method, today)
    account = Account(customer, 1, known, methods={method.method_id: method}, attempts={debit.attempt_id: debit})
    about = {"attempt_id": debit.attempt_id, "amount_minor": debit.amount_minor}
    if is_ahead:
        about["on"] = debit.next_on.isoformat() if debit.next_on else ""
    else:
        about |= {"code": debit.code, "outcome": "retry"}
    return account, Announcement(kind, debit.attempt_id, debit.currency, (invoices[0].invoice_id,), about)


def _failed_debit(invoice: Invoice, method: PaymentMethod, today: date) -> DebitAttempt:
    first = replace(_planned_debit(invoice, method, today), attempt_id=f"{_PURPOSE}#1", status=AttemptStatus.FAILED)
    return replace(first, code="insufficient_funds", next_on=today + timedelta(days=4))


def _planned_debit(invoice: Invoice, method: PaymentMethod, today: date) -> DebitAttempt:
    return DebitAttempt(
        f"{_PURPOSE}#0",
        _PURPOSE,
        method.method_id,
        invoice.currency,
        invoice.amount_minor,
        ((invoice.invoice_id, invoice.amount_minor),),
        _at(today),
        AttemptStatus.ANNOUNCED,
        next_on=today + timedelta(days=14),
    )


def _debts(customer: Customer, invoices: list[Invoice], today: date) -> tuple[Account, Announcement]:
    """Invoices on the first of which some interest was charged and some was paid."""
    first = invoices[0]
    whole = (Direction(first.invoice_id, first.amount_minor),)
    fourth, some = first.amount_minor // 4, first.amount_minor // 100
    entries = [
        Entry("int_sample", EntryKind.INTEREST, first.currency, some, today, directed_to=whole),
        Entry("pay_sample", EntryKind.PAYMENT, first.currency, fourth, today, _at(today), directed_to=whole),
    ]
    known = {one.invoice_id: one for one in invoices}
    account = Account(customer, 1, known, {one.entry_id: one for one in entries})
    return account, Announcement(Announced.VALIDATION_NOTICE, "sample", first.currency, tuple(known))


def _agreed(kind: Announced, customer: Customer, invoices: list[Invoice], today: date) -> tuple[Account, Announcement]:
    method = _method(kind, today)
    # What is missed was due two days ago; everything else is ahead.
    first_on = today - timedelta(days=2) if kind is Announced.INSTALMENT_MISSED else today + timedelta(days=12)
    agreement = _plan(kind, invoices, first_on, today)
    paid = _payments(invoices, today) if kind is Announced.AGREEMENT_COMPLETED else {}
    account = Account(
        customer,
        1,
        {one.invoice_id: one for one in invoices},
        paid,
        agreements={agreement.agreement_id: agreement},
        methods={method.method_id: method},
    )
    about: dict[str, Scalar] = {"agreement_id": agreement.agreement_id, "approval": ""}
    if kind in (Announced.INSTALMENT_DUE, Announced.INSTALMENT_MISSED):
        about |= {"instalment": 1, "is_debited": True}
    if kind is Announced.AGREEMENT_CHANGED:
        earlier = tuple(replace(one, due_on=one.due_on - timedelta(days=5)) for one in agreement.instalments)
        about |= {"was": schedule_of(replace(agreement, instalments=earlier)), "schedule": schedule_of(agreement)}
    return account, Announcement(kind, agreement.agreement_id, agreement.currency, agreement.invoice_ids, about)


def _plan(kind: Announced, invoices: list[Invoice], first_on: date, today: date) -> Agreement:
    total, status = sum(one.amount_minor for one in invoices), _STATUS.get(kind, AgreementStatus.ACTIVE)
    each = total // _PARTS
    amounts = [total - each * (_PARTS - 1), *[each] * (_PARTS - 1)]
    made_at = _at(min(today, first_on) - timedelta(days=10))
    evidence = Authorisation(
        _WORDS.format(amount=format_money(total, invoices[0].currency), parts=_PARTS, method=_METHOD),
        made_at,
        "portal",
        "customer",
        "",
        "pmt_sample",
    )
    proposed = status is AgreementStatus.PROPOSED
    return Agreement(
        agreement_id="agr_sample",
        kind=AgreementKind.PLAN,
        currency=invoices[0].currency,
        debts=tuple(AgreedDebt(one.invoice_id, one.number, one.amount_minor) for one in invoices),
        instalments=tuple(
            AgreedInstalment(number, first_on + (number - 1) * _MONTH, amount_minor)
            for number, amount_minor in enumerate(amounts, 1)
        ),
        status=status,
        made_at=made_at,
        made_by="customer",
        expires_on=today + timedelta(days=14) if proposed else None,
        grace_days=5,
        authorisation=None if proposed else evidence,
        steps=(AgreementStep(AgreementStatus.AUTHORISED, made_at, "customer"),) if not proposed else (),
    )


def _received(
    kind: Announced, customer: Customer, invoices: list[Invoice], today: date
) -> tuple[Account, Announcement]:
    first = invoices[0]
    entries = _payments([first], today)
    (payment,) = entries.values()
    about: dict[str, Scalar] = {"payment_id": payment.entry_id}
    if kind is Announced.REFUND:
        undone = Entry(
            "rev_sample", EntryKind.REVERSAL, first.currency, first.amount_minor, today, _at(today), of=payment.entry_id
        )
        entries[undone.entry_id] = replace(undone, reason="refund")
        about = {"entry_id": undone.entry_id}
    account = Account(customer, 1, {one.invoice_id: one for one in invoices}, entries)
    return account, Announcement(kind, payment.entry_id, first.currency, (first.invoice_id,), about)


def _payments(invoices: list[Invoice], today: date) -> dict[str, Entry]:
    paid = (
        Entry(
            f"pay_sample{number}",
            EntryKind.PAYMENT,
            one.currency,
            one.amount_minor,
            today,
            _at(today),
            "stripe",
            "pi_sample",
            (Direction(one.invoice_id, one.amount_minor),),
        )
        for number, one in enumerate(invoices, 1)
    )
    return {one.entry_id: one for one in paid}


def _method(kind: Announced, today: date) -> PaymentMethod:
    ended = kind is Announced.PAYMENT_METHOD_ENDED
    return PaymentMethod(
        "pmt_sample",
        "pm_sample",
        "cus_sample",
        MethodKind.CARD,
        _METHOD,
        MethodStatus.UNUSABLE if ended else MethodStatus.ACTIVE,
        _at(today),
        f"I authorise Example Supplies Ltd to debit my invoices from {_METHOD} on the day when they are due.",
        autopay=not ended,
    )


def _at(day: date) -> datetime:
    return datetime.combine(day, time(15), UTC)
