"""`/c/…`: the pages a customer's browser opens."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from . import checkout
from .errors import ApiError
from .money import format_amount
from .pages import authentication_page, checkout_page, notice_page
from .state import Resource, Sandbox


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser gets: HTML, or the place to go to with 303."""

    html: str = ""
    status: int = 200
    location: str | None = None


_NOT_FOUND = Page(notice_page("Page not found", "This link is not valid. Ask the sender for a new one."), 404)


def serve_page(sandbox: Sandbox, method: str, path: str, body: str) -> Page:
    """Answer a browser."""
    _, _, kind, object_id, *rest = [*path.split("/"), "", ""]
    found = sandbox.find(object_id)
    if found is None or any(rest):
        return _NOT_FOUND
    if kind == "pay" and found["object"] == "checkout.session":
        return _pay(sandbox, found, method, body)
    if kind == "authenticate" and found["object"] in ("payment_intent", "setup_intent"):
        return _authenticate(sandbox, found, method, body)
    if kind == "receipt" and found["object"] == "charge" and found["captured"]:
        amount = format_amount(found["amount_captured"], found["currency"])
        return Page(notice_page("Receipt", f"You paid {amount}. Reference: {found['id']}."))
    return _NOT_FOUND


def _pay(sandbox: Sandbox, session: Resource, method: str, body: str) -> Page:
    if session["status"] != "open":
        return _closed(session)
    if method == "GET":
        return _form(sandbox, session, _last_refusal(sandbox, session), {})
    typed = dict(parse_qsl(body, keep_blank_values=True))
    try:
        return Page(status=303, location=checkout.submit(sandbox, session, typed))
    except ApiError as refusal:
        return _form(sandbox, session, refusal.details["message"], typed, refusal.status)


def _closed(session: Resource) -> Page:
    link = (session["cancel_url"], "Go back") if session["cancel_url"] else None
    if session["status"] == "expired":
        return Page(notice_page("This link has expired", "Ask the sender for a new payment link.", link), 410)
    done = "Your payment was received." if session["payment_status"] == "paid" else "Your details were received."
    return Page(notice_page("All done here", f"This page has been completed. {done}"))


def _last_refusal(sandbox: Sandbox, session: Resource) -> str | None:
    intent = sandbox.find(session["payment_intent"] or session["setup_intent"] or "") or {}
    error = intent.get("last_payment_error") or intent.get("last_setup_error") or {}
    return error.get("message")


def _form(sandbox: Sandbox, session: Resource, error: str | None, typed: dict[str, str], status: int = 200) -> Page:
    customer = sandbox.find(session["customer"] or "") or {}
    email = session["customer_email"] or customer.get("email")
    items = sandbox.line_items[session["id"]]
    return Page(checkout_page(session, items, email=email, error=error, typed=typed), status)


def _authenticate(sandbox: Sandbox, intent: Resource, method: str, body: str) -> Page:
    waiting = intent["status"] == "requires_action"
    if method == "GET" and waiting:
        return Page(authentication_page(intent))
    if not waiting:
        return Page(notice_page("Nothing to confirm", "This request was answered already."), 410)
    answer = dict(parse_qsl(body)).get("answer")
    target = checkout.finish_authentication(sandbox, intent, passed=answer == "complete")
    if target:
        return Page(status=303, location=target)
    return Page(notice_page("Thank you", "You can close this page and go back to the shop."))
