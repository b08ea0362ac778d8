"""What every area of the portal stands on: routes, pages in the visitor's language, sessions and forms."""

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from chalice.app import Chalice, Request, Response

from dunwell.accounts.access import SESSION_LIFE, Session, csrf_token, require_theirs
from dunwell.accounts.model import Customer
from dunwell.errors import NotFoundError, UnavailableError, WrongMethodError
from dunwell.ledger.model import Account
from dunwell_aws.portal.parts import Portal
from dunwell_aws.portal.words import Say
from dunwell_aws.problems import Problem, answers_problems, problem_response
from dunwell_aws.routing import MISSING, WRONG_METHOD
from dunwell_aws.web import FORM_TYPE, Form, cookie, read_cookie, read_form

SESSION_COOKIE = "dunwell_session"
API_PATH = "/api/"
METHODS = ("GET", "POST", "PATCH", "DELETE")
"""Those that the template lets in."""
LANGUAGE_COOKIE = "dunwell_language"
SESSION_SECONDS = int(SESSION_LIFE.total_seconds())
NAVIGATION = (
    ("/account", "common.nav.account"),
    ("/invoices", "common.nav.invoices"),
    ("/payments", "common.nav.payments"),
    ("/statement", "common.nav.statement"),
    ("/messages", "common.nav.messages"),
    ("/methods", "common.nav.methods"),
    ("/preferences", "common.nav.preferences"),
    ("/contact", "common.nav.contact"),
)
"""The pages of the menu and what they are called."""
_KINDS = {
    400: "invalid",
    401: "signed_out",
    403: "refused",
    404: "not_found",
    405: "not_found",
    409: "conflict",
    410: "gone",
    429: "wait",
}
TOO_MANY_WRITES = "too_many_writes"
_TOLD_BY_KIND = frozenset({"signed_out", "wait", TOO_MANY_WRITES})
_LANGUAGE_OF_ERRORS = "en"


@dataclass(frozen=True)
class Visitor:
    """A signed-in customer.

    Attributes:
        token: of the session, as the browser holds it.
    """

    session: Session
    token: str
    account: Account

    @property
    def customer_id(self) -> str:
        """Whose account may be shown: never taken from an address or a form."""
        return self.account.customer.customer_id

    @property
    def customer(self) -> Customer:
        """Who they are."""
        return self.account.customer

    @property
    def csrf(self) -> str:
        """What their forms carry."""
        return csrf_token(self.token)


class Site:
    """The portal's application with what its areas share.

    An area is a module with one function ``add_..._pages(site)``, which registers its routes; its words are
    ``words/<language>/<area>.yaml``.

    Args:
        parts: gives the parts in use, composed at first use.
    """

    def __init__(self, app: Chalice, parts: Callable[[], Portal]) -> None:
        self.app = app
        self._parts = parts

    @property
    def parts(self) -> Portal:
        """The parts in use."""
        return self._parts()

    @property
    def request(self) -> Request:
        """The request that is answered."""
        assert self.app.current_request is not None
        return self.app.current_request

    def query(self, name: str) -> str:
        """A parameter of the address, or empty."""
        given: Mapping[str, str] = self.request.query_params or {}
        return given.get(name) or ""

    def cookie_value(self, name: str) -> str:
        """A cookie that the browser sent, or empty."""
        return read_cookie(self.request, name)

    def route(self, path: str, *methods: str, content_types: tuple[str, ...] = (FORM_TYPE,)) -> Callable[..., Any]:
        """A route whose errors are pages."""
        types = list(content_types) if "POST" in methods else ["*/*"]
        register = self.app.route(path, methods=list(methods), content_types=types)
        return lambda view: register(answers_problems(view, self._problem_page))

    def add_fallbacks(self) -> None:
        """What answers for paths and methods that no area knows (``dunwell_aws.routing``)."""

        def missing() -> Response:
            raise NotFoundError("There is no such page.")

        def wrong_method() -> Response:
            raise WrongMethodError("This address does not take such a request.")

        for path, view in ((MISSING, missing), (WRONG_METHOD, wrong_method)):
            self.route(path, *METHODS, content_types=("*/*",))(view)

    # --- who asks ---

    def visitor(self) -> Visitor:
        """Who asks for a page.

        Raises:
            SignInRequiredError: nobody is signed in. NotFoundError: their account is no longer here.
        """
        token = self.cookie_value(SESSION_COOKIE)
        return self._visitor(self.parts.sign_in.session(token, self.parts.clock.now()), token)

    def sent(self) -> tuple[Visitor, Form]:
        """Who sent a form, and the form, if it is from a page of their session.

        Raises:
            SignInRequiredError, NotFoundError: as ``visitor``. RefusedError: it is from elsewhere.
            TooManyRequestsError: see ``WriteRates``.
        """
        form, token = read_form(self.request), self.cookie_value(SESSION_COOKIE)
        now = self.parts.clock.now()
        session = self.parts.sign_in.session_of_form(token, form.one("csrf"), now)
        self.parts.rates(session, now)
        return self._visitor(session, token), form

    def _visitor(self, session: Session, token: str) -> Visitor:
        account = self.parts.ledger.load(session.customer_id)
        if account is None or account.customer.is_internal:
            raise NotFoundError("This account is no longer here.")
        require_theirs(account.customer, session)
        return Visitor(session, token, account)

    # --- in which language ---

    def say(self, visitor: Visitor | None = None) -> Say:
        """The words for who asks: in the language chosen in this browser, else the customer's, else the browser's."""
        words, customer = self.parts.words, visitor.customer if visitor else None
        chosen = self.cookie_value(LANGUAGE_COOKIE)
        if chosen not in words.names:
            chosen = customer.language if customer else words.preferred(self.request.headers.get("accept-language", ""))
        return words.say(chosen, customer.country if customer else "")

    def language_cookie(self, language: str) -> str:
        """What keeps a language in this browser until it is closed or the session's time is over."""
        return self.cookie(LANGUAGE_COOKIE, language, SESSION_SECONDS)

    # --- answers ---

    def page(self, template: str, visitor: Visitor | None = None, status: int = 200, **values: Any) -> Response:
        """A template in the visitor's language.

        Templates find: ``t`` (words), ``base`` (address of the portal), ``creditor``, ``csrf`` (empty when nobody is
        signed in), ``here`` (the page's own path), ``signed_in``, and the filters ``money``, ``date`` and ``number``.
        """
        answer = self._rendered(template, self.parts.urls.portal(), visitor, status, values)
        if visitor and visitor.customer.language in self.parts.words.names and not self.cookie_value(LANGUAGE_COOKIE):
            # Problems are told without looking anybody up, and yet in the customer's language.
            return self.with_cookie(answer, self.language_cookie(visitor.customer.language))
        return answer

    @staticmethod
    def with_cookie(answer: Response, made: str) -> Response:
        """An answer that also sets a cookie."""
        before = answer.headers.get("Set-Cookie", [])
        answer.headers["Set-Cookie"] = [*([before] if isinstance(before, str) else before), made]
        return answer

    def file(self, content: bytes, media_type: str, name: str) -> Response:
        """A file to keep, under a name of which only plain letters, digits, dots and dashes are left."""
        headers: dict[str, str | list[str]] = {**self.parts.pages.headers(self.parts.urls.portal())}
        plain = re.sub(r"[^A-Za-z0-9.-]+", "-", name)
        disposition = f'attachment; filename="{plain}"'
        return Response(content, headers | {"Content-Type": media_type, "Content-Disposition": disposition}, 200)

    def redirect(self, path_or_url: str, *cookies: str) -> Response:
        """To another page, fetched by GET."""
        base_url = self.parts.urls.portal()
        location = base_url + path_or_url if path_or_url.startswith("/") else path_or_url
        return self.parts.pages.redirect(location, base_url, cookies)

    def cookie(self, name: str, value: str, max_age_seconds: int) -> str:
        """A cookie of the portal."""
        return cookie(name, value, self.parts.urls.portal(), max_age_seconds)

    def done(self) -> str:
        """What the form before this page did, when it led here: a code, or empty."""
        code = self.query("done")
        return code if code.isidentifier() else ""

    def here(self) -> str:
        """The path of the page that is shown, to come back to; of a form's answer that of the form's page."""
        request = self.request
        resource = str(request.context.get("resourcePath", "/"))
        if "GET" not in self.app.routes.get(resource, {}):
            return "/account"
        path = resource
        for name, value in (request.uri_params or {}).items():
            path = path.replace(f"{{{name}}}", value)
        query = request.query_params if request.method == "GET" else None
        return f"{path}?{urlencode(dict(query))}" if query else path

    def _rendered(
        self, template: str, base_url: str, visitor: Visitor | None, status: int, values: Mapping[str, Any]
    ) -> Response:
        shared = {
            "t": self.say(visitor),
            "base": base_url,
            "here": self.here(),
            "creditor": self.parts.creditor,
            "navigation": NAVIGATION,
            "languages": self.parts.words.names,
            "csrf": visitor.csrf if visitor else "",
            "signed_in": visitor is not None,
        }
        return self.parts.pages.page(template, base_url, status, **(shared | dict(values)))

    def _problem_page(self, problem: Problem) -> Response:
        """A problem as a page, or as a document for clients that ask for JSON."""
        accepted = self.request.headers.get("accept", "")
        wants_json = "application/json" in accepted and "text/html" not in accepted
        if wants_json or str(self.request.context.get("path", "")).find(API_PATH) >= 0:
            return problem_response(problem)
        base_url = ""
        # The addresses may be what is broken: the page that says so does without them.
        with contextlib.suppress(UnavailableError):
            base_url = self.parts.urls.portal()
        token = self.cookie_value(SESSION_COOKIE)
        account = f"{base_url}/account" if base_url and token else ""
        kind = _KINDS.get(problem.status, "down" if problem.status >= 500 else "invalid")
        kind = problem.code if problem.code == TOO_MANY_WRITES else kind
        detail = _detail(self.say(), kind, problem)
        values = {"kind": kind, "detail": detail, "account": account, "csrf": csrf_token(token) if token else ""}
        answer = self._rendered("problem.html", base_url, None, problem.status, values)
        answer.headers.update(problem.headers)
        return answer


def _detail(say: Say, kind: str, problem: Problem) -> str:
    """What was wrong, if the page's language has words for it: those of its code, or the error's own English ones."""
    if kind in _TOLD_BY_KIND:
        return ""
    key = f"problems.details.{problem.code}"
    if problem.code and say.has(key):
        return say(key)
    return problem.detail if say.language == _LANGUAGE_OF_ERRORS else ""
