"""What the portal's areas share beside ``dunwell_aws.site``: pages in the visitor's language, sessions and forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from chalice.app import Response

from dunwell.accounts.access import SESSION_LIFE, Session, csrf_token
from dunwell.accounts.model import Customer
from dunwell.errors import NotFoundError
from dunwell.ledger.model import Account
from dunwell_aws.portal.parts import Portal
from dunwell_aws.portal.words import Say
from dunwell_aws.problems import Problem
from dunwell_aws.site import BaseSite
from dunwell_aws.web import Form, read_form

SESSION_COOKIE = "dunwell_session"
API_PATH = "/api/"
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
_TOLD_BY_KIND = frozenset({"signed_out", "wait"})
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


class Site(BaseSite[Portal]):
    """The portal's application with what its areas share.

    An area's words are ``words/<language>/<area>.yaml``.
    """

    methods = ("GET", "POST", "PATCH", "DELETE")

    @property
    def base_url(self) -> str:
        """See ``BaseSite``."""
        return self.parts.urls.portal()

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
        """
        form, token = read_form(self.request), self.cookie_value(SESSION_COOKIE)
        session = self.parts.sign_in.session_of_form(token, form.one("csrf"), self.parts.clock.now())
        return self._visitor(session, token), form

    def _visitor(self, session: Session, token: str) -> Visitor:
        account = self.parts.ledger.load(session.customer_id)
        if account is None or account.customer.is_internal:
            raise NotFoundError("This account is no longer here.")
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
        answer = self._rendered(template, self.base_url, visitor, status, values)
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

    def is_for_programs(self) -> bool:
        """Also everything under the API's path."""
        return super().is_for_programs() or API_PATH in str(self.request.context.get("path", ""))

    def problem_page(self, problem: Problem, base_url: str) -> Response:
        """See ``BaseSite``: in the language chosen in this browser."""
        token = self.cookie_value(SESSION_COOKIE)
        account = f"{base_url}/account" if base_url and token else ""
        kind = _KINDS.get(problem.status, "down" if problem.status >= 500 else "invalid")
        detail = _detail(self.say(), kind, problem)
        values = {"kind": kind, "detail": detail, "account": account, "csrf": csrf_token(token) if token else ""}
        return self._rendered("problem.html", base_url, None, problem.status, values)


def _detail(say: Say, kind: str, problem: Problem) -> str:
    """What was wrong, if the page's language has words for it: those of its code, or the error's own English ones."""
    if kind in _TOLD_BY_KIND:
        return ""
    key = f"problems.details.{problem.code}"
    if problem.code and say.has(key):
        return say(key)
    return problem.detail if say.language == _LANGUAGE_OF_ERRORS else ""
