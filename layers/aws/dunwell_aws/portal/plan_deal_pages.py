"""A plan of one's own: agreed to with evidence, followed, paid early, changed, ended."""

from typing import Any

from chalice.app import Response

from dunwell.errors import NotFoundError, RefusedError
from dunwell.ledger.agreements import Agreement, AgreementKind, AgreementStatus
from dunwell.payments.checkout import Checkout
from dunwell.payments.order import CheckoutOrder
from dunwell.payments.order import Consent as Saving
from dunwell.payments.overview import require_asking
from dunwell_aws.portal.consent import Consent
from dunwell_aws.portal.deals import (
    CUSTOMER,
    NEW_METHOD,
    Standing,
    agreement_of,
    evidence,
    plan_words,
    standing,
)
from dunwell_aws.portal.method_pages import shown_methods
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.web import Form

_PLAN = AgreementKind.PLAN


def add_plan_deal_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/plan/{agreement_id}", "GET")
    def show(agreement_id: str) -> Response:
        """A proposal to agree to, a request that waits, or a plan and how far it is."""
        visitor = site.visitor()
        agreement = agreement_of(visitor, agreement_id, _PLAN)
        if _is_acceptable(site, agreement):
            return _review_page(site, visitor, agreement)
        return _status_page(site, visitor, agreement)

    @site.route("/plan/{agreement_id}/agree", "POST")
    def agree(agreement_id: str) -> Response:
        """The plan stands, with the words that were shown as evidence; pressed twice it stands once."""
        visitor, form = site.sent()
        agreement = agreement_of(visitor, agreement_id, _PLAN)
        consent = _chosen(site, visitor, agreement, form.one("method"))
        words = consent.agreed(form.one("shown"))
        with_new = consent.method_id == NEW_METHOD
        proof = evidence(site, words, "" if with_new else consent.method_id)
        site.parts.arrangements().authorise(visitor.customer_id, agreement_id, proof)
        if with_new:
            first = agreement.instalments[0]
            return site.redirect(_pay(site, visitor, agreement, first.number, first.amount_minor, words))
        return site.redirect(f"/plan/{agreement_id}?done=agreed")

    @site.route("/plan/{agreement_id}/pay", "POST")
    def pay(agreement_id: str) -> Response:
        """To the gateway's page for an instalment, or for all that is left."""
        visitor, form = site.sent()
        agreement = agreement_of(visitor, agreement_id, _PLAN)
        return site.redirect(pay_agreement(site, visitor, agreement, form))

    @site.route("/plan/{agreement_id}/cancel", "POST")
    def cancel(agreement_id: str) -> Response:
        """The plan or the proposal ends; again changes nothing."""
        visitor, _ = site.sent()
        agreement = agreement_of(visitor, agreement_id, _PLAN)
        desk, now = site.parts.arrangements(), site.parts.clock.now()
        desk.cancel(visitor.customer_id, agreement_id, who=CUSTOMER, at=now)
        was_proposed = agreement.status is AgreementStatus.PROPOSED
        return site.redirect("/account" if was_proposed else f"/plan/{agreement_id}")


def pay_agreement(site: Site, visitor: Visitor, agreement: Agreement, form: Form) -> str:
    """The gateway's page for an instalment of an agreement, or for all that is open on its invoices.

    Raises:
        NotFoundError: there is no such instalment. RefusedError: nothing is left to pay.
    """
    require_asking(visitor.account, list(agreement.invoice_ids), site.parts.clock.now())
    number = form.one("number")
    if number == "all":
        open_ids = [one for one in agreement.invoice_ids if visitor.account.open_minor(one) > 0]
        if not open_ids:
            raise RefusedError("Everything in this agreement is paid.", code="nothing_to_pay")
        return _checkout(site).start(
            visitor.customer_id, agreement.currency, open_ids, now=site.parts.clock.now(), **_ways_back(site, agreement)
        )
    found = standing(site, visitor, agreement)
    part = next((one for one in found.parts if str(one.number) == number), found.next if not number else None)
    if part is None or not agreement.is_standing:
        raise NotFoundError("There is no such instalment on your account.", code="no_agreement")
    if not part.left_minor:
        raise RefusedError("This instalment is paid already.", code="paid_already")
    return _pay(site, visitor, agreement, part.number, part.left_minor)


def _pay(
    site: Site, visitor: Visitor, agreement: Agreement, number: int, amount_minor: int, saving_words: str = ""
) -> str:
    return _checkout(site).start_instalment(
        visitor.customer_id,
        agreement.agreement_id,
        number,
        amount_minor,
        now=site.parts.clock.now(),
        consent=Saving(saving_words) if saving_words else None,
        **_ways_back(site, agreement),
    )


def _checkout(site: Site) -> Checkout:
    parts = site.parts
    return Checkout(parts.ledger, parts.orders, parts.gateway())


def _ways_back(site: Site, agreement: Agreement) -> dict[str, Any]:
    folder = {_PLAN: "plan", AgreementKind.PROMISE: "promises"}.get(agreement.kind, "offers")
    urls = site.parts.urls

    def success(order: CheckoutOrder) -> str:
        return urls.portal(f"/paid?order={order.order_id}")

    return {"success_url": success, "cancel_url": urls.portal(f"/{folder}/{agreement.agreement_id}")}


def _is_acceptable(site: Site, agreement: Agreement) -> bool:
    expired = agreement.expires_on is not None and site.parts.today > agreement.expires_on
    return agreement.status is AgreementStatus.PROPOSED and not agreement.approval and not expired


def _ways(site: Site, visitor: Visitor, agreement: Agreement) -> list[Consent]:
    """How the plan may be paid, each with its words: saved methods, one saved with the first payment, by hand."""
    saved = [one for one in shown_methods(visitor.account) if one.is_usable]
    ways = [plan_words(site, visitor, agreement, one, new=False) for one in saved]
    if not saved:
        ways.append(plan_words(site, visitor, agreement, None, new=True))
    return [*ways, plan_words(site, visitor, agreement, None, new=False)]


def _chosen(site: Site, visitor: Visitor, agreement: Agreement, method_id: str) -> Consent:
    found = next((one for one in _ways(site, visitor, agreement) if one.method_id == method_id), None)
    if found is None and method_id == NEW_METHOD:
        return plan_words(site, visitor, agreement, None, new=True)
    if found is None:
        raise NotFoundError("There is no such payment method.", code="no_method")
    return found


def _review_page(site: Site, visitor: Visitor, agreement: Agreement) -> Response:
    ways = _ways(site, visitor, agreement)
    apr = site.say(visitor).writer.rate(agreement.apr_permille)
    return site.page("plan_review.html", visitor, agreement=agreement, ways=ways, apr=apr, new_method=NEW_METHOD)


def _status_page(site: Site, visitor: Visitor, agreement: Agreement) -> Response:
    found, say = standing(site, visitor, agreement), site.say(visitor)
    evidence = agreement.authorisation
    method = visitor.account.methods.get(evidence.method_id) if evidence and evidence.method_id else None
    title, note, tone = _told(site, visitor, agreement, found)
    values: dict[str, Any] = {
        "agreement": agreement,
        "title": title,
        "note": note,
        "tone": tone,
        "counts": agreement.status not in (AgreementStatus.CANCELLED, AgreementStatus.LAPSED),
        "paid_minor": found.paid_minor,
        "left_minor": sum(visitor.account.open_minor(one) for one in agreement.invoice_ids),
        "instalments": found.parts,
        "next": found.next if agreement.is_standing else None,
        "pending": say("deals.plan.pending") if found.pending else "",
        "method": method if method and method.is_usable else None,
    }
    return site.page("plan.html", visitor, **values)


def _told(site: Site, visitor: Visitor, agreement: Agreement, found: Standing) -> tuple[str, str, str]:
    """Title, note and tone of a plan's page."""
    say, status = site.say(visitor), agreement.status
    if agreement.is_standing:
        status = found.progress.status
    if status is AgreementStatus.PROPOSED:
        if agreement.approval:
            return say("deals.requested.title"), say("deals.requested.text", day=say.date(agreement.made_at)), ""
        status = AgreementStatus.LAPSED
    if status in (AgreementStatus.AUTHORISED, AgreementStatus.ACTIVE):
        note = say("deals.plan.confirmed") if site.query("done") == "agreed" else ""
        return say("deals.plan.title"), note, "good"
    tone = {AgreementStatus.COMPLETED: "good", AgreementStatus.BROKEN: "error"}.get(status, "")
    return say("deals.plan.ended." + status), say("deals.plan.ended_text." + status), tone
