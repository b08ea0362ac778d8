"""The customers' portal: pages between a link in a message and a payment."""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalice.app import Chalice, Request, Response

from dunwell.accounts.access import (
    CODE_LIFE,
    SESSION_LIFE,
    AccessStore,
    GoneError,
    Session,
    WrongCodeError,
    csrf_token,
)
from dunwell.accounts.links import stop_email
from dunwell.accounts.sign_in import SignIn
from dunwell.dates import business_date
from dunwell.errors import NotFoundError, UnavailableError
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.outreach.notices import NoticeStore, shown_notices
from dunwell.outreach.policy import Creditor
from dunwell.outreach.ports import ContactStore
from dunwell.payments.checkout import Checkout, posted_payment
from dunwell.payments.order import OrderStatus
from dunwell.payments.overview import overview
from dunwell.payments.ports import OrderStore, PaymentGateway
from dunwell_aws import bootstrap
from dunwell_aws.clock import Clock
from dunwell_aws.code_mail import CodeMail
from dunwell_aws.environment import (
    AccessEnvironment,
    GatewayEnvironment,
    LedgerEnvironment,
    MailEnvironment,
    UrlsEnvironment,
    read_environment,
)
from dunwell_aws.observability import observed
from dunwell_aws.problems import Problem, answers_problems, problem_response
from dunwell_aws.stripe_address import checkout_origin
from dunwell_aws.urls import Urls
from dunwell_aws.web import FORM_TYPE, Form, Pages, at_least, cookie, read_cookie, read_form

TEMPLATES = Path(__file__).parent / "templates"
SESSION_COOKIE = "dunwell_session"
CODE_COOKIE = "dunwell_code"
ANSWER_SECONDS = 0.8
"""What asking for a code takes at least: longer than sending one, so that strangers cannot tell by the time."""
LOOKS = 10
LOOK_AGAIN_SECONDS = 3

app = Chalice(app_name="portal")


class PortalEnvironment(LedgerEnvironment, AccessEnvironment, MailEnvironment, GatewayEnvironment, UrlsEnvironment):
    """What the portal reads from its variables."""


@dataclass(frozen=True)
class Portal:
    """What the portal is made of; tests bring their own."""

    clock: Clock
    store: AccessStore
    ledger: Ledger
    orders: OrderStore
    sign_in: SignIn
    gateway: Callable[[], PaymentGateway]
    urls: Urls
    pages: Pages
    creditor: Creditor
    notices: NoticeStore
    contacts: ContactStore
    sleep: Callable[[float], None] = time.sleep


_portal: Portal | None = None


def use(portal: Portal | None) -> None:
    """Serve with these parts from now on; None composes them anew from the environment."""
    global _portal
    _portal = portal


def portal() -> Portal:
    """The parts in use, composed at first use."""
    if _portal is None:
        use(_composed())
    assert _portal is not None
    return _portal


def _composed() -> Portal:
    environment = read_environment(PortalEnvironment)
    creditor = bootstrap.policy().creditor
    pages = Pages(TEMPLATES, (checkout_origin(environment.stripe_api_base),))
    store, ledger = bootstrap.access(), bootstrap.ledger()
    sign_in = SignIn(store, ledger, CodeMail(pages.text, bootstrap.mailer, creditor))
    return Portal(
        bootstrap.clock(),
        store,
        ledger,
        bootstrap.orders(),
        sign_in,
        bootstrap.gateway,
        bootstrap.urls(),
        pages,
        creditor,
        bootstrap.notices(),
        bootstrap.collection(),
    )


def _request() -> Request:
    request = app.current_request
    assert request is not None
    return request


def _page(template: str, status: int = 200, **values: Any) -> Response:
    base_url = portal().urls.portal()
    return portal().pages.page(template, base_url, status, base=base_url, creditor=portal().creditor, **values)


def _redirect(path_or_url: str, *cookies: str) -> Response:
    base_url = portal().urls.portal()
    location = base_url + path_or_url if path_or_url.startswith("/") else path_or_url
    return portal().pages.redirect(location, base_url, cookies)


def _cookie(name: str, value: str, max_age_seconds: int) -> str:
    return cookie(name, value, portal().urls.portal(), max_age_seconds)


def _problem_page(problem: Problem) -> Response:
    """A problem as a page, or as a document for clients that ask for JSON."""
    accepted = _request().headers.get("accept", "")
    if "application/json" in accepted and "text/html" not in accepted:
        return problem_response(problem)
    base_url = ""
    # The addresses may be what is broken: the page that says so does without them.
    with contextlib.suppress(UnavailableError):
        base_url = portal().urls.portal()
    account = f"{base_url}/account" if base_url and read_cookie(_request(), SESSION_COOKIE) else ""
    answer = portal().pages.page(
        "problem.html", base_url, problem.status, creditor=portal().creditor, problem=problem, account=account
    )
    answer.headers.update(problem.headers)
    return answer


def route(path: str, *methods: str, content_types: tuple[str, ...] = (FORM_TYPE,)) -> Callable[..., Any]:
    """A route whose errors are pages."""
    types = list(content_types) if "POST" in methods else ["*/*"]
    register = app.route(path, methods=list(methods), content_types=types)
    return lambda view: register(answers_problems(view, _problem_page))


# --- from a link to a session ---


@route("/l/{token}", "GET")
def challenge(token: str) -> Response:
    """The question behind every link, known or not; nothing is looked up, so nothing can be told or used up."""
    return _page("challenge.html")


@route("/l/{token}", "POST")
def answer_challenge(token: str) -> Response:
    """Send a code if the answer is right; say the same either way, after the same time."""
    form = read_form(_request())
    with at_least(ANSWER_SECONDS, portal().sleep):
        code_token = portal().sign_in.ask_for_code(token, form.one("answer"), portal().clock.now())
    return _redirect("/code", _cookie(CODE_COOKIE, code_token, int(CODE_LIFE.total_seconds())))


@route("/code", "GET")
def ask_for_code() -> Response:
    """Where the code is typed."""
    return _page("code.html", failed=False)


@route("/code", "POST")
def use_code() -> Response:
    """Start a session, once a code; a code that is wrong, used or old is told in the same words."""
    form = read_form(_request())
    token = read_cookie(_request(), CODE_COOKIE)
    try:
        session_token = portal().sign_in.use_code(token, form.one("code"), portal().clock.now())
    except WrongCodeError:
        return _page("code.html", 403, failed=True)
    except GoneError:
        return _page("code.html", 410, failed=True)
    return _redirect(
        "/account",
        _cookie(SESSION_COOKIE, session_token, int(SESSION_LIFE.total_seconds())),
        _cookie(CODE_COOKIE, "", 0),
    )


@route("/sign-out", "POST")
def sign_out() -> Response:
    """End the session."""
    _, token, _ = _signed_in_form()
    portal().sign_in.sign_out(token)
    answer = _page("signed_out.html")
    answer.headers["Set-Cookie"] = [_cookie(SESSION_COOKIE, "", 0)]
    return answer


def _signed_in() -> tuple[Session, str]:
    token = read_cookie(_request(), SESSION_COOKIE)
    return portal().sign_in.session(token, portal().clock.now()), token


def _signed_in_form() -> tuple[Session, str, Form]:
    form = read_form(_request())
    token = read_cookie(_request(), SESSION_COOKIE)
    return portal().sign_in.session_of_form(token, form.one("csrf"), portal().clock.now()), token, form


def _account(session: Session) -> Account:
    account = portal().ledger.load(session.customer_id)
    if account is None or account.customer.is_internal:
        raise NotFoundError("This account is no longer here.")
    return account


# --- the account and its payment ---


@route("/account", "GET")
def show_account() -> Response:
    """What is owed and what was paid."""
    session, token = _signed_in()
    account = _account(session)
    now = portal().clock.now()
    today = business_date(now, portal().creditor.timezone)
    shown = overview(account, portal().orders.orders(session.customer_id), today)
    notices = shown_notices(account.customer.customer_id, portal().notices, portal().contacts, now)
    values: dict[str, Any] = {"overview": shown, "notices": notices, "customer": account.customer, "today": today}
    return _page("account.html", csrf=csrf_token(token), **values)


@route("/pay", "POST")
def pay() -> Response:
    """To the gateway's page, for all invoices of a currency or those chosen."""
    session, _, form = _signed_in_form()
    checkout = Checkout(portal().ledger, portal().orders, portal().gateway())
    url = checkout.start(
        session.customer_id,
        form.one("currency"),
        form.all("invoice") if form.one("what") == "chosen" else None,
        success_url=lambda order: portal().urls.portal(f"/paid?order={order.order_id}"),
        cancel_url=portal().urls.portal("/account"),
        now=portal().clock.now(),
    )
    return _redirect(url)


@route("/paid", "GET")
def show_paid() -> Response:
    """Whether a payment has arrived; looks again by itself a few times while it has not."""
    session, token = _signed_in()
    query: Mapping[str, str] = _request().query_params or {}
    order = portal().orders.order(session.customer_id, query.get("order") or "none")
    if order is None:
        raise NotFoundError("There is no such payment on your account.")
    account = _account(session)
    payment = posted_payment(account, order)
    answer = _page("paid.html", order=order, payment=payment, account=account, csrf=csrf_token(token))
    look = int(query.get("look") or 0) if (query.get("look") or "0").isdecimal() else LOOKS
    if payment is None and order.status is OrderStatus.OPEN and look < LOOKS:
        again = portal().urls.portal(f"/paid?order={order.order_id}&look={look + 1}")
        answer.headers["Refresh"] = f"{LOOK_AGAIN_SECONDS}; url={again}"
    return answer


# --- no more e-mail ---


@route("/stop/{token}", "GET")
def confirm_stop(token: str) -> Response:
    """Asks only: mail scanners follow links."""
    return _page("stop.html")


@route("/stop/{token}", "POST", content_types=("*/*",))
def stop(token: str) -> Response:
    """End e-mail: from our page, or from a mail program's one click (RFC 8058), without cookie or session."""
    stop_email(portal().store, portal().ledger, token, portal().clock.now())
    return _page("stopped.html")


@observed
def handler(event: dict[str, Any], context: Any, parts: Portal | None = None) -> Any:
    """Entry point: a proxy event of API Gateway."""
    if parts is not None:
        use(parts)
    return app(event, context)
