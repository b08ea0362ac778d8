"""What a customer who cannot pay all now may choose from."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from chalice.app import Response

from dunwell.arrangements.agreeable import agreeable_debts
from dunwell.arrangements.policy import Authority
from dunwell.errors import RefusedError
from dunwell.ledger.agreements import AgreedDebt, Agreement, AgreementKind, AgreementStatus
from dunwell_aws.portal.deals import shown_agreements
from dunwell_aws.portal.part_pages import section_of
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.portal.typed import read_currency

if TYPE_CHECKING:
    from dunwell.arrangements.offers import OfferDraft

OFFERS = (AgreementKind.SETTLEMENT, AgreementKind.DISCOUNT)


def add_option_pages(site: Site) -> None:
    """Adds the page to the portal."""

    @site.route("/options", "GET")
    def show() -> Response:
        """Offers, plans, promises, a part, a dispute, a person."""
        visitor, currency = site.visitor(), read_currency(site.query("currency"))
        section = section_of(site, visitor, currency)
        free = free_debts(site, visitor, currency)
        policy = site.parts.arrangements().policy
        values: dict[str, Any] = {
            "currency": currency,
            "owed_minor": section.open_minor,
            "agreements": [one for one in shown_agreements(visitor.account).values() if _is_going_on(one, currency)],
            "offers": open_offers(site, visitor, currency),
            "drafts": drafts(site, visitor, currency) if free else (),
            "plans": bool(free and policy.plans),
            "promise_until": promise_until(site) if free else None,
        }
        return site.page("options.html", visitor, **values)


def free_debts(site: Site, visitor: Visitor, currency: str) -> tuple[AgreedDebt, ...]:
    """What may be agreed about now, oldest first; empty when nothing may."""
    try:
        return agreeable_debts(visitor.account, currency, None, site.parts.clock.now())
    except RefusedError:
        return ()


def promise_until(site: Site) -> date | None:
    """The last day that customers may promise by themselves; None: no promises are taken."""
    promises = site.parts.arrangements().policy.promises
    return site.parts.today + timedelta(days=promises.max_days) if promises else None


def open_offers(site: Site, visitor: Visitor, currency: str) -> list[Agreement]:
    """Offers that were made to the customer and may be accepted today."""
    return [
        one
        for one in shown_agreements(visitor.account).values()
        if one.currency == currency and is_open_offer(site, one)
    ]


def is_open_offer(site: Site, one: Agreement) -> bool:
    """Whether an agreement is an offer that may be accepted today."""
    stands = one.status is AgreementStatus.PROPOSED and not one.approval
    return one.kind in OFFERS and stands and (one.expires_on is None or site.parts.today <= one.expires_on)


def drafts(site: Site, visitor: Visitor, currency: str) -> "tuple[OfferDraft, ...]":
    """Offers that the policy lets customers take, worked out now and not made yet."""
    from dunwell.arrangements.offers import offers
    from dunwell.arrangements.worth import outlook_of

    policy = site.parts.arrangements().policy
    if not (policy.discounts or policy.settlements):
        return ()
    outlook = outlook_of(site.parts.assessments().assessment(visitor.customer_id), currency)
    return offers(visitor.account, currency, policy, outlook, Authority.CUSTOMER, site.parts.today)


def _is_going_on(one: Agreement, currency: str) -> bool:
    """Whether an agreement stands, or a request waits for one of us."""
    waits = one.status is AgreementStatus.PROPOSED and bool(one.approval) and one.kind not in OFFERS
    return one.currency == currency and (one.is_standing or waits)
