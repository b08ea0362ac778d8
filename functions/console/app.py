"""The agents' console: a worklist of escalated customers, what is known about each, and what an agent did."""

import contextlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from chalice.app import Chalice, Request, Response
from pydantic import Field

from dunwell.accounts.access import csrf_matches, csrf_token, new_token
from dunwell.assist.insight import assessment_document
from dunwell.assist.worklist import WorklistLine, overdue_invoices, worklist_line
from dunwell.dates import business_date, days_past_due
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError, UnavailableError
from dunwell.escalation.case import AgentOutcome, Case, CaseEntry
from dunwell.escalation.escalation import Escalation
from dunwell.outreach.policy import Creditor
from dunwell.outreach.ports import ContactStore
from dunwell.outreach.whereabouts import whereabouts
from dunwell.remittance.desk import CashDesk, split_numbers
from dunwell.reporting.curve import curve
from dunwell.reporting.statement import last_months, statement, statement_csv
from dunwell.scoring.assessment import AssessmentStore
from dunwell.timezones import zone
from dunwell_aws import bootstrap
from dunwell_aws.agents import Agent, CognitoAgents, NewPasswordNeeded, SignedIn, WrongCredentialsError
from dunwell_aws.clock import Clock
from dunwell_aws.environment import LedgerEnvironment, UrlsEnvironment, read_environment
from dunwell_aws.observability import count, observed
from dunwell_aws.problems import Problem, answers_problems, problem_response
from dunwell_aws.urls import Urls
from dunwell_aws.web import FORM_TYPE, Form, Pages, cookie, read_cookie, read_form

TEMPLATES = Path(__file__).parent / "templates"
SESSION_COOKIE = "dunwell_agent"
FORM_COOKIE = "dunwell_agent_form"
FORM_SECONDS = 3600
THREADS = 8
LINES_SHOWN = 100
NOTE_LENGTH = 2000
LATEST_NEXT_DAYS = 180
DONE = {
    "recorded": "Your note is kept. The case is being judged again.",
    "assigned": "The case is yours.",
    "applied": "The money is applied. The payer's account is remembered for the next time.",
    "noted": "Your note is kept. The money stays in suspense.",
    "closed": "The line is off the list. Your note is kept with it.",
}

app = Chalice(app_name="console")


class ConsoleEnvironment(LedgerEnvironment, UrlsEnvironment):
    """What the console reads from its variables."""

    agent_client_id: str = Field(alias="AGENT_CLIENT_ID", min_length=1)


@dataclass(frozen=True)
class Console:
    """What the console is made of; tests bring their own."""

    clock: Clock
    escalation: Escalation
    contacts: ContactStore
    assessments: AssessmentStore
    agents: CognitoAgents
    urls: Urls
    pages: Pages
    creditor: Creditor
    desk: CashDesk

    @property
    def today(self) -> date:
        """The creditor's business date."""
        return business_date(self.clock.now(), self.creditor.timezone)


_console: Console | None = None


def use(console: Console | None) -> None:
    """Serve with these parts from now on; None composes them anew from the environment."""
    global _console
    _console = console


def console() -> Console:
    """The parts in use, composed at first use."""
    if _console is None:
        use(_composed())
    assert _console is not None
    return _console


def _composed() -> Console:
    from dunwell_aws.aws import client

    environment = read_environment(ConsoleEnvironment)
    creditor = bootstrap.policy().creditor
    agents = CognitoAgents(client("cognito-idp"), environment.agent_client_id)
    collection, pages = bootstrap.collection(), console_pages(creditor.timezone)
    desk = CashDesk(bootstrap.cash())
    clock, escalation, urls = bootstrap.clock(), bootstrap.escalation(), bootstrap.urls()
    return Console(clock, escalation, collection, collection, agents, urls, pages, creditor, desk)


def console_pages(zone_name: str) -> Pages:
    """The templates, showing instants in a zone."""
    local = zone(zone_name)

    def moment(instant: datetime) -> str:
        there = instant.astimezone(local)
        return f"{there.day} {there:%b %Y, %H:%M}"

    def words(code: str) -> str:
        return code.replace("_", " ").capitalize()

    return Pages(TEMPLATES, filters={"moment": moment, "words": words, "percent": lambda p: f"{p // 10}.{p % 10}%"})


def _page(template: str, status: int = 200, **values: Any) -> Response:
    base_url = console().urls.console()
    return console().pages.page(template, base_url, status, base=base_url, creditor=console().creditor, **values)


def _redirect(path: str, *cookies: str) -> Response:
    base_url = console().urls.console()
    return console().pages.redirect(base_url + path, base_url, cookies)


def _cookie(name: str, value: str, max_age_seconds: int) -> str:
    return cookie(name, value, console().urls.console(), max_age_seconds, same_site="Strict")


def _request() -> Request:
    assert app.current_request is not None
    return app.current_request


def _problem_page(problem: Problem) -> Response:
    """A problem as a page, or as a document for clients that ask for JSON; signed out leads to signing in."""
    accepted = _request().headers.get("accept", "")
    if "application/json" in accepted and "text/html" not in accepted:
        return problem_response(problem)
    if problem.status == 401:
        return _redirect("/sign-in", _cookie(SESSION_COOKIE, "", 0))
    base_url = ""
    # The addresses may be what is broken; the page that says so has to do without them.
    with contextlib.suppress(UnavailableError):
        base_url = console().urls.console()
    values = {"base": base_url, "creditor": console().creditor, "problem": problem}
    answer = console().pages.page("problem.html", base_url, problem.status, **values)
    answer.headers.update(problem.headers)
    return answer


def route(path: str, method: str) -> Callable[..., Any]:
    """A route whose errors are pages."""
    register = app.route(path, methods=[method], content_types=[FORM_TYPE] if method == "POST" else ["*/*"])
    return lambda view: register(answers_problems(view, _problem_page))


# --- signing in and out ---


def _agent() -> tuple[Agent, str]:
    """Who asks, and the token of their forms."""
    token = read_cookie(_request(), SESSION_COOKIE)
    return console().agents.agent(token), csrf_token(token)


def _form(cookie_name: str) -> Form:
    """The form in the request, if one of our own pages sent it to this browser."""
    form, token = read_form(_request()), read_cookie(_request(), cookie_name)
    if not token or not csrf_matches(token, form.one("csrf")):
        raise RefusedError("This form is out of date or was sent from another site. Reload the page and try again.")
    return form


def _sign_in_page(status: int = 200, message: str = "", email: str = "") -> Response:
    token = new_token()
    page = _page("sign_in.html", status, csrf=csrf_token(token), message=message, email=email)
    page.headers["Set-Cookie"] = _cookie(FORM_COOKIE, token, FORM_SECONDS)
    return page


def _new_password_page(needed: NewPasswordNeeded, csrf: str, status: int = 200, message: str = "") -> Response:
    return _page("new_password.html", status, needed=needed, csrf=csrf, message=message)


def _signed_in(found: SignedIn) -> Response:
    try:
        console().agents.agent(found.access_token)
    except RefusedError as refusal:
        return _sign_in_page(403, str(refusal))
    count("AgentsSignedIn")
    session = _cookie(SESSION_COOKIE, found.access_token, found.life_seconds)
    return _redirect("/", session, _cookie(FORM_COOKIE, "", 0))


@route("/sign-in", "GET")
def show_sign_in() -> Response:
    """The form."""
    return _sign_in_page()


@route("/sign-in", "POST")
def sign_in() -> Response:
    """A session, the page for a new password, or the form again."""
    form = _form(FORM_COOKIE)
    email = form.one("email").strip()
    try:
        found = console().agents.sign_in(email, form.one("password"))
    except WrongCredentialsError as refusal:
        count("AgentSignInsRefused")
        return _sign_in_page(403, str(refusal), email)
    if isinstance(found, NewPasswordNeeded):
        return _new_password_page(found, form.one("csrf"))
    return _signed_in(found)


@route("/new-password", "POST")
def set_new_password() -> Response:
    """A session, or the page again when the password will not do."""
    form = _form(FORM_COOKIE)
    needed = NewPasswordNeeded(form.one("user"), form.one("session"))
    if form.one("password") != form.one("again"):
        return _new_password_page(needed, form.one("csrf"), 400, "The two passwords differ. Type the same one twice.")
    try:
        return _signed_in(console().agents.set_new_password(needed, form.one("password")))
    except InvalidInputError as problem:
        return _new_password_page(needed, form.one("csrf"), 400, str(problem))
    except WrongCredentialsError as refusal:
        return _sign_in_page(403, str(refusal))


@route("/sign-out", "POST")
def sign_out() -> Response:
    """Ends the agent's sessions everywhere."""
    _form(SESSION_COOKIE)
    console().agents.sign_out(read_cookie(_request(), SESSION_COOKIE))
    return _redirect("/sign-in", _cookie(SESSION_COOKIE, "", 0))


# --- cases ---


@route("/", "GET")
def show_worklist() -> Response:
    """Cases that wait for an agent: those for today first, longest waiting first."""
    agent, csrf = _agent()
    waiting = console().escalation.cases.waiting_cases()
    with ThreadPoolExecutor(THREADS) as pool:
        lines = [line for line in pool.map(_line, waiting[:LINES_SHOWN]) if line]
    return _page(
        "worklist.html",
        agent=agent,
        csrf=csrf,
        lists=[[line for line in lines if line.is_due], [line for line in lines if not line.is_due]],
        left_out=max(len(waiting) - LINES_SHOWN, 0),
        notice=_notice(),
    )


def _notice() -> str:
    """What the form before this page did, when it led here."""
    parameters = _request().query_params
    return DONE.get(parameters.get("done", ""), "") if parameters else ""


def _line(case: Case) -> WorklistLine | None:
    account = console().escalation.ledger.load(case.customer_id)
    assessment = console().assessments.assessment(case.customer_id)
    return worklist_line(case, account, assessment, console().today) if account else None


@route("/cases/{customer_id}/{case_id}", "GET")
def show_case(customer_id: str, case_id: str) -> Response:
    """What is known about a case, and the form for what an agent did."""
    agent, csrf = _agent()
    return _case_page(customer_id, case_id, agent, csrf)


@route("/cases/{customer_id}/{case_id}", "POST")
def record(customer_id: str, case_id: str) -> Response:
    """Keeps what the agent did and lets the case be judged again."""
    agent, csrf = _agent()
    form = _form(SESSION_COOKIE)
    seen = form.one("version")
    try:
        entry = _entry(form, agent)
        console().escalation.record(customer_id, case_id, entry, int(seen) if seen.isdecimal() else 0)
    except InvalidInputError as problem:
        return _case_page(customer_id, case_id, agent, csrf, 400, str(problem), form)
    except (ConflictError, RefusedError) as problem:
        return _case_page(customer_id, case_id, agent, csrf, 409, str(problem), form)
    count("CasesWorked")
    return _redirect("/?done=recorded")


@route("/cases/{customer_id}/{case_id}/assign", "POST")
def assign(customer_id: str, case_id: str) -> Response:
    """Makes the agent responsible for the case."""
    agent, _ = _agent()
    _form(SESSION_COOKIE)
    case = console().escalation.assign(customer_id, case_id, agent.name)
    return _redirect(f"/cases/{case.customer_id}/{case.case_id}?done=assigned")


def _entry(form: Form, agent: Agent) -> CaseEntry:
    """What the agent did, from the form.

    Raises:
        InvalidInputError: something is missing or cannot be; says what.
    """
    today, chosen, note = console().today, form.one("outcome"), form.one("note").strip()
    if chosen not in set(AgentOutcome):
        raise InvalidInputError("Choose what came of it.")
    outcome = AgentOutcome(chosen)
    if len(note) > NOTE_LENGTH:
        raise InvalidInputError(f"The note is longer than {NOTE_LENGTH:,} characters. Shorten it.")
    if outcome is AgentOutcome.CLOSE and not note:
        raise InvalidInputError("Write in the note why the case is closed: money is still owed.")
    next_on = None if outcome is AgentOutcome.CLOSE else _next_on(form.one("next_on"), today)
    if outcome is AgentOutcome.PROMISE and next_on is None:
        raise InvalidInputError("Enter the day on which the customer promised to pay.")
    return CaseEntry(console().clock.now(), agent.name, outcome, note, next_on)


def _next_on(text: str, today: date) -> date | None:
    if not text:
        return None
    try:
        chosen = date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("Write the day as year-month-day, such as 2027-01-31.") from None
    if not today <= chosen <= today + timedelta(days=LATEST_NEXT_DAYS):
        raise InvalidInputError(f"Choose a day from today on, at most {LATEST_NEXT_DAYS} days ahead.")
    return chosen


def _case_page(
    customer_id: str,
    case_id: str,
    agent: Agent,
    csrf: str,
    status: int = 200,
    message: str = "",
    form: Form | None = None,
) -> Response:
    case = console().escalation.cases.case(customer_id, case_id)
    account = console().escalation.ledger.load(customer_id)
    if case is None or account is None:
        raise NotFoundError("There is no such case.")
    today = console().today
    assessment = console().assessments.assessment(customer_id)
    return _page(
        "case.html",
        status,
        agent=agent,
        csrf=csrf,
        case=case,
        account=account,
        holds=account.customer.holds_in_force(console().clock.now()),
        whereabouts=whereabouts(account.customer),
        line=worklist_line(case, account, assessment, today),
        assessment=assessment,
        curve=curve([(one.as_of, one.risk_permille) for one in assessment.history]) if assessment else None,
        oldest=next(iter(overdue_invoices(account, case.currency, today)), None),
        days={i.invoice.invoice_id: days_past_due(i.due_on, today) for i in account.open_invoices},
        payments=sorted(account.payments.values(), key=lambda payment: payment.on, reverse=True)[:50],
        contacts=console().contacts.state(customer_id).contacts[::-1],
        outcomes=list(AgentOutcome),
        today=today,
        latest=today + timedelta(days=LATEST_NEXT_DAYS),
        note_length=NOTE_LENGTH,
        message=message,
        notice=_notice(),
        given={name: form.one(name) if form else "" for name in ("outcome", "note", "next_on")},
    )


# --- assessments ---


@route("/customers/{customer_id}/assessment", "GET")
def show_assessment(customer_id: str) -> Response:
    """What the model says of a customer, as a document: score, interval, reasons, segment and past scores."""
    _agent()
    assessment = console().assessments.assessment(customer_id)
    if assessment is None:
        raise NotFoundError("There is no assessment of such a customer.")
    headers: dict[str, str | list[str]] = {
        **console().pages.headers(console().urls.console()),
        "Content-Type": "application/json",
    }
    return Response(json.dumps(assessment_document(assessment)), headers)


# --- statements ---


@route("/customers/{customer_id}/statement", "GET")
def show_statement(customer_id: str) -> Response:
    """A customer's statement of account, as a page or as a file; of the last months unless a period is given."""
    agent, csrf = _agent()
    account = console().escalation.ledger.load(customer_id)
    if account is None or account.customer.is_internal:
        raise NotFoundError("There is no such customer.")
    given: dict[str, str] = dict(_request().query_params or {})
    usual = last_months(console().today)
    try:
        first, last = (_day(given.get(name, ""), day) for name, day in zip(("first", "last"), usual, strict=True))
        made, message = statement(account, first, last), ""
    except InvalidInputError as problem:
        made, message = statement(account, *usual), str(problem)
    if given.get("format") == "csv" and not message:
        return _file(statement_csv(made), f"statement-{made.first}-{made.last}.csv")
    status = 400 if message else 200
    return _page("statement.html", status, agent=agent, csrf=csrf, made=made, message=message)


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text) if text else otherwise
    except ValueError:
        raise InvalidInputError("Write the days as year-month-day, such as 2027-01-31.") from None


def _file(text: str, name: str) -> Response:
    base_url = console().urls.console()
    headers: dict[str, str | list[str]] = {
        **console().pages.headers(base_url),
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(text, headers)


# --- cash: money whose owner is not known ---


@route("/cash", "GET")
def show_cash() -> Response:
    """Bank lines that wait for a person, oldest first."""
    agent, csrf = _agent()
    records = console().desk.waiting(console().clock.now())
    shown, today = records[:LINES_SHOWN], console().today
    values: dict[str, Any] = {"records": shown, "today": today, "left_out": len(records) - len(shown)}
    return _page("cash.html", agent=agent, csrf=csrf, notice=_notice(), page="cash", **values)


@route("/cash/{item_id}", "GET")
def show_cash_item(item_id: str) -> Response:
    """One bank line: what the bank says, what is proposed and why, and the forms for what to do."""
    agent, csrf = _agent()
    return _cash_page(unquote(item_id), agent, csrf)


@route("/cash/{item_id}", "POST")
def decide_cash_item(item_id: str) -> Response:
    """Accepts a proposal, applies the money as the agent says, or keeps a note."""
    agent, csrf = _agent()
    form, item_id = _form(SESSION_COOKIE), unquote(item_id)
    try:
        done = _decide_cash(item_id, form, agent)
    except InvalidInputError as problem:
        return _cash_page(item_id, agent, csrf, 400, str(problem), form)
    except (ConflictError, RefusedError) as problem:
        return _cash_page(item_id, agent, csrf, 409, str(problem), form)
    count("CashItemsWorked")
    return _redirect(f"/cash?done={done}")


def _decide_cash(item_id: str, form: Form, agent: Agent) -> str:
    """What was done, as the next page says it."""
    desk, now = console().desk, console().clock.now()
    version, action, number = form.one("version"), form.one("action"), form.one("proposal")
    seen = int(version) if version.isdecimal() else 0
    if action == "accept":
        desk.accept(item_id, seen, int(number) if number.isdecimal() else -1, agent.name, now)
        return "applied"
    if action == "choose":
        desk.choose(item_id, seen, form.one("customer"), split_numbers(form.one("invoices")), agent.name, now)
        return "applied"
    desk.note(item_id, seen, form.one("note"), agent.name, now, close=action == "close")
    return "closed" if action == "close" else "noted"


def _cash_page(
    item_id: str, agent: Agent, csrf: str, status: int = 200, message: str = "", form: Form | None = None
) -> Response:
    record = console().desk.item(item_id, console().clock.now())
    return _page(
        "cash_item.html",
        status,
        agent=agent,
        csrf=csrf,
        record=record,
        days=(console().today - record.line.booked_on).days,
        note_length=NOTE_LENGTH,
        message=message,
        given={name: form.one(name) if form else "" for name in ("customer", "invoices", "note")},
        page="cash",
    )


@observed
def handler(event: dict[str, Any], context: Any, *, parts: Console | None = None) -> Any:
    """Entry point: a proxy event of API Gateway."""
    if parts is not None:
        use(parts)
    return app(event, context)
