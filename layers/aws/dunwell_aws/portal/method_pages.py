"""Saved payment methods: added on the gateway's page, removed, and used for automatic payment, each with consent."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from chalice.app import Response

from dunwell.errors import NotFoundError, RefusedError
from dunwell.ledger.agreements import AgreementKind
from dunwell.ledger.automatic import autopay_method
from dunwell.ledger.change import Change
from dunwell.ledger.debits import MethodStatus, PaymentMethod
from dunwell.ledger.model import Account
from dunwell.ledger.update import update
from dunwell.payments.checkout import Checkout
from dunwell.payments.methods import set_autopay
from dunwell.payments.order import Consent as Saving
from dunwell.payments.stop_payment import coming_debits, stop_debit
from dunwell_aws.agreed import PolicyArrangements
from dunwell_aws.portal.consent import Consent
from dunwell_aws.portal.deals import agreement_of, plan_words
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
        words = saving_words(site, visitor, form.one("plan")).agreed(form.one("shown"))
        return site.redirect(_start_saving(site, visitor, form, words))

    @site.route("/methods/stop", "POST")
    def stop() -> Response:
        """Stop one debit that is to come; the debt stays."""
        visitor, form = site.sent()
        parts, unpaid, purpose = (
            site.parts,
            PolicyArrangements(site.parts.arrangements().policy).unpaid,
            form.one("debit"),
        )
        today, now = parts.today, parts.clock.now()
        update(parts.ledger, visitor.customer_id, lambda read: stop_debit(read, purpose, unpaid, today, now))
        return site.redirect("/methods?done=stopped")

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
        update(site.parts.ledger, visitor.customer_id, lambda account: _switched(account, method_id, words, now))
        return site.redirect(f"/methods?done=autopay_is_{'on' if on else 'off'}")


def saving_words(site: Site, visitor: Visitor, plan: str = "") -> Consent:
    """What is agreed to by saving a method: to keep it and, for a plan's, to debit the plan from it."""
    words = site.say(visitor)("methods.add_words", creditor=site.parts.creditor.name)
    if not plan:
        return Consent(words)
    agreement = agreement_of(visitor, plan, AgreementKind.PLAN)
    return Consent(f"{words} {plan_words(site, visitor, agreement, None, new=True).words}")


def autopay_words(site: Site, visitor: Visitor, method: PaymentMethod) -> Consent:
    """What is agreed to by automatic payment from a method."""
    creditor, say = site.parts.creditor, site.say(visitor)
    values = {"creditor": creditor.name, "label": method.label, "telephone": creditor.telephone}
    return Consent(say("methods.autopay_words", **values), method.method_id, method.label)


def shown_methods(account: Account) -> list[PaymentMethod]:
    """The methods a customer knows of, the newest first: not those taken away."""
    kept = (one for one in account.methods.values() if one.status is not MethodStatus.REMOVED)
    return sorted(kept, key=lambda one: (one.saved_at, one.method_id), reverse=True)


def _switched(account: Account, method_id: str, words: str, now: datetime) -> Change:
    """Automatic payment on, its words kept with those that the method was saved with; or off, without words."""
    change = set_autopay(account, method_id, bool(words), now)
    method = change.methods.get(method_id)
    if method is None or not words:
        return change
    agreed = replace(method, words=f"{method.words}\n\n{now.isoformat(timespec='seconds')}: {words}")
    return replace(change, methods={**change.methods, method_id: agreed})


def _start_saving(site: Site, visitor: Visitor, form: Form, words: str) -> str:
    parts, plan = site.parts, form.one("plan")
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
    plan = site.query("plan") if site.query("plan") in account.agreements else ""
    values: dict[str, Any] = {
        "methods": methods,
        "paying": {a.authorisation.method_id for a in account.agreements.values() if a.is_standing and a.authorisation},
        "add": saving_words(site, visitor, plan),
        "autopay": autopay_method(account),
        "consents": [autopay_words(site, visitor, one) for one in methods if one.is_usable],
        "coming": coming_debits(account, PolicyArrangements(site.parts.arrangements().policy).unpaid, site.parts.today),
        "plan": plan,
        "note": say("methods.done." + done) if done in _DONE else "",
    }
    return site.page("methods.html", visitor, **values)
