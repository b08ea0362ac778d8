"""What the console's pages of a case, of a customer, of a bank line and of a task show."""

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dunwell.accounts.exposure import exposures
from dunwell.accounts.model import Channel
from dunwell.assist.customer_desk import CustomerDesk, settled_invoices, standing_charges
from dunwell.assist.worklist import WorklistLine, by_expected_value, overdue_invoices, worklist_line
from dunwell.dates import business_date, days_past_due
from dunwell.errors import InvalidInputError, NotFoundError
from dunwell.escalation.case import AgentOutcome, Case
from dunwell.escalation.escalation import Escalation
from dunwell.hold_kinds import HoldKind
from dunwell.ledger.adjusting import CreditReason, WriteOffReason
from dunwell.ledger.disputing import DisputeEnd, DisputeReason, endable_disputes
from dunwell.ledger.model import Account
from dunwell.outreach.blocked import addressee_of, open_channels
from dunwell.outreach.calls import best_hours, may_call
from dunwell.outreach.contact import CallOutcome, Contact
from dunwell.outreach.delivery import letters_out
from dunwell.outreach.dispatch import Message
from dunwell.outreach.policy import Policy
from dunwell.outreach.tasks import Task, TaskDesk, TaskKind
from dunwell.outreach.whereabouts import whereabouts
from dunwell.remittance.records import LineRecord
from dunwell.reporting.curve import curve, spans
from dunwell.scoring.assessment import Assessment, AssessmentStore
from dunwell.timezones import zone
from dunwell_aws.console.agreements import digest
from dunwell_aws.console.case_work import CALL_TIME, HOW, LATEST_NEXT_DAYS, NO_CALL, called_about
from dunwell_aws.console.forms import CUSTOMER_DONE, HOLDS_BY_HAND, NOTE_LENGTH, REFUSABLE
from dunwell_aws.web import Form

LETTERS_SHOWN = 10
if TYPE_CHECKING:
    from dunwell_aws.messages import Renderer

SETTLED_SHOWN = 100
_PAYMENTS_SHOWN = 10  # the statement has them all
_KEY_BYTES = 16
_THREADS = 8
_OF_A_CASE = ("outcome", "how", "called_at", "note", "next_on", "promised")
_CERTAIN = 1000
"""All of it, in thousandths."""


def agent_filters(zone_name: str) -> dict[str, Callable[..., str]]:
    """What the templates write instants in a zone, codes and shares with."""
    local = zone(zone_name)

    def moment(instant: datetime) -> str:
        there = instant.astimezone(local)
        return f"{there.day} {there:%b %Y, %H:%M}"

    def words(code: str) -> str:
        return code.replace("_", " ").capitalize()

    return {
        "moment": moment,
        "words": words,
        "percent": _percent,
        "chance": _chance,
        "points": _points,
        "digest": digest,
    }


def _percent(permille: int) -> str:
    return f"{permille // 10}.{permille % 10}%"


def _points(permille: int) -> str:
    """How far a reason moves a chance, whichever way."""
    points = max(1, round(abs(permille) / 10))
    return "1 point" if points == 1 else f"{points} points"


def _chance(permille: int) -> str:
    """A probability that a model gives: rounded as it is, none of them is certain or impossible."""
    if permille >= _CERTAIN:
        return f"over {_percent(_CERTAIN - 1)}"
    return _percent(permille) if permille > 0 else f"under {_percent(1)}"


def worklist_values(
    escalation: Escalation, assessments: AssessmentStore, today: date, zone_name: str, most: int
) -> dict[str, Any]:
    """The values of ``worklist.html``: of the cases that wait longest at most so many, those for today apart."""
    waiting = escalation.cases.waiting_cases()

    def line(case: Case) -> WorklistLine | None:
        account = escalation.ledger.load(case.customer_id)
        assessment = assessments.assessment(case.customer_id)
        return worklist_line(case, account, assessment, today, zone_name) if account else None

    with ThreadPoolExecutor(_THREADS) as pool:
        lines = by_expected_value(found for found in pool.map(line, waiting[:most]) if found)
    lists = [[one for one in lines if one.is_due], [one for one in lines if not one.is_due]]
    return {"lists": lists, "left_out": max(len(waiting) - most, 0)}


def case_values(
    case: Case,
    account: Account,
    assessment: Assessment | None,
    contacts: Sequence[Contact],
    now: datetime,
    today: date,
    zone_name: str,
    form: Form | None = None,
) -> dict[str, Any]:
    """The values of ``case.html``; ``form``: what was filled in and refused."""
    return {
        "case": case,
        "account": account,
        "holds": account.customer.holds_in_force(now),
        "whereabouts": whereabouts(account.customer),
        "line": worklist_line(case, account, assessment, today, zone_name),
        "agreed": account.paused_invoices(today),
        **_assessment_values(account, assessment, today),
        "recoveries": [one for one in (assessment.recoveries if assessment else ()) if one.currency == case.currency],
        "oldest": next(iter(overdue_invoices(account, case.currency, today)), None),
        "payments": sorted(account.payments.values(), key=lambda payment: payment.on, reverse=True)[:_PAYMENTS_SHOWN],
        "payments_left_out": max(len(account.payments) - _PAYMENTS_SHOWN, 0),
        "contacts": contacts[::-1],
        "outcomes": list(AgentOutcome),
        "today": today,
        "latest": today + timedelta(days=LATEST_NEXT_DAYS),
        "note_length": NOTE_LENGTH,
        "given": {name: form.one(name) if form else "" for name in _OF_A_CASE},
    }


def call_values(
    case: Case, account: Account, contacts: Sequence[Contact], policy: Policy, now: datetime
) -> dict[str, Any]:
    """What ``case.html`` shows of calling: the number, whether and when it may be called, what can be told of it."""
    zone_name = policy.creditor.timezone
    about = called_about(account, case.currency, business_date(now, zone_name))
    is_asked = bool(about) and not case.is_closed
    return {
        "number": account.customer.address(Channel.CALL),
        "decision": may_call(account, contacts, about, policy, now) if is_asked else None,
        "hours": best_hours(account, contacts, about, policy, now) if is_asked else [],
        "hows": HOW,
        "no_call": NO_CALL,
        "local_now": now.astimezone(zone(zone_name)).strftime(CALL_TIME),
    }


def _assessment_values(account: Account, assessment: Assessment | None, today: date) -> dict[str, Any]:
    """The values of ``assessment.html``."""
    days = {i.invoice.invoice_id: days_past_due(i.due_on, today) for i in account.open_invoices}
    return {
        "assessment": assessment,
        "curve": curve([(one.as_of, one.risk_permille) for one in assessment.history]) if assessment else None,
        "recoveries": assessment.recoveries if assessment else (),
        "days": days,
        "spans": spans(
            {
                one.invoice_id: (one.earliest_on, one.expected_on, one.latest_on)
                for one in (assessment.invoices if assessment else ())
                if one.invoice_id in days and one.earliest_on and one.expected_on and one.latest_on
            },
            today,
        ),
    }


def cash_values(record: LineRecord, today: date, form: Form | None = None) -> dict[str, Any]:
    """The values of ``cash_item.html``; ``form``: what was filled in and refused."""
    return {
        "record": record,
        "days": (today - record.line.booked_on).days,
        "note_length": NOTE_LENGTH,
        "given": {name: form.one(name) if form else "" for name in ("customer", "invoices", "note")},
    }


def task_lines(desk: TaskDesk, most: int) -> list[tuple[Task, Account]]:
    """The tasks to be done, oldest first, each with its customer's account."""
    tasks = desk.tasks.open_tasks(most)
    with ThreadPoolExecutor(_THREADS) as pool:
        accounts = list(pool.map(lambda task: desk.ledger.load(task.customer_id), tasks))
    return [(task, account) for task, account in zip(tasks, accounts, strict=True) if account]


def task_values(
    desk: TaskDesk, customer_id: str, task_id: str, now: datetime, form: Form | None = None
) -> dict[str, Any]:
    """The values of ``task.html``; ``form``: what was filled in and refused.

    Raises:
        NotFoundError: there is no such task or customer.
    """
    task, account = desk.tasks.task(customer_id, task_id), desk.ledger.load(customer_id)
    if task is None or account is None:
        raise NotFoundError("There is no such task.")
    is_call = task.kind is TaskKind.CALL and not task.is_done
    unread = [one.task_id for one in account.customer.holds_in_force(now) if one.kind == HoldKind.REPLY_UNREAD]
    return {
        "task": task,
        "customer": account.customer,
        "invoices": [one for one in account.open_invoices if one.invoice.invoice_id in task.invoice_ids],
        "whereabouts": whereabouts(account.customer),
        "decision": desk.may_call(task, now) if is_call else None,
        "hours": desk.best_hours(task, now) if is_call else [],
        "holds_texts": task_id in unread,
        "unread_beside": sum(one != task_id for one in unread),
        "outcomes": list(CallOutcome),
        "note_length": NOTE_LENGTH,
        "today": business_date(now, desk.policy.creditor.timezone),
        "given": {name: form.one(name) if form else "" for name in ("outcome", "note", "promised", "promised_on")},
    }


def notice_values(desk: TaskDesk, task: Task, renderer: "Renderer", now: datetime) -> dict[str, Any]:
    """What ``task.html`` shows beside of a notice that no channel may carry: to whom it goes, and its words.

    Raises:
        NotFoundError: there is no such customer.
    """
    account, contact = desk.ledger.load(task.customer_id), desk.contacts.contact(task.customer_id, task.contact_id)
    if account is None or contact is None:
        raise NotFoundError("There is no such task.")
    known = desk.contacts.state(task.customer_id).contacts
    about = tuple(one for one in account.open_invoices if one.invoice.invoice_id in contact.invoice_ids)
    letter = replace(contact, channel=Channel.LETTER)
    words, problem = None, ""
    try:
        words = renderer.letter_words(Message(letter, account, account.customer.address(Channel.LETTER), about, now))
    except InvalidInputError as gap:
        problem = str(gap)
    return {
        "addressee": addressee_of(task.reason),
        "open_channels": [] if task.is_done else open_channels(task, account, known, desk.policy, now),
        "holds": account.customer.holds_in_force(now),
        "notice_words": words,
        "notice_problem": problem,
    }


def customer_values(
    desk: CustomerDesk,
    tasks: TaskDesk,
    customer_id: str,
    assessment: Assessment | None,
    now: datetime,
    form: Form | None = None,
    done: str = "",
) -> dict[str, Any]:
    """The values of ``customer.html``.

    Args:
        form: what was filled in and refused; done: the action that led here.

    Raises:
        NotFoundError: there is no such customer.
    """
    account = desk.account(customer_id)
    customer = account.customer
    parent = desk.ledger.load(customer.parent_id) if customer.parent_id else None
    today = business_date(now, desk.zone_name)
    return {
        **_assessment_values(account, assessment, today),
        "account": account,
        "customer": customer,
        "points": [(point, customer.status(point)) for point in customer.contact_points],
        "whereabouts": whereabouts(customer),
        "exposures": exposures(customer, account.balances),
        "parent": parent.customer if parent else None,
        "holds": sorted(customer.holds, key=lambda hold: hold.placed_at, reverse=True),
        "charges": standing_charges(account),
        "standing": sum(one.is_standing for one in account.agreements.values()),
        "settled": settled_invoices(account, SETTLED_SHOWN),
        "letters": letters_out(tasks.contacts.state(customer.customer_id).contacts)[:LETTERS_SHOWN],
        "contested": [one for one in account.open_invoices if endable_disputes(account, one.invoice.invoice_id)],
        "kinds": {
            "hold": HOLDS_BY_HAND,
            "channel": REFUSABLE,
            "write_off": list(WriteOffReason),
            "credit": list(CreditReason),
            "dispute": list(DisputeReason),
            "end": list(DisputeEnd),
        },
        # Names this showing of the forms: whoever sends one of them twice decides once.
        "key": secrets.token_hex(_KEY_BYTES),
        "now": now,
        "today": today,
        "note_length": NOTE_LENGTH,
        "notice": CUSTOMER_DONE.get(done, ""),
        "given": form or Form({}),
    }
