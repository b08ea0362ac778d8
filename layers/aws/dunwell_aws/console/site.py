"""What the console's areas share beside ``dunwell_aws.site``: who is signed in, their forms, and pages for them."""

from dataclasses import dataclass
from typing import Any

from chalice.app import Response

from dunwell.accounts.access import csrf_matches, csrf_token
from dunwell.errors import DunwellError, InvalidInputError, RefusedError
from dunwell_aws.agents import Agent
from dunwell_aws.console.forms import DONE
from dunwell_aws.console.parts import Console
from dunwell_aws.problems import Problem
from dunwell_aws.site import BaseSite
from dunwell_aws.web import Form, read_form

SESSION_COOKIE = "dunwell_agent"
LINES_SHOWN = 100
"""Of a list of things to do, those that wait longest."""

Refusal = DunwellError | None
"""Why a form is shown again; None when it is shown for the first time."""


@dataclass(frozen=True, slots=True)
class SignedInAgent:
    """Who asks.

    Attributes:
        token: of the session, as the browser holds it.
    """

    agent: Agent
    token: str

    @property
    def name(self) -> str:
        """Their e-mail address."""
        return self.agent.name

    @property
    def csrf(self) -> str:
        """What their forms carry."""
        return csrf_token(self.token)


class Site(BaseSite[Console]):
    """The console's application with what its areas share."""

    same_site = "Strict"

    @property
    def base_url(self) -> str:
        """See ``BaseSite``."""
        return self.parts.urls.console()

    # --- who asks ---

    def agent(self) -> SignedInAgent:
        """Who asks for a page; to be asked before anything is looked up.

        Raises:
            SignInRequiredError: nobody is signed in. RefusedError: they are no agent.
        """
        token = self.cookie_value(SESSION_COOKIE)
        return SignedInAgent(self.parts.agents.agent(token), token)

    def sent(self) -> tuple[SignedInAgent, Form]:
        """Who sent a form, and the form.

        Raises:
            SignInRequiredError, RefusedError: as ``agent``, or it is not from a page of their session.
        """
        return self.agent(), self.form(SESSION_COOKIE)

    def form(self, cookie_name: str) -> Form:
        """The form in the request, if one of our own pages sent it to the browser that has a cookie.

        Raises:
            RefusedError: it is from elsewhere.
        """
        form, token = read_form(self.request), self.cookie_value(cookie_name)
        if not token or not csrf_matches(token, form.one("csrf")):
            raise RefusedError("This form is out of date or was sent from another site. Reload the page and try again.")
        return form

    # --- answers ---

    def notice(self) -> str:
        """What the form before this page did, in words; empty when none led here."""
        return DONE.get(self.done(), "")

    def page(self, template: str, who: SignedInAgent | None = None, status: int = 200, **values: Any) -> Response:
        """A template, for who is signed in.

        Templates find: ``base`` (address of the console), ``creditor``, and of who is signed in ``agent`` and ``csrf``.
        """
        signed_in = {"agent": who.agent, "csrf": who.csrf} if who else {}
        base_url = self.base_url
        shared = {"base": base_url, "creditor": self.parts.creditor} | signed_in
        return self.parts.pages.page(template, base_url, status, **(shared | values))

    def moved(self, customer_id: str, page: str = "") -> Response | None:
        """The way to the customer that this one became part of; None when it is a customer still.

        Args:
            page: which of the customer's pages; empty for the customer themselves.

        Raises:
            NotFoundError: there is no such customer.
        """
        now_at = self.parts.customers.account(customer_id).customer.customer_id
        return self.redirect(f"/customers/{now_at}{page}") if now_at != customer_id else None

    def form_page(self, template: str, who: SignedInAgent, problem: Refusal, **values: Any) -> Response:
        """A page with a form; after a problem again: it was filled in wrongly, or something stands against it."""
        status = 200 if problem is None else 400 if isinstance(problem, InvalidInputError) else 409
        return self.page(template, who, status, message=str(problem or ""), **values)

    def problem_page(self, problem: Problem, base_url: str) -> Response:
        """See ``BaseSite``: signed out leads to signing in."""
        if problem.status == 401:
            return self.redirect("/sign-in", self.cookie(SESSION_COOKIE, "", 0))
        values = {"base": base_url, "creditor": self.parts.creditor, "problem": problem}
        return self.parts.pages.page("problem.html", base_url, problem.status, **values)
