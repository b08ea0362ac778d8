"""From a link to a session, and out of it again; the language of the pages; no more e-mail by one click."""

from chalice.app import Response

from dunwell.accounts.access import CODE_LIFE, GoneError, WrongCodeError
from dunwell.accounts.links import stop_email
from dunwell.accounts.model import Channel
from dunwell_aws.portal.site import LANGUAGE_COOKIE, SESSION_COOKIE, SESSION_SECONDS, Site
from dunwell_aws.web import at_least, read_form

CODE_COOKIE = "dunwell_code"
ANSWER_SECONDS = 1.5
"""What asking for a code takes at least: longer than sending one, so that strangers cannot tell by the time."""


def add_sign_in_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/l/{token}", "GET")
    def challenge(token: str) -> Response:
        """The question behind every link, known or not; nothing is looked up, so nothing can be told or used up."""
        return site.page("challenge.html")

    @site.route("/l/{token}", "POST")
    def answer_challenge(token: str) -> Response:
        """Send a code if the answer is right; say the same either way, after the same time."""
        form, parts = read_form(site.request), site.parts
        way = Channel.SMS if form.one("way") == Channel.SMS else Channel.EMAIL
        with at_least(ANSWER_SECONDS, parts.sleep):
            code_token = parts.sign_in.ask_for_code(token, form.one("answer"), parts.clock.now(), way)
        return site.redirect("/code", site.cookie(CODE_COOKIE, code_token, int(CODE_LIFE.total_seconds())))

    @site.route("/code", "GET")
    def ask_for_code() -> Response:
        """Where the code is typed."""
        return site.page("code.html", failed=False)

    @site.route("/code", "POST")
    def use_code() -> Response:
        """Start a session, once a code; a code that is wrong, used or old is told in the same words."""
        form, parts = read_form(site.request), site.parts
        try:
            token = parts.sign_in.use_code(site.cookie_value(CODE_COOKIE), form.one("code"), parts.clock.now())
        except WrongCodeError:
            return site.page("code.html", status=403, failed=True)
        except GoneError:
            return site.page("code.html", status=410, failed=True)
        session = site.cookie(SESSION_COOKIE, token, SESSION_SECONDS)
        return site.redirect("/account", session, site.cookie(CODE_COOKIE, "", 0))

    @site.route("/sign-out", "POST")
    def sign_out() -> Response:
        """End the session."""
        visitor, _ = site.sent()
        site.parts.sign_in.sign_out(visitor.token)
        answer = site.page("signed_out.html")
        answer.headers["Set-Cookie"] = [site.cookie(SESSION_COOKIE, "", 0), site.cookie(LANGUAGE_COOKIE, "", 0)]
        return answer

    @site.route("/stop/{token}", "GET")
    def confirm_stop(token: str) -> Response:
        """Asks only: mail scanners follow links."""
        return site.page("stop.html")

    @site.route("/stop/{token}", "POST", content_types=("*/*",))
    def stop(token: str) -> Response:
        """End e-mail: from our page, or from a mail program's one click (RFC 8058), without cookie or session."""
        stop_email(site.parts.store, site.parts.ledger, site.parts.addresses, token, site.parts.clock.now())
        return site.page("stopped.html")
