"""Moving every agreement of an account to where the money says it is. Asked again, nothing changes.

What is found depends on the facts and the day, not on when somebody looked before: a day on which nobody looked only
makes events late.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta

from dunwell.arrangements.policy import ArrangementPolicy, PlanPolicy
from dunwell.arrangements.progress import PartProgress, PartState, Progress, counts_for, is_paid, progress
from dunwell.ledger.agreements import AgreedInstalment, Agreement, AgreementStatus
from dunwell.ledger.change import Change
from dunwell.ledger.entry import EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import charge
from dunwell.ledger.steps import SYSTEM, ended, instalment_due, instalment_missed, moved, stepped

_DAY = timedelta(days=1)
_EXCUSED_LOOK_DAYS = 7
"""So often somebody looks at what a hold or a dispute keeps from being due: nobody knows when it ends."""
_DEFAULTS = PlanPolicy({})


def evaluate(account: Account, policy: ArrangementPolicy, as_of: date, now: datetime) -> Change:
    """Everything that is due to happen to the account's agreements by a day, in one change.

    Proposals lapse; agreements become active with their first money, completed, or broken with their consequences;
    interest of plans is posted on its days; instalments are announced, told as missed and as cured; ``next_on`` is set.

    Args:
        as_of: the business date. now: the instant, with a time zone: when the steps and events say it happened.

    Raises:
        InvalidInputError: the policy names a calendar that does not exist.
    """
    change = Change(account)
    if account.customer.merged_into:
        return change
    for agreement in sorted(account.agreements.values(), key=_turn):
        here = account if change.is_empty else change.applied()
        change = change.then(_evaluated(here, agreement, policy, as_of, now))
    return change


def _turn(agreement: Agreement) -> tuple[bool, datetime, str]:
    """What stands comes first: what comes to life again has to see whether its debts are free."""
    return agreement.status is AgreementStatus.COMPLETED, agreement.made_at, agreement.agreement_id


def calendar_of(policy: ArrangementPolicy) -> str:
    """The banking calendar that days of agreements go by."""
    return (policy.plans or _DEFAULTS).calendar


def next_look(agreement: Agreement, kept: Progress, reminder_days: int, as_of: date) -> date | None:
    """The next day after a date on which something may have to happen to a standing agreement."""
    days = [as_of + timedelta(days=_EXCUSED_LOOK_DAYS)] if kept.excused else []
    for part in kept.parts:
        if part.state is PartState.PAID:
            continue
        due_on = part.agreed.due_on
        days += [due_on - timedelta(days=reminder_days), due_on, due_on + _DAY]
        days += [part.last_on + _DAY] if part.last_on else []
        days += [as_of + _DAY] if part.awaits_debit else []
    days += [one.due_on for one in agreement.instalments if one.charges_minor]
    return min((day for day in days if day > as_of), default=None)


def reminder_days(policy: ArrangementPolicy) -> int:
    """How many days before its day an instalment is announced."""
    return (policy.plans or _DEFAULTS).reminder_days


def _evaluated(account: Account, agreement: Agreement, policy: ArrangementPolicy, as_of: date, now: datetime) -> Change:
    if agreement.status is AgreementStatus.PROPOSED:
        return _lapsed(account, agreement, as_of, now)
    if not agreement.is_standing and not _may_be_undone(account, agreement):
        return Change(account)
    charged = _charged(account, agreement, policy, as_of, now) if agreement.is_standing else Change(account)
    after = charged.applied() if charged.entries else account
    kept = progress(after, agreement, calendar_of(policy), as_of)
    return charged.then(_moved_on(after, agreement, kept, policy, as_of, now))


def _lapsed(account: Account, agreement: Agreement, as_of: date, now: datetime) -> Change:
    if agreement.expires_on is None or as_of <= agreement.expires_on:
        return Change(account)
    return moved(account, agreement, AgreementStatus.LAPSED, now, SYSTEM, "lapsed", next_on=None)


def _may_be_undone(account: Account, agreement: Agreement) -> bool:
    """Whether money that fulfilled it went elsewhere; most completed agreements need no walk through their days."""
    if agreement.status is not AgreementStatus.COMPLETED:
        return False
    undone = (account.entries.get(one.of) for one in account.entries.values() if one.kind is EntryKind.REVERSAL)
    return any(one and counts_for(agreement, one) for one in undone) or not is_paid(account, agreement)


def _charged(account: Account, agreement: Agreement, policy: ArrangementPolicy, as_of: date, now: datetime) -> Change:
    """The interest of instalments whose day has come, one after the other, as long as the agreement went on."""
    change = Change(account)
    for part, amount_minor in interest_due(account, agreement, as_of):
        here = change.applied() if change.entries else account
        kept = progress(here, agreement, calendar_of(policy), as_of)
        ended_on = kept.broken_on or (kept.completed_on + _DAY if kept.completed_on else None)
        if ended_on and ended_on <= part.due_on:
            break
        on_invoice = next((i for i in reversed(agreement.invoice_ids) if i not in account.moved), None)
        if on_invoice:
            change = change.then(
                charge(
                    here,
                    EntryKind.INTEREST,
                    on_invoice,
                    amount_minor,
                    key=_interest_key(agreement, part),
                    on=part.due_on,
                    at=now,
                    reason="plan_interest",
                )
            )
    return change


def interest_due(account: Account, agreement: Agreement, as_of: date) -> list[tuple[AgreedInstalment, int]]:
    """The interest of instalments whose day has come, that is not posted yet (minor units), oldest first.

    What was charged at the start is within the first instalment and not charged again.
    """
    known = {entry.reference for entry in account.entries.values() if entry.kind is EntryKind.INTEREST}
    fees = (entry for entry in account.entries.values() if entry.kind is EntryKind.FEE)
    at_start = sum(entry.amount_minor for entry in fees if entry.reference == fee_key(agreement))
    found = [
        (part, part.charges_minor - (at_start if part.number == 1 else 0))
        for part in agreement.instalments
        if part.due_on <= as_of and _interest_key(agreement, part) not in known
    ]
    return [(part, amount_minor) for part, amount_minor in found if amount_minor > 0]


def _interest_key(agreement: Agreement, part: AgreedInstalment) -> str:
    return f"{agreement.agreement_id}#{part.number}"


def fee_key(agreement: Agreement) -> str:
    """The business key of an agreement's setup fee."""
    return f"{agreement.agreement_id}#setup"


def _moved_on(
    account: Account, agreement: Agreement, kept: Progress, policy: ArrangementPolicy, as_of: date, now: datetime
) -> Change:
    was_completed = agreement.status is AgreementStatus.COMPLETED
    if kept.status is AgreementStatus.COMPLETED:
        if was_completed:
            return Change(account)
        return moved(account, agreement, AgreementStatus.COMPLETED, now, SYSTEM, "paid", next_on=None)
    if kept.status is AgreementStatus.BROKEN or (was_completed and _is_taken(account, agreement)):
        return ended(account, agreement, AgreementStatus.BROKEN, now, SYSTEM, _why_broken(agreement, kept))
    after = agreement
    if was_completed:
        after = stepped(agreement, AgreementStatus.ACTIVE, now, SYSTEM, "payment_reversed")
    elif kept.status is AgreementStatus.ACTIVE and agreement.status is AgreementStatus.AUTHORISED:
        after = stepped(agreement, AgreementStatus.ACTIVE, now, SYSTEM, "first_money")
    return _with_instalments(account, agreement, after, kept, reminder_days(policy), as_of, now)


def _is_taken(account: Account, agreement: Agreement) -> bool:
    """Whether another agreement stands on one of its debts."""
    standing = (account.agreement_on(invoice_id) for invoice_id in agreement.invoice_ids)
    return any(one and one.agreement_id != agreement.agreement_id for one in standing)


def _why_broken(agreement: Agreement, kept: Progress) -> str:
    if agreement.status is AgreementStatus.COMPLETED:
        return "payment_reversed"
    return "partial" if kept.paid_minor else "nothing_paid"


def _with_instalments(
    account: Account, before: Agreement, after: Agreement, kept: Progress, remind: int, as_of: date, now: datetime
) -> Change:
    """Tell what is due soon, missed and cured; and when to look again."""
    events = [
        instalment_due(account, after, part.agreed, part.left_minor, now)
        for part in kept.parts
        if _is_announced(before, part, remind, as_of) and not kept.excused
    ]
    known, missed = missed_numbers(before), {part.agreed.number for part in kept.missed}
    for number in sorted(known - missed):
        after = stepped(after, after.status, now, SYSTEM, f"cured_{number}")
    for part in kept.missed:
        if part.agreed.number not in known:
            after = stepped(after, after.status, now, SYSTEM, f"missed_{part.agreed.number}")
            events.append(instalment_missed(account, after, part.agreed, part.left_minor, now))
    after = replace(after, next_on=next_look(after, kept, remind, as_of))
    if after == before and not events:
        return Change(account)
    return Change(account, agreements={after.agreement_id: after}, events=tuple(events))


def _is_announced(agreement: Agreement, part: PartProgress, remind: int, as_of: date) -> bool:
    """Whether a reminder of an instalment is due that was not given: who looked before set ``next_on`` beyond it."""
    if part.state is PartState.PAID or agreement.next_on is None:
        return False
    remind_on = part.agreed.due_on - timedelta(days=remind)
    return agreement.next_on <= remind_on <= as_of <= part.agreed.due_on


def missed_numbers(agreement: Agreement) -> set[int]:
    """The instalments that were told as missed and not as cured since."""
    found: set[int] = set()
    for step in agreement.steps:
        what, _, number = step.why.partition("_")
        if what == "missed" and number.isdigit():
            found.add(int(number))
        elif what == "cured" and number.isdigit():
            found.discard(int(number))
    return found
