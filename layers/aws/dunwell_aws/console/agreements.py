"""What agents do about agreements at the console: forms as calls of the desk, and what the page of a customer shows."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dunwell.accounts.model import Customer
from dunwell.arrangements.desk import ArrangementDesk
from dunwell.arrangements.evaluate import calendar_of
from dunwell.arrangements.incentives import OfferTerms
from dunwell.arrangements.making import made_plan
from dunwell.arrangements.policy import Authority, Frequency, OfferRule
from dunwell.arrangements.progress import Progress, progress
from dunwell.arrangements.schedule import PlanTerms
from dunwell.dates import business_date
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell.ledger.agreements import Agreement, AgreementKind, AgreementStatus, Authorisation
from dunwell.ledger.model import Account
from dunwell.money import parse_amount
from dunwell_aws.agents import Agent
from dunwell_aws.console.read_out import ReadOut, ReadOuts
from dunwell_aws.web import Form

AGREEMENT_DONE = {
    "promise": "The promise is kept. Reminders about it pause until the promised day and its grace are over.",
    "plan": "The plan is proposed. Read out the words, and record that the customer agrees.",
    "offer": "The offer is made. Read out the words, and record that the customer agrees.",
    "accept": "The agreement stands. The words that were read out are kept with it.",
    "approve": "The proposal is approved. The customer can accept it now.",
    "refuse": "The proposal is turned down.",
    "decline": "The customer does not want it. It is withdrawn.",
    "cancel": "The agreement has ended. What it gave up is owed again.",
    "revise": "The new plan stands in the place of the old one.",
}
"""What the page says after an action; the actions of ``act``."""

BY_PHONE = "agent"


@dataclass(frozen=True, slots=True)
class Shown:
    """An agreement as the page shows it.

    Attributes:
        kept: how far it was kept; None of a proposal and of one that never stood.
        said: what to read out before the customer agrees; None when nothing is to be agreed to.
    """

    agreement: Agreement
    kept: Progress | None
    said: ReadOut | None = None


def agreement_values(
    desk: ArrangementDesk, account: Account, read_outs: ReadOuts, agent: Agent, now: datetime, form: Form, done: str
) -> dict[str, Any]:
    """The values of ``agreements.html``.

    Args:
        form: what was filled in and refused; done: the action that led here.
    """
    today = business_date(now, desk.zone_name)
    newest_first = sorted(account.agreements.values(), key=lambda one: one.made_at, reverse=True)
    shown = [_shown(desk, account, one, read_outs, today) for one in newest_first]
    return {
        "account": account,
        "customer": account.customer,
        "now_agreed": [one for one in shown if _is_current(one.agreement)],
        "past": [one for one in shown if not _is_current(one.agreement)],
        "free": _free(account),
        "frequencies": list(Frequency),
        "offers": _offers(desk, authority_of(agent)),
        "may_decide": {one.value for one in Authority if _at_least(authority_of(agent), one)},
        "plans": desk.policy.plans is not None,
        "promise_said": promise_said(desk, account.customer, read_outs),
        "today": today,
        "notice": AGREEMENT_DONE.get(done, ""),
        "given": form,
        "preview": _preview(desk, account, form, agent, read_outs, now),
    }


def authority_of(agent: Agent) -> Authority:
    """What an agent may agree to for the creditor."""
    return Authority.SUPERVISOR if agent.is_supervisor else Authority.AGENT


def act(desk: ArrangementDesk, account: Account, form: Form, agent: Agent, read_outs: ReadOuts, now: datetime) -> None:
    """Carry out the form's action.

    Raises:
        InvalidInputError: something is missing or cannot be; says what.
        ConflictError: the terms changed since they were read out. NotFoundError, RefusedError: see ``ArrangementDesk``.
    """
    action, customer_id, agreement_id = form.one("action"), account.customer.customer_id, form.one("agreement")
    who: dict[str, Any] = {"who": f"agent:{agent.name}", "at": now}
    deciding = who | {"authority": authority_of(agent)}
    if action == "promise":
        promise(desk, account, form, agent, now)
    elif action == "plan":
        desk.propose_plan(customer_id, _terms(form), **deciding)
    elif action == "offer":
        desk.propose_offer(customer_id, _offer(form, now), **deciding)
    elif action == "accept":
        proposal = _known(account, agreement_id)
        evidence = _heard(read_outs.agreement(proposal, account.customer), form, agent, now)
        desk.authorise(customer_id, agreement_id, evidence)
    elif action == "approve":
        desk.approve(customer_id, agreement_id, **deciding)
    elif action == "refuse":
        desk.refuse(customer_id, agreement_id, **deciding)
    elif action == "decline":
        desk.decline(customer_id, agreement_id, **who)
    elif action == "cancel":
        desk.cancel(customer_id, agreement_id, **who)
    elif action == "revise":
        planned = _replacement(desk, account, form, agent, now)
        evidence = _heard(read_outs.agreement(planned, account.customer), form, agent, now)
        desk.revise(customer_id, agreement_id, _terms(form), authorisation=evidence, **deciding)
    else:
        raise InvalidInputError("Choose what to do.")


def promise(
    desk: ArrangementDesk,
    account: Account,
    form: Form,
    agent: Agent,
    now: datetime,
    *,
    currency: str = "",
    invoice_ids: tuple[str, ...] | None = None,
) -> Agreement:
    """The promise that a customer made on the phone.

    Args:
        currency: None is in the form: that of a call or case. invoice_ids: what it is about; None: what may be.

    Raises:
        InvalidInputError: no day or amount; RefusedError: see ``ArrangementDesk.promise``.
    """
    currency = currency or form.one("currency")
    named = invoice_ids or tuple(form.all("invoices")) or None
    on = _day(form.one("promised_on"), "Enter the day on which the customer promised to pay.")
    return desk.promise(
        account.customer.customer_id,
        currency,
        _amount(form.one("promised"), currency) or _all_of(account, currency, named),
        on,
        who=f"agent:{agent.name}",
        authority=authority_of(agent),
        at=now,
        invoice_ids=named,
    )


def digest(words: str) -> str:
    """Names the words that a form was shown with."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


# --- what the page shows ---


def _shown(desk: ArrangementDesk, account: Account, one: Agreement, read_outs: ReadOuts, today: date) -> Shown:
    if one.status is AgreementStatus.PROPOSED:
        return Shown(one, None, None if one.approval else read_outs.agreement(one, account.customer))
    never_stood = one.authorisation is None and one.kind is not AgreementKind.PROMISE
    return Shown(one, None if never_stood else progress(account, one, calendar_of(desk.policy), today))


def _is_current(agreement: Agreement) -> bool:
    return agreement.is_standing or agreement.status is AgreementStatus.PROPOSED


def _free(account: Account) -> Mapping[str, list[Any]]:
    """The open debts that no agreement is about, by currency."""
    found: dict[str, list[Any]] = {}
    for item in account.open_invoices:
        if item.is_collectable and account.agreement_on(item.invoice.invoice_id) is None:
            found.setdefault(item.invoice.currency, []).append(item)
    return found


def _offers(desk: ArrangementDesk, authority: Authority) -> list[tuple[AgreementKind, OfferRule, int]]:
    """The offers that an agent may make by themselves, with the most that may be given up (thousandths)."""
    rules = [(AgreementKind.DISCOUNT, one) for one in desk.policy.discounts]
    rules += [(AgreementKind.SETTLEMENT, one) for one in desk.policy.settlements]
    within = [
        (kind, rule, max((most for who, most in rule.max_permille.items() if _at_least(authority, who)), default=0))
        for kind, rule in rules
    ]
    return [one for one in within if one[2]]


def _at_least(authority: Authority, needed: Authority) -> bool:
    ranks = list(Authority)
    return ranks.index(authority) >= ranks.index(needed)


def _preview(
    desk: ArrangementDesk, account: Account, form: Form, agent: Agent, read_outs: ReadOuts, now: datetime
) -> dict[str, Any] | None:
    """The words of a changed plan, to be read out before it is changed; None when none is asked for."""
    if form.one("action") != "preview":
        return None
    said = read_outs.agreement(_replacement(desk, account, form, agent, now), account.customer)
    return {"agreement": form.one("agreement"), "said": said}


def promise_said(desk: ArrangementDesk, customer: Customer, read_outs: ReadOuts) -> ReadOut | None:
    """What to read out before a customer promises to pay; None where the policy takes no promises."""
    rules = desk.policy.promises
    return read_outs.promise(customer, rules.grace_days) if rules else None


# --- what the forms say ---


def _replacement(desk: ArrangementDesk, account: Account, form: Form, agent: Agent, now: datetime) -> Agreement:
    old, today = _known(account, form.one("agreement")), business_date(now, desk.zone_name)
    who = f"agent:{agent.name}"
    made = made_plan(account, desk.policy, _terms(form), who, authority_of(agent), today, now, replacing=old)
    if made.approval:
        raise RefusedError("This goes beyond what you may agree to. Ask a supervisor to change the plan.")
    return made


def _known(account: Account, agreement_id: str) -> Agreement:
    if agreement_id not in account.agreements:
        raise NotFoundError("There is no such agreement.")
    return account.agreements[agreement_id]


def _heard(said: ReadOut, form: Form, agent: Agent, now: datetime) -> Authorisation:
    if form.one("seen") != digest(said.words):
        raise ConflictError("The words changed since you read them out. Read out the new ones.")
    return Authorisation(said.words, now, BY_PHONE, f"agent:{agent.name}")


def _terms(form: Form) -> PlanTerms:
    currency, parts, often = form.one("currency"), form.one("instalments"), form.one("frequency")
    if not parts.isdecimal() or often not in set(Frequency):
        raise InvalidInputError("Enter the number of instalments and choose how often they are due.")
    return PlanTerms(
        currency=currency,
        instalments=int(parts[:4]),
        frequency=Frequency(often),
        first_on=_day(form.one("first_on"), "Enter the day of the first instalment."),
        first_minor=_amount(form.one("first"), currency),
        invoice_ids=tuple(form.all("invoices")) or None,
    )


def _offer(form: Form, now: datetime) -> OfferTerms:
    kind, _, rule = form.one("rule").partition(":")
    currency = form.one("currency")
    given_up = _amount(form.one("forgiven"), currency)
    if kind not in {AgreementKind.DISCOUNT, AgreementKind.SETTLEMENT} or not given_up:
        raise InvalidInputError("Choose an offer and enter the amount that is given up.")
    pay_by = _day(form.one("pay_by"), "Enter the day by which the rest is to be paid.")
    named = tuple(form.all("invoices")) or None
    return OfferTerms(AgreementKind(kind), currency, rule, given_up, pay_by, invoice_ids=named)


def _day(text: str, otherwise: str) -> date:
    if not text:
        raise InvalidInputError(otherwise)
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("Write the day as year-month-day, such as 2027-01-31.") from None
    return found


def _amount(text: str, currency: str) -> int | None:
    if not text.strip():
        return None
    try:
        return parse_amount(text.strip(), currency)
    except InvalidInputError as error:
        raise InvalidInputError(f"The amount {error}.") from None


def _all_of(account: Account, currency: str, invoice_ids: tuple[str, ...] | None) -> int:
    return sum(
        item.collectable_minor
        for item in _free(account).get(currency, [])
        if invoice_ids is None or item.invoice.invoice_id in invoice_ids
    )
