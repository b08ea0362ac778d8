"""What is to be debited from saved methods now: instalments as authorised, and invoices on automatic payment.

Every debit rests on a stored authorisation (REGE-AUTH), is never more than was authorised or announced in time
(REGE-VARY, NACHA), and is started at most once for a try: the try is an entry of the account before anybody asks the
gateway. What could not be debited with the first try, because it was disputed or on its way, is debited by a later one.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from dunwell.hold_kinds import RULE_OF, Activity
from dunwell.ledger.agreements import AgreedInstalment, Agreement, AgreementKind
from dunwell.ledger.automatic import NOTICE_DAYS, AutomaticDebit, automatic_debits
from dunwell.ledger.debits import AttemptStatus, DebitAttempt, MethodKind, PaymentMethod
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.ledger.tries import NONE, Tries, tries_of
from dunwell.payments.payable import uncovered
from dunwell.payments.retries import BANK_DAYS, BANK_TRIES, CARD_DAYS, CARD_TRIES
from dunwell.payments.stops import Hours, stop_of

Unpaid = Callable[[Account, Agreement, date], Mapping[int, int]]
"""What is left to pay of each instalment of an agreement, by its number (minor units)."""

AMOUNT_NOTICE_DAYS, DATE_NOTICE_DAYS = 10, 7
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
        attempts: tries to start, earlier ones that they take the place of, and debits to announce, by id.
    """

    attempts: dict[str, DebitAttempt] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def started(self) -> list[DebitAttempt]:
        """The tries to start."""
        return [one for one in self.attempts.values() if one.status is AttemptStatus.STARTED]

    @property
    def announced(self) -> list[DebitAttempt]:
        """The automatic debits to tell the customer of."""
        return [one for one in self.attempts.values() if one.status is AttemptStatus.ANNOUNCED]

    @property
    def waiting(self) -> set[str]:
        """What is due and not debited now, but may be later."""
        return {one.purpose for one in self.refusals if one.rule not in _FINAL}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A debt to be debited for: what for, from which method, how much at most, of which invoices, tried how."""

    purpose: str
    method: PaymentMethod
    currency: str
    amount_minor: int
    items: Sequence[OpenInvoice]
    tries: Tries


def due_debits(account: Account, unpaid: Unpaid, hours: Hours, now: datetime) -> Due:
    """The tries to start now; what is due outside the creditor's hours waits for them.

    Args:
        now: in the creditor's time zone.
    """
    found = Due()
    for wanted in (*_instalments(account, unpaid, now, found), *_invoices(account, hours, now, found)):
        _consider(account, wanted, hours, now, found)
    _leave_no_dead_retries(account, found, hours, now)
    return found


def _instalments(account: Account, unpaid: Unpaid, now: datetime, found: Due) -> Iterator[_Wanted]:
    tries = tries_of(account)
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
                purpose = f"{agreement.agreement_id}#{one.number}"
                mine = tries.get(purpose, NONE)
                amount_minor = authorised_minor(account, one, mine, wanting[one.number])
                if now.date() < debited_from(account, agreement, one):
                    found.refusals.append(Refusal(purpose, "REGE-VARY"))
                elif amount_minor:
                    yield _Wanted(purpose, method, agreement.currency, amount_minor, items, mine)
                elif authorised_minor(account, one, mine, left[one.number]) and mine.may_go_on(method.method_id):
                    found.refusals.append(Refusal(purpose, "COMING"))


def authorised_minor(account: Account, part: AgreedInstalment, tries: Tries, left_minor: int) -> int:
    """What of an instalment may still be debited (minor units).

    Not more than is left of it, nor than was authorised for it; what was debited and given back is not taken again.
    """
    given_back = tries.given_back_minor(account)
    return max(0, min(left_minor - given_back, part.amount_minor - tries.taken_minor))


def debited_from(account: Account, agreement: Agreement, part: AgreedInstalment) -> date:
    """The first day on which an instalment may be debited: its own, and not before a change of it was told in time.

    A changed amount is told ten days before its debit, a changed day seven (REGE-VARY, NACHA). Who authorised the
    changed amounts and days anew needs no notice of them: only what goes on under the words of the agreement before.
    """
    old, evidence = account.agreements.get(agreement.replaces), agreement.authorisation
    if old is None or old.authorisation is None or not old.authorisation.method_id or evidence is None:
        return part.due_on
    if (evidence.words, evidence.at) != (old.authorisation.words, old.authorisation.at):
        return part.due_on
    if any((one.due_on, one.amount_minor) == (part.due_on, part.amount_minor) for one in old.instalments):
        return part.due_on
    same_amount = any(one.amount_minor == part.amount_minor for one in old.instalments)
    days = DATE_NOTICE_DAYS if same_amount else AMOUNT_NOTICE_DAYS
    return max(part.due_on, agreement.made_at.date() + timedelta(days=days))


def _invoices(account: Account, hours: Hours, now: datetime, found: Due) -> Iterator[_Wanted]:
    """Invoices whose announced day has come; and those to be announced now."""
    for one in automatic_debits(account):
        look_on = one.look_on
        if look_on is None or look_on > now.date():
            continue
        if not one.method.words.strip():
            found.refusals.append(Refusal(one.purpose, "REGE-AUTH"))
        elif one.told_for(now.date()) is None:
            _announce(account, one, hours, now, found)
        else:
            amount_minor = min(one.told_minor, one.wanted_minor(now.date()))
            currency = one.item.invoice.currency
            yield _Wanted(one.purpose, one.method, currency, amount_minor, [one.item], one.tries)


def _announce(account: Account, one: AutomaticDebit, hours: Hours, now: datetime, found: Due) -> None:
    """Plan an automatic debit: it is told to the customer today, and made after the days of its notice."""
    rule = stop_of(account.customer, [one.item.invoice.invoice_id], now) or _untold(account, one, now)
    if rule or not hours.are_on(now):
        found.refusals.append(Refusal(one.purpose, rule or "HOURS"))
        return
    on = hours.works_on(max(one.item.due_on, now.date() + timedelta(days=NOTICE_DAYS)))
    amount_minor = one.wanted_minor(on)
    planned = DebitAttempt(
        attempt_id=f"{one.purpose}#0",
        purpose=one.purpose,
        method_id=one.method.method_id,
        currency=one.item.invoice.currency,
        amount_minor=amount_minor,
        lines=((one.item.invoice.invoice_id, amount_minor),),
        started_at=now,
        status=AttemptStatus.ANNOUNCED,
        next_on=on,
    )
    found.attempts[planned.attempt_id] = planned


def _untold(account: Account, one: AutomaticDebit, now: datetime) -> str:
    """The rule that forbids to tell of a debit; who may not be told is not debited."""
    invoice_id, holds = one.item.invoice.invoice_id, account.customer.holds_in_force(now)
    silencing = (hold for hold in holds if hold.covers(invoice_id) and hold.pauses(Activity.LETTER))
    return min((RULE_OF[hold.kind] for hold in silencing), default="")


def _consider(account: Account, wanted: _Wanted, hours: Hours, now: datetime, found: Due) -> None:
    """Start a try for a debt, unless one is under way, it is not its day, a rule forbids it, or it was tried enough."""
    tries, method_id = wanted.tries, wanted.method.method_id
    mine = tries.since_success(method_id)
    last = mine[-1] if mine else None
    if not tries.may_go_on(method_id) or (last and last.next_on and last.next_on > now.date()):
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
    for one in tries.made:
        if one.next_on:
            found.attempts[one.attempt_id] = replace(one, next_on=None)
    made = _started(wanted, len(tries.made) + 1, lines, now)
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
