"""Saved payment methods: added on the gateway's page, removed, and used for automatic payment, each with consent."""

from typing import Any

from chalice.app import Response

from dunwell.errors import NotFoundError, RefusedError
from dunwell.ledger.debits import MethodStatus, PaymentMethod
from dunwell.ledger.model import Account
from dunwell.ledger.update import update
from dunwell.payments.checkout import Checkout
from dunwell.payments.methods import autopay_method, set_autopay
from dunwell.payments.order import Consent as Saving
from dunwell_aws.portal.consent import Consent
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.web import Form

_DONE = ("added", "removed", "autopay_is_on", "autopay_is_off", "stopped")


def add_method_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/methods", "GET")
    def show() -> Response:
        """What is saved, and whether invoices are paid from it by themselves."""
        return _page(site, site.visitor())

    @site.route("/methods/add", "POST")
    def add() -> Response:
        """To the gateway's page, to save a method with the words that were shown."""
        visitor, form = site.sent()
        words = saving_words(site, visitor).agreed(form.one("shown"))
        return site.redirect(_start_saving(site, visitor, form, words))

    @site.route("/methods/{method_id}/remove", "POST")
    def remove(method_id: str) -> Response:
        """Take a method away; again changes nothing."""
        visitor, _ = site.sent()
        parts = site.parts
        Checkout(parts.ledger, parts.orders, parts.gateway()).remove_method(
            visitor.customer_id, method_id, parts.clock.now()
        )
        return site.redirect("/methods?done=removed")

    @site.route("/methods/{method_id}/autopay", "POST")
    def switch(method_id: str) -> Response:
        """Automatic payment on, with the words that were shown, or off."""
        visitor, form = site.sent()
        method = visitor.account.methods.get(method_id)
        if method is None:
            raise NotFoundError("There is no such payment method.", code="no_method")
        on, now = form.one("switch") == "on", site.parts.clock.now()
        words = autopay_words(site, visitor, method).agreed(form.one("shown")) if on else ""
        update(site.parts.ledger, visitor.customer_id, lambda account: set_autopay(account, method_id, on, now, words))
        return site.redirect(f"/methods?done=autopay_is_{'on' if on else 'off'}")


def saving_words(site: Site, visitor: Visitor) -> Consent:
    """What is agreed to by saving a method."""
    return Consent(site.say(visitor)("methods.add_words", creditor=site.parts.creditor.name))


def autopay_words(site: Site, visitor: Visitor, method: PaymentMethod) -> Consent:
    """What is agreed to by automatic payment from a method."""
    creditor, say = site.parts.creditor, site.say(visitor)
    values = {"creditor": creditor.name, "label": method.label, "telephone": creditor.telephone}
    return Consent(say("methods.autopay_words", **values), method.method_id, method.label)


def shown_methods(account: Account) -> list[PaymentMethod]:
    """The methods a customer knows of, the newest first: not those taken away."""
    kept = (one for one in account.methods.values() if one.status is not MethodStatus.REMOVED)
    return sorted(kept, key=lambda one: (one.saved_at, one.method_id), reverse=True)


def _start_saving(site: Site, visitor: Visitor, form: Form, words: str) -> str:
    parts, plan = site.parts, form.one("plan")
    if plan and plan not in visitor.account.agreements:
        raise NotFoundError("There is no such plan on your account.", code="no_agreement")
    back = f"/plan/{plan}" if plan else "/methods?done=added"
    return Checkout(parts.ledger, parts.orders, parts.gateway()).start_saving(
        visitor.customer_id,
        _currency(visitor.account),
        Saving(words),
        success_url=lambda order: parts.urls.portal(back),
        cancel_url=parts.urls.portal("/methods"),
        now=parts.clock.now(),
        agreement_id=plan,
    )


def _currency(account: Account) -> str:
    """The currency that the gateway shows its page for: which ways to pay there are depends on it."""
    known = [invoice.currency for invoice in account.invoices.values()]
    if not known:
        raise RefusedError("There is nothing on your account that could be paid.", code="nothing_to_pay")
    return max(account.balances, key=lambda one: account.balances[one], default=known[-1])


def _page(site: Site, visitor: Visitor) -> Response:
    account, done, say = visitor.account, site.query("done"), site.say(visitor)
    methods = shown_methods(account)
    values: dict[str, Any] = {
        "methods": methods,
        "paying": {a.authorisation.method_id for a in account.agreements.values() if a.is_standing and a.authorisation},
        "add": saving_words(site, visitor),
        "autopay": autopay_method(account),
        "consents": [autopay_words(site, visitor, one) for one in methods if one.is_usable],
        "next": None,
        "plan": site.query("plan") if site.query("plan") in account.agreements else "",
        "note": say(f"methods.{done}") if done in _DONE else "",
    }
    return site.page("methods.html", visitor, **values)
