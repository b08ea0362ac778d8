"""The language of the pages: chosen at the foot of each, kept in the browser, and with the customer once known."""

from chalice.app import Response

from dunwell.accounts.access import SignInRequiredError
from dunwell.accounts.choices import choose_language
from dunwell.errors import InvalidInputError
from dunwell_aws.portal.site import Site
from dunwell_aws.web import Form, read_form


def add_language_pages(site: Site) -> None:
    """Adds the form's answer to the portal."""

    @site.route("/language", "POST")
    def choose() -> Response:
        """The page that the form was on, in another language."""
        form = read_form(site.request)
        language = form.one("language")
        if language not in site.parts.words.names:
            raise InvalidInputError("There is no such language.", field="language", code="no_language")
        _keep(site, form, language)
        return site.redirect(_back(form.one("back")), site.language_cookie(language))


def _keep(site: Site, form: Form, language: str) -> None:
    """Keeps the language with the customer who is signed in; a session that ended keeps nothing."""
    if not form.one("csrf"):
        return
    try:
        visitor, _ = site.sent()
    except SignInRequiredError:
        return
    choose_language(site.parts.ledger, visitor.customer_id, language)


def _back(path: str) -> str:
    """A path of the portal itself: nobody is led away by a form."""
    own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and " " not in path
    return path if own else "/account"
