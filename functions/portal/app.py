"""The customers' portal: pages between a link in a message and a payment."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalice.app import Chalice

from dunwell.accounts.address_change import AddressChange
from dunwell.accounts.model import Channel
from dunwell.accounts.sign_in import CodeSender, SignIn
from dunwell_aws.bootstrap import base, books, outreach, payments, sending, visitors
from dunwell_aws.code_mail import CodeMail
from dunwell_aws.code_text import CodeText
from dunwell_aws.environment import (
    AccessEnvironment,
    EvidenceEnvironment,
    GatewayEnvironment,
    LedgerEnvironment,
    MailEnvironment,
    TextsEnvironment,
    UrlsEnvironment,
    read_environment,
)
from dunwell_aws.observability import observed
from dunwell_aws.portal.account_pages import add_account_pages
from dunwell_aws.portal.contact_pages import add_contact_pages
from dunwell_aws.portal.dispute_pages import add_dispute_pages
from dunwell_aws.portal.filters import FILTERS
from dunwell_aws.portal.language_pages import add_language_pages
from dunwell_aws.portal.look import colours, image_sources
from dunwell_aws.portal.message_pages import add_message_pages
from dunwell_aws.portal.method_pages import add_method_pages
from dunwell_aws.portal.offer_pages import add_offer_pages
from dunwell_aws.portal.option_pages import add_option_pages
from dunwell_aws.portal.paper_pages import add_paper_pages
from dunwell_aws.portal.part_pages import add_part_pages
from dunwell_aws.portal.parts import Portal
from dunwell_aws.portal.payment_pages import add_payment_pages
from dunwell_aws.portal.plan_change_pages import add_plan_change_pages
from dunwell_aws.portal.plan_deal_pages import add_plan_deal_pages
from dunwell_aws.portal.plan_pages import add_plan_pages
from dunwell_aws.portal.preference_pages import add_preference_pages
from dunwell_aws.portal.promise_pages import add_promise_pages
from dunwell_aws.portal.sign_in_pages import add_sign_in_pages
from dunwell_aws.portal.site import API_PATH, Site
from dunwell_aws.portal.why_pages import add_why_pages
from dunwell_aws.portal.words import Words
from dunwell_aws.routing import Router
from dunwell_aws.stripe_address import checkout_origin
from dunwell_aws.web import Pages

if TYPE_CHECKING:
    from dunwell.outreach.policy import Creditor

HERE = Path(__file__).parent
AREAS = (
    add_sign_in_pages,
    add_language_pages,
    add_account_pages,
    add_payment_pages,
    add_paper_pages,
    add_part_pages,
    add_option_pages,
    add_plan_pages,
    add_plan_deal_pages,
    add_plan_change_pages,
    add_promise_pages,
    add_offer_pages,
    add_method_pages,
    add_message_pages,
    add_why_pages,
    add_preference_pages,
    add_dispute_pages,
    add_contact_pages,
)

app = Chalice(app_name="portal")


class PortalEnvironment(
    LedgerEnvironment,
    AccessEnvironment,
    MailEnvironment,
    TextsEnvironment,
    GatewayEnvironment,
    UrlsEnvironment,
    EvidenceEnvironment,
):
    """What the portal reads from its variables."""


_portal: Portal | None = None


def use(portal: Portal | None) -> None:
    """Serve with these parts from now on; None composes them anew from the environment."""
    global _portal
    _portal = portal


def portal() -> Portal:
    """The parts in use, composed at first use."""
    if _portal is None:
        use(_composed())
    assert _portal is not None
    return _portal


def portal_pages(creditor: "Creditor", checkout: str) -> Pages:
    """The templates in the creditor's look.

    Args:
        checkout: origin of the gateway's page, to which forms may lead.
    """
    return Pages(HERE / "templates", (checkout,), FILTERS, colours(creditor), image_sources(creditor))


def portal_words(creditor: "Creditor") -> Words:
    """The portal's languages."""
    from dunwell_aws.documents import folder

    return Words(HERE / "words", folder("infra") / "messages", creditor.language, creditor.timezone)


def _composed() -> Portal:
    environment = read_environment(PortalEnvironment)
    creditor = base.policy().creditor
    store, ledger = visitors.access(), books.ledger()
    words = portal_words(creditor)
    senders: dict[Channel, CodeSender] = {
        Channel.EMAIL: CodeMail(words.say, sending.mailer, creditor),
        Channel.SMS: CodeText(words.say, sending.texts, creditor),
    }
    pages = portal_pages(creditor, checkout_origin(environment.stripe_api_base))
    return Portal(
        clock=base.clock(),
        store=store,
        ledger=ledger,
        orders=payments.orders(),
        sign_in=SignIn(store, ledger, senders),
        gateway=payments.gateway,
        urls=visitors.urls(),
        pages=pages,
        words=words,
        creditor=creditor,
        notices=outreach.notices(),
        contacts=outreach.collection(),
        rates=visitors.write_rates(),
        once=visitors.once(),
        arrangements=books.arrangement_desk,
        assessments=outreach.collection,
        tasks=outreach.tasks(),
        evidence=visitors.evidence,
        address_change=AddressChange(store, ledger, senders[Channel.EMAIL]),
        addresses=sending.message_index(),
    )


_site = Site(app, portal)
for add_area in AREAS:
    add_area(_site)
_site.add_fallbacks()
_router = Router(app)


def with_api() -> Chalice:
    """The application with its JSON API, which is added when it is first asked: pages come sooner without it."""
    from dunwell_aws.portal.api import BASE, add_api

    if not any(path.startswith(BASE) for path in app.routes):
        add_api(_site)
    return app


@observed
def handler(event: dict[str, Any], context: Any, parts: Portal | None = None) -> Any:
    """Entry point: a proxy event of API Gateway."""
    if parts is not None:
        use(parts)
    if API_PATH in str(event.get("path")):
        with_api()
    return app(_router.event(event), context)
