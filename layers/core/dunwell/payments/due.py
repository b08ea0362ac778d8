"""What is to be debited from saved methods now: instalments as authorised, and invoices on automatic payment.

Every debit rests on a stored authorisation (REGE-AUTH), is never more than was authorised or announced in time
(REGE-VARY, NACHA), and is started at most once for a try: the try is an entry of the account before anybody asks the
gateway.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from dunwell.accounts.model import CustomerKind
from dunwell.ledger.agreements import AgreedInstalment, Agreement, AgreementKind
from dunwell.ledger.coming import coming
from dunwell.ledger.debits import AttemptStatus, DebitAttempt, MethodKind, PaymentMethod
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.payments.methods import autopay_method
from dunwell.payments.payable import uncovered
from dunwell.payments.retries import BANK_DAYS, BANK_TRIES, CARD_DAYS, CARD_TRIES
from dunwell.payments.stops import Hours, stop_of

Unpaid = Callable[[Account, Agreement, date], Mapping[int, int]]
"""What is left to pay of each instalment of an agreement, by its number (minor units)."""

AMOUNT_NOTICE_DAYS, DATE_NOTICE_DAYS = 10, 7
AUTOPAY = "autopay"
_UNDER_WAY = frozenset({AttemptStatus.STARTED, AttemptStatus.PROCESSING})
_FINAL = frozenset({"NACHA", "CARD-RETRY"})
"""Rules that forbid another try for good; under the others a debit waits."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A debit that is due and not made now: what for, and the rule."""

    purpose: str
    rule: str


@dataclass(slots=True)
class Due:
    """What a look at an account finds.

    Attributes:
        attempts: tries to start, and earlier ones that they take the place of, by id.
    """

    attempts: dict[str, DebitAttempt] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def started(self) -> list[DebitAttempt]:
        """The tries to start."""
        return [one for one in self.attempts.values() if one.status is AttemptStatus.STARTED]

    @property
    def waiting(self) -> set[str]:
        """What is due and not debited now, but may be later."""
        return {one.purpose for one in self.refusals if one.rule not in _FINAL}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A debt to be debited for: what for, from which method, how much at most, of which invoices."""

    purpose: str
    method: PaymentMethod
    currency: str
    amount_minor: int
    items: Sequence[OpenInvoice]


def due_debits(account: Account, unpaid: Unpaid, hours: Hours, now: datetime) -> Due:
    """The tries to start now; what is due outside the creditor's hours waits for them.

    Args:
        now: in the creditor's time zone.
    """
    found = Due()
    for wanted in (*_instalments(account, unpaid, now, found), *_invoices(account, now, found)):
        _consider(account, wanted, hours, now, found)
    _leave_no_dead_retries(account, found, hours, now)
    return found


def _instalments(account: Account, unpaid: Unpaid, now: datetime, found: Due) -> Iterator[_Wanted]:
    for agreement in account.agreements.values():
        if not agreement.is_standing or agreement.kind is AgreementKind.PROMISE:
            continue
        evidence = agreement.authorisation
        method = account.methods.get(evidence.method_id) if evidence else None
        left = dict(unpaid(account, agreement, now.date()))
        due = [one for one in agreement.instalments if one.due_on <= now.date() and left.get(one.number, 0) > 0]
        if not due:
            continue
        if evidence is None or not evidence.words.strip():
            found.refusals.append(Refusal(agreement.agreement_id, "REGE-AUTH"))
        elif method is not None and method.is_usable:
            debts = set(agreement.invoice_ids)
            items = [item for item in account.open_invoices if item.invoice.invoice_id in debts]
            wanting = uncovered(account, agreement, {one.number: left[one.number] for one in due})
            for one in due:
                amount_minor = min(wanting[one.number], one.amount_minor)
                purpose = f"{agreement.agreement_id}#{one.number}"
                if told_late(account, agreement, one, now.date()):
                    found.refusals.append(Refusal(purpose, "REGE-VARY"))
                elif amount_minor:
                    yield _Wanted(purpose, method, agreement.currency, amount_minor, items)


def told_late(account: Account, agreement: Agreement, part: AgreedInstalment, as_of: date) -> bool:
    """Whether an instalment differs from what the agreement before it said, and the notice of that is too young.

    A changed amount is told ten days before its debit, a changed day seven (REGE-VARY, NACHA).
    """
    old, evidence = account.agreements.get(agreement.replaces), agreement.authorisation
    if old is None or old.authorisation is None or not old.authorisation.method_id or evidence is None:
        return False
    if any((one.due_on, one.amount_minor) == (part.due_on, part.amount_minor) for one in old.instalments):
        return False
    same_amount = any(one.amount_minor == part.amount_minor for one in old.instalments)
    days = DATE_NOTICE_DAYS if same_amount else AMOUNT_NOTICE_DAYS
    return as_of < evidence.at.date() + timedelta(days=days)


def _invoices(account: Account, now: datetime, found: Due) -> Iterator[_Wanted]:
    method = autopay_method(account)
    if method is None:
        return
    earlier: Account | None = None
    on_its_way = coming(account)
    for item in account.open_invoices:
        invoice_id = item.invoice.invoice_id
        if not item.is_collectable or item.due_on > now.date() or account.agreement_on(invoice_id):
            continue
        purpose = f"{AUTOPAY}#{invoice_id}#{item.due_on.isoformat()}"
        due_minor = sum(part.amount_minor for part in item.schedule if part.due_on <= now.date())
        amount_minor = min(due_minor, item.collectable_minor) - on_its_way[invoice_id]
        if account.customer.kind is CustomerKind.PERSON:
            earlier = earlier or account.at(now.date() - timedelta(days=AMOUNT_NOTICE_DAYS))
            amount_minor = min(amount_minor, earlier.open_minor(invoice_id) if invoice_id in earlier.invoices else 0)
        if not method.words.strip():
            found.refusals.append(Refusal(purpose, "REGE-AUTH"))
        elif amount_minor > 0:
            yield _Wanted(purpose, method, item.invoice.currency, amount_minor, [item])
        elif not on_its_way[invoice_id]:
            found.refusals.append(Refusal(purpose, "REGE-VARY"))


def _consider(account: Account, wanted: _Wanted, hours: Hours, now: datetime, found: Due) -> None:
    """Start a try for a debt, unless one is under way, it is not its day, a rule forbids it, or it was tried enough."""
    tries = sorted(
        (one for one in account.attempts.values() if one.purpose == wanted.purpose), key=lambda one: one.started_at
    )
    if any(one.status is not AttemptStatus.FAILED for one in tries):
        return  # under way, or debited once for this already: what was given back is not taken again
    mine = [one for one in tries if one.method_id == wanted.method.method_id]
    last = mine[-1] if mine else None
    if last and (last.next_on is None or last.next_on > now.date()):
        return
    if not hours.are_on(now):
        found.refusals.append(Refusal(wanted.purpose, "HOURS"))
        return
    lines = _lines(wanted, _reserved({**account.attempts, **found.attempts}))
    invoice_ids = [invoice_id for invoice_id, _ in lines]
    rule = stop_of(account.customer, invoice_ids, now) or _worn_out(wanted, mine, lines, now)
    if rule or not lines:
        found.refusals.append(Refusal(wanted.purpose, rule or "HOLD-DISPUTE"))
        return
    for one in tries:
        if one.next_on:
            found.attempts[one.attempt_id] = replace(one, next_on=None)
    made = _started(wanted, len(tries) + 1, lines, now)
    found.attempts[made.attempt_id] = made


def _worn_out(wanted: _Wanted, mine: Sequence[DebitAttempt], lines: Sequence[tuple[str, int]], now: datetime) -> str:
    """The rule that forbids one more try: too many, too late, or for a bank account of another amount."""
    if not mine:
        return ""
    first = mine[0]
    is_bank = wanted.method.kind is MethodKind.BANK_DEBIT
    most, days = (BANK_TRIES, BANK_DAYS) if is_bank else (CARD_TRIES, CARD_DAYS)
    late = now.date() >= first.started_at.astimezone(now.tzinfo).date() + timedelta(days=days)
    other = is_bank and sum(amount for _, amount in lines) != first.amount_minor
    if len(mine) >= most or late or other:
        return "NACHA" if is_bank else "CARD-RETRY"
    return ""


def _reserved(attempts: Mapping[str, DebitAttempt]) -> Counter[str]:
    """What tries under way take of each invoice (minor units)."""
    found: Counter[str] = Counter()
    for one in attempts.values():
        if one.status in _UNDER_WAY:
            found.update(dict(one.lines))
    return found


def _lines(wanted: _Wanted, reserved: Counter[str]) -> tuple[tuple[str, int], ...]:
    """The amount over what may be asked for of its invoices, the oldest first: never what is disputed."""
    lines, left = [], wanted.amount_minor
    for item in wanted.items:
        taken = min(left, item.collectable_minor - reserved[item.invoice.invoice_id])
        left -= max(0, taken)
        if taken > 0:
            lines.append((item.invoice.invoice_id, taken))
    return tuple(lines)


def _started(wanted: _Wanted, number: int, lines: tuple[tuple[str, int], ...], now: datetime) -> DebitAttempt:
    return DebitAttempt(
        attempt_id=f"{wanted.purpose}#{number}",
        purpose=wanted.purpose,
        method_id=wanted.method.method_id,
        currency=wanted.currency,
        amount_minor=sum(amount_minor for _, amount_minor in lines),
        lines=lines,
        started_at=now,
        status=AttemptStatus.STARTED,
        next_on=now.date(),
    )


def _leave_no_dead_retries(account: Account, found: Due, hours: Hours, now: datetime) -> None:
    """A failed try whose day has come and that is not tried again now: tomorrow if it waits, else never."""
    waiting = found.waiting
    for one in account.attempts.values():
        due = one.status is AttemptStatus.FAILED and one.next_on is not None and one.next_on <= now.date()
        if due and one.attempt_id not in found.attempts:
            again_on = hours.open_again_on(now) if one.purpose in waiting else None
            found.attempts[one.attempt_id] = replace(one, next_on=again_on)
