"""Contacting a person: where we are, a message to us, and being called back."""

from chalice.app import Response

from dunwell.accounts.access import new_token
from dunwell.accounts.contact_points import PartOfDay
from dunwell.errors import InvalidInputError
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.web import Form

_KEY_BITS = 128
_LONGEST_KEY = 64


def add_contact_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/contact", "GET")
    def show_contact() -> Response:
        """How to reach a person, and the form."""
        return contact_page(site.visitor())

    @site.route("/contact", "POST")
    def ask() -> Response:
        """Gives an agent the task of answering; twice is once."""
        visitor, form = site.sent()
        try:
            _ask(site, visitor, form)
        except InvalidInputError as problem:
            return contact_page(visitor, problem, form)
        return site.redirect("/contact?done=asked")

    def contact_page(visitor: Visitor, problem: InvalidInputError | None = None, form: Form | None = None) -> Response:
        return site.page(
            "contact.html",
            visitor,
            400 if problem else 200,
            hours=list(PartOfDay),
            key=(form.one("key") if form else "") or new_token(_KEY_BITS),
            given={name: form.one(name) if form else "" for name in ("text", "number", "hours")},
            wrong=f"problems.details.{problem.code}" if problem else "",
            done=site.done(),
        )


def _ask(site: Site, visitor: Visitor, form: Form) -> None:
    from dunwell.outreach.requests import clean_number, clean_text, request_task

    text, number = clean_text(form.one("text")), clean_number(form.one("number"))
    hours, reason = form.one("hours"), "call_back" if number else "message"
    when = f", {hours}" if hours in set(PartOfDay) else ""
    words = f"{text}\n\nCall back: {number}{when}" if number else text
    now, key = site.parts.clock.now(), form.one("key")[:_LONGEST_KEY]
    site.parts.tasks.open_task(request_task(visitor.customer_id, reason, key, words, now))
