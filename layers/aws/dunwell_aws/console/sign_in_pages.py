"""Signing in and out of the console."""

from chalice.app import Response

from dunwell.accounts.access import csrf_token, new_token
from dunwell.errors import InvalidInputError, RefusedError
from dunwell_aws.agents import NewPasswordNeeded, SignedIn, WrongCredentialsError
from dunwell_aws.console.site import SESSION_COOKIE, Site
from dunwell_aws.observability import count

FORM_COOKIE = "dunwell_agent_form"
FORM_SECONDS = 3600


def add_sign_in_pages(site: Site) -> None:
    """Adds the pages to the console."""

    @site.route("/sign-in", "GET")
    def show_sign_in() -> Response:
        """The form."""
        return _sign_in_page(site)

    @site.route("/sign-in", "POST")
    def sign_in() -> Response:
        """A session, the page for a new password, or the form again."""
        form = site.form(FORM_COOKIE)
        email = form.one("email").strip()
        try:
            found = site.parts.agents.sign_in(email, form.one("password"))
        except WrongCredentialsError as refusal:
            count("AgentSignInsRefused")
            return _sign_in_page(site, 403, str(refusal), email)
        if isinstance(found, NewPasswordNeeded):
            return _new_password_page(site, found, form.one("csrf"))
        return _signed_in(site, found)

    @site.route("/new-password", "POST")
    def set_new_password() -> Response:
        """A session, or the page again when the password will not do."""
        form = site.form(FORM_COOKIE)
        needed = NewPasswordNeeded(form.one("user"), form.one("session"))
        if form.one("password") != form.one("again"):
            message = "The two passwords differ. Type the same one twice."
            return _new_password_page(site, needed, form.one("csrf"), 400, message)
        try:
            return _signed_in(site, site.parts.agents.set_new_password(needed, form.one("password")))
        except InvalidInputError as problem:
            return _new_password_page(site, needed, form.one("csrf"), 400, str(problem))
        except WrongCredentialsError as refusal:
            return _sign_in_page(site, 403, str(refusal))

    @site.route("/sign-out", "POST")
    def sign_out() -> Response:
        """Ends the agent's sessions everywhere."""
        site.form(SESSION_COOKIE)
        site.parts.agents.sign_out(site.cookie_value(SESSION_COOKIE))
        return site.redirect("/sign-in", site.cookie(SESSION_COOKIE, "", 0))


def _sign_in_page(site: Site, status: int = 200, message: str = "", email: str = "") -> Response:
    token = new_token()
    page = site.page("sign_in.html", status=status, csrf=csrf_token(token), message=message, email=email)
    page.headers["Set-Cookie"] = site.cookie(FORM_COOKIE, token, FORM_SECONDS)
    return page


def _new_password_page(
    site: Site, needed: NewPasswordNeeded, csrf: str, status: int = 200, message: str = ""
) -> Response:
    return site.page("new_password.html", status=status, needed=needed, csrf=csrf, message=message)


def _signed_in(site: Site, found: SignedIn) -> Response:
    try:
        site.parts.agents.agent(found.access_token)
    except RefusedError as refusal:
        return _sign_in_page(site, 403, str(refusal))
    count("AgentsSignedIn")
    session = site.cookie(SESSION_COOKIE, found.access_token, found.life_seconds)
    return site.redirect("/", session, site.cookie(FORM_COOKIE, "", 0))
