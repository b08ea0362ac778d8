"""Discounts and settlements: shown plainly, accepted with evidence, paid."""

from typing import Any

from chalice.app import Response

from dunwell.arrangements.policy import Authority
from dunwell.errors import RefusedError
from dunwell.ledger.agreements import Agreement, AgreementStatus
from dunwell_aws.portal.deals import CUSTOMER, agreement_of, evidence, offer_words, standing
from dunwell_aws.portal.option_pages import OFFERS, drafts, is_open_offer
from dunwell_aws.portal.plan_deal_pages import pay_agreement
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.portal.typed import read_currency
from dunwell_aws.web import Form


def add_offer_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/offers", "POST")
    def take() -> Response:
        """Make the offer of a kind that the policy has for the customer now; it is kept as it was shown."""
        visitor, form = site.sent()
        found = [
            one for one in drafts(site, visitor, read_currency(form.one("currency"))) if one.kind == form.one("kind")
        ]
        if not found:
            raise RefusedError("This offer is not open any more.", code="offer_gone")
        made = site.parts.arrangements().propose_offer(
            visitor.customer_id,
            found[0].terms,
            who=CUSTOMER,
            authority=Authority.CUSTOMER,
            at=site.parts.clock.now(),
            model_version=found[0].model_version,
            reasons=tuple(one.code.value for one in found[0].sayings),
        )
        return site.redirect(f"/offers/{made.agreement_id}")

    @site.route("/offers/{agreement_id}", "GET")
    def show(agreement_id: str) -> Response:
        """An offer, or what became of it."""
        visitor = site.visitor()
        return _page(site, visitor, agreement_of(visitor, agreement_id, *OFFERS))

    @site.route("/offers/{agreement_id}/accept", "POST")
    def accept(agreement_id: str) -> Response:
        """Accepted with the words that were shown; then to the gateway's page for the first part."""
        visitor, form = site.sent()
        agreement = agreement_of(visitor, agreement_id, *OFFERS)
        words = offer_words(site, visitor, agreement).agreed(form.one("shown"))
        site.parts.arrangements().accept_offer(visitor.customer_id, agreement_id, evidence(site, words))
        now_standing = site.visitor()
        accepted = agreement_of(now_standing, agreement_id, *OFFERS)
        return site.redirect(pay_agreement(site, now_standing, accepted, Form({})))

    @site.route("/offers/{agreement_id}/pay", "POST")
    def pay(agreement_id: str) -> Response:
        """To the gateway's page for the next part."""
        visitor, form = site.sent()
        return site.redirect(pay_agreement(site, visitor, agreement_of(visitor, agreement_id, *OFFERS), form))


def _page(site: Site, visitor: Visitor, agreement: Agreement) -> Response:
    found, is_open = standing(site, visitor, agreement), is_open_offer(site, agreement)
    note, tone = ("", "") if is_open else _told(site, visitor, agreement)
    values: dict[str, Any] = {
        "agreement": agreement,
        "open": is_open,
        "way": offer_words(site, visitor, agreement),
        "next": found.next,
        "note": note,
        "tone": tone,
        "wrong": "",
    }
    return site.page("offer.html", visitor, **values)


def _told(site: Site, visitor: Visitor, agreement: Agreement) -> tuple[str, str]:
    say = site.say(visitor)
    status = standing(site, visitor, agreement).progress.status if agreement.is_standing else agreement.status
    if status in (AgreementStatus.AUTHORISED, AgreementStatus.ACTIVE):
        return say("deals.offer.accepted"), "good"
    if status is AgreementStatus.COMPLETED:
        return say("deals.offer.done"), "good"
    if status is AgreementStatus.BROKEN:
        return say("deals.offer.ended"), "error"
    return say("deals.offer.withdrawn"), ""
