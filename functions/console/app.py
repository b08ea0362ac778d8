"""The agents' console: a worklist of escalated customers, what is known about each, and what an agent did."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from chalice.app import Chalice, Request, Response
from pydantic import Field

from dunwell.accounts.access import csrf_matches, csrf_token, new_token
from dunwell.accounts.exposure import exposures
from dunwell.arrangements.desk import ArrangementDesk
from dunwell.assist.customer_desk import CustomerDesk
from dunwell.assist.insight import assessment_document
from dunwell.dates import business_date
from dunwell.errors import ConflictError, DunwellError, InvalidInputError, NotFoundError, RefusedError, UnavailableError
from dunwell.escalation.case import AgentOutcome
from dunwell.escalation.escalation import Escalation
from dunwell.outreach.evidence import EvidenceStore
from dunwell.outreach.policy import Creditor
from dunwell.outreach.ports import ContactStore
from dunwell.outreach.tasks import TaskDesk
from dunwell.remittance.desk import CashDesk
from dunwell.reporting.statement import statement_csv
from dunwell.scoring.assessment import AssessmentStore
from dunwell_aws import bootstrap
from dunwell_aws.agent_agreements import promise
from dunwell_aws.agent_forms import DONE, act_on_customer, asked_statement, case_entry, decide_cash
from dunwell_aws.agent_pages import (
    agent_filters,
    case_values,
    cash_values,
    customer_values,
    worklist_values,
)
from dunwell_aws.agents import Agent, CognitoAgents, NewPasswordNeeded, SignedIn, WrongCredentialsError
from dunwell_aws.agreement_routes import AgreementParts, add_agreement_pages
from dunwell_aws.clock import Clock
from dunwell_aws.environment import EvidenceEnvironment, LedgerEnvironment, UrlsEnvironment, read_environment
from dunwell_aws.message_routes import ConsoleParts, add_message_pages
from dunwell_aws.observability import count, observed
from dunwell_aws.problems import Problem, answers_problems, problem_response
from dunwell_aws.task_routes import TaskParts, add_task_pages
from dunwell_aws.urls import Urls
from dunwell_aws.web import FORM_TYPE, Form, Pages, cookie, read_cookie, read_form

TEMPLATES = Path(__file__).parent / "templates"
SESSION_COOKIE = "dunwell_agent"
FORM_COOKIE = "dunwell_agent_form"
FORM_SECONDS = 3600
LINES_SHOWN = 100

Refusal = DunwellError | None
"""Why a form is shown again; None when it is shown for the first time."""

app = Chalice(app_name="console")
app.api.binary_types.append("application/pdf")  # images are among them


class ConsoleEnvironment(LedgerEnvironment, UrlsEnvironment, EvidenceEnvironment):
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
    tasks: TaskDesk
    arrangements: ArrangementDesk
    evidence: Callable[[], EvidenceStore]

    @property
    def today(self) -> date:
        """The creditor's business date."""
        return business_date(self.clock.now(), self.creditor.timezone)

    @property
    def customers(self) -> CustomerDesk:
        """What agents do about customers. The sources are read when a number is looked up."""

        def names() -> list[str]:
            return [mapping.name for mapping in bootstrap.mappings()]

        return CustomerDesk(self.escalation.ledger, self.creditor.creditor_id, self.creditor.timezone, names)


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
    tasks = bootstrap.task_desk()
    arrangements = bootstrap.arrangement_desk()
    parts = clock, escalation, collection, collection, agents, urls, pages, creditor, desk, tasks, arrangements
    return Console(*parts, bootstrap.evidence)


def console_pages(zone_name: str) -> Pages:
    """The templates, showing instants in a zone."""
    return Pages(TEMPLATES, filters=agent_filters(zone_name))


def _page(template: str, status: int = 200, **values: Any) -> Response:
    base_url = console().urls.console()
    return console().pages.page(template, base_url, status, base=base_url, creditor=console().creditor, **values)


def _form_page(template: str, who: tuple[Agent, str], problem: Refusal, **values: Any) -> Response:
    """A page with a form; after a problem again: it was filled in wrongly, or something stands against it.

    Args:
        who: see ``_agent``, which is asked before anything is looked up.
    """
    agent, csrf = who
    status = 200 if problem is None else 400 if isinstance(problem, InvalidInputError) else 409
    return _page(template, status, agent=agent, csrf=csrf, message=str(problem or ""), **values)


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
    """Cases that wait for an agent: those for today first, most to be had first, of those that wait longest."""
    agent, csrf = _agent()
    parts = console()
    values = worklist_values(parts.escalation, parts.assessments, parts.today, parts.creditor.timezone, LINES_SHOWN)
    return _page("worklist.html", agent=agent, csrf=csrf, notice=_notice(), **values)


def _notice() -> str:
    """What the form before this page did, when it led here."""
    parameters = _request().query_params
    return DONE.get(parameters.get("done", ""), "") if parameters else ""


@route("/cases/{customer_id}/{case_id}", "GET")
def show_case(customer_id: str, case_id: str) -> Response:
    """What is known about a case, and the form for what an agent did."""
    return _case_page(customer_id, case_id)


@route("/cases/{customer_id}/{case_id}", "POST")
def record(customer_id: str, case_id: str) -> Response:
    """Keeps what the agent did and lets the case be judged again."""
    agent, _ = _agent()
    form = _form(SESSION_COOKIE)
    seen = form.one("version")
    try:
        entry = case_entry(form, agent.name, console().clock.now(), console().today)
        if entry.outcome is AgentOutcome.PROMISE:
            _keep_promise(customer_id, case_id, form, agent)
        console().escalation.record(customer_id, case_id, entry, int(seen) if seen.isdecimal() else 0)
    except (InvalidInputError, ConflictError, RefusedError) as problem:
        return _case_page(customer_id, case_id, problem, form)
    count("CasesWorked")
    return _redirect("/?done=recorded")


def _keep_promise(customer_id: str, case_id: str, form: Form, agent: Agent) -> None:
    """What the customer promised, as an agreement about what the case is about."""
    case, account = console().escalation.cases.case(customer_id, case_id), console().customers.account(customer_id)
    if case is None:
        raise NotFoundError("There is no such case.")
    said = Form({"promised": [form.one("promised")], "promised_on": [form.one("next_on")]})
    promise(console().arrangements, account, said, agent, console().clock.now(), currency=case.currency)


@route("/cases/{customer_id}/{case_id}/assign", "POST")
def assign(customer_id: str, case_id: str) -> Response:
    """Makes the agent responsible for the case."""
    agent, _ = _agent()
    _form(SESSION_COOKIE)
    case = console().escalation.assign(customer_id, case_id, agent.name)
    return _redirect(f"/cases/{case.customer_id}/{case.case_id}?done=assigned")


def _case_page(customer_id: str, case_id: str, problem: Refusal = None, form: Form | None = None) -> Response:
    who = _agent()
    case = console().escalation.cases.case(customer_id, case_id)
    account = console().escalation.ledger.load(customer_id)
    if case is None or account is None:
        raise NotFoundError("There is no such case.")
    assessment, contacts = console().assessments.assessment(customer_id), console().contacts.state(customer_id).contacts
    now, today = console().clock.now(), console().today
    values = case_values(case, account, assessment, contacts, now, today, console().creditor.timezone, form)
    return _form_page("case.html", who, problem, notice=_notice(), **values)


# --- customers ---


@route("/customers", "GET")
def find_customer() -> Response:
    """Leads to the customer of a number; several who share it are listed."""
    agent, csrf = _agent()
    number = _given("number")
    found = console().customers.called(number)
    if len(found) == 1:
        return _redirect(f"/customers/{found[0].customer.customer_id}")
    return _page("customers.html", page="customers", agent=agent, csrf=csrf, number=number, found=found)


@route("/customers/{customer_id}", "GET")
def show_customer(customer_id: str) -> Response:
    """Who a customer is and what they owe, and the forms for what an agent may do about it."""
    _agent()
    now_at = console().customers.account(customer_id).customer.customer_id
    if now_at != customer_id:
        return _redirect(f"/customers/{now_at}")
    return _customer_page(customer_id)


@route("/customers/{customer_id}", "POST")
def change_customer(customer_id: str) -> Response:
    """Carries out one of the forms."""
    agent, _ = _agent()
    form = _form(SESSION_COOKIE)
    try:
        desks = console().customers, console().tasks
        account = act_on_customer(*desks, customer_id, form, agent.name, console().clock.now())
    except (InvalidInputError, ConflictError, RefusedError, NotFoundError) as problem:
        return _customer_page(customer_id, problem, form)
    count("CustomersChanged")
    return _redirect(f"/customers/{account.customer.customer_id}?done={form.one('action')}")


@route("/customers/{customer_id}/merge", "GET")
def confirm_merge(customer_id: str) -> Response:
    """Shows the two customers that would become one, and asks whether they are."""
    agent, csrf = _agent()
    kept, number = console().customers.account(customer_id), _given("number")
    found = [one for one in console().customers.called(number) if one.customer != kept.customer]
    if not found:
        message = "No other customer has this number. Check it against an invoice."
        return _customer_page(customer_id, InvalidInputError(message))
    pairs = [(one, exposures(one.customer, one.balances)) for one in (kept, *found)]
    return _page("merge.html", page="customers", agent=agent, csrf=csrf, pairs=pairs)


def _given(name: str) -> str:
    given = _query()
    return given.get(name, "").strip()


def _customer_page(customer_id: str, problem: Refusal = None, form: Form | None = None) -> Response:
    who = _agent()
    desks = console().customers, console().tasks
    values = customer_values(*desks, customer_id, console().clock.now(), form, _given("done"))
    return _form_page("customer.html", who, problem, page="customers", **values)


# --- documents ---


@route("/customers/{customer_id}/assessment", "GET")
def show_assessment(customer_id: str) -> Response:
    """What the model says of a customer, as a document: score, interval, reasons, segment and past scores."""
    _agent()
    assessment = console().assessments.assessment(customer_id)
    if assessment is None:
        raise NotFoundError("There is no assessment of such a customer.")
    return _document(json.dumps(assessment_document(assessment)), "application/json")


@route("/customers/{customer_id}/statement", "GET")
def show_statement(customer_id: str) -> Response:
    """A customer's statement of account, as a page or as a file; of the last months unless a period is given."""
    agent, csrf = _agent()
    account = console().escalation.ledger.load(customer_id)
    if account is None or account.customer.is_internal:
        raise NotFoundError("There is no such customer.")
    given = _query()
    made, message = asked_statement(account, given, console().today)
    if given.get("format") == "csv" and not message:
        shown_as = f'attachment; filename="statement-{made.first}-{made.last}.csv"'
        return _document(statement_csv(made), "text/csv; charset=utf-8", **{"Content-Disposition": shown_as})
    values: dict[str, Any] = {"page": "customers", "agent": agent, "csrf": csrf, "made": made, "message": message}
    return _page("statement.html", 400 if message else 200, **values)


def _document(text: str | bytes, content_type: str, **more: str) -> Response:
    base_url = console().urls.console()
    headers: dict[str, str | list[str]] = {**console().pages.headers(base_url), "Content-Type": content_type, **more}
    return Response(text, headers)


def _query() -> dict[str, str]:
    return dict(_request().query_params or {})


add_message_pages(route, ConsoleParts(_agent, _page, _document, _query, lambda: console().today))

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
    return _cash_page(unquote(item_id))


@route("/cash/{item_id}", "POST")
def decide_cash_item(item_id: str) -> Response:
    """Accepts a proposal, applies the money as the agent says, or keeps a note."""
    agent, _ = _agent()
    form, item_id = _form(SESSION_COOKIE), unquote(item_id)
    try:
        done = decide_cash(console().desk, item_id, form, agent.name, console().clock.now())
    except (InvalidInputError, ConflictError, RefusedError) as problem:
        return _cash_page(item_id, problem, form)
    count("CashItemsWorked")
    return _redirect(f"/cash?done={done}")


def _cash_page(item_id: str, problem: Refusal = None, form: Form | None = None) -> Response:
    who = _agent()
    values = cash_values(console().desk.item(item_id, console().clock.now()), console().today, form)
    return _form_page("cash_item.html", who, problem, page="cash", **values)


# --- tasks: calls to make, and what keeps messages from customers ---

add_task_pages(
    route,
    TaskParts(
        desk=lambda: console().tasks,
        arrangements=lambda: console().arrangements,
        evidence=lambda: console().evidence(),
        now=lambda: console().clock.now(),  # noqa: PLW0108 - the console is composed later
        agent=_agent,
        form=lambda: _form(SESSION_COOKIE),
        page=_page,
        document=_document,
        form_page=_form_page,
        redirect=_redirect,
        notice=_notice,
    ),
)


# --- agreements: promises, plans and offers made on the phone ---

add_agreement_pages(
    route,
    AgreementParts(
        desk=lambda: console().arrangements,
        tasks=lambda: console().tasks,
        account=lambda customer_id: console().customers.account(customer_id),  # noqa: PLW0108 - as below
        creditor=lambda: console().creditor.name,
        now=lambda: console().clock.now(),  # noqa: PLW0108 - the console is composed later
        agent=_agent,
        form=lambda: _form(SESSION_COOKIE),
        form_page=_form_page,
        redirect=_redirect,
        done=lambda: _given("done"),
    ),
)


@observed
def handler(event: dict[str, Any], context: Any, *, parts: Console | None = None) -> Any:
    """Entry point: a proxy event of API Gateway."""
    if parts is not None:
        use(parts)
    return app(event, context)
