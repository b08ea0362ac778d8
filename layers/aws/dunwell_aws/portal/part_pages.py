"""Paying a part: an amount, for invoices chosen or for the oldest."""

from typing import Any

from chalice.app import Response

from dunwell.errors import RefusedError
from dunwell.payments.checkout import Checkout
from dunwell.payments.overview import CurrencySection, overview
from dunwell.payments.payable import require_taking
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.portal.typed import MistakeError, at_most, read_amount, read_currency
from dunwell_aws.web import Form


def add_part_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/part", "GET")
    def ask() -> Response:
        """How much, and for which invoices."""
        visitor = site.visitor()
        return _page(site, visitor, read_currency(site.query("currency")), Form({}))

    @site.route("/part", "POST")
    def pay() -> Response:
        """To the gateway's page; a mistake shows the form again."""
        visitor, form = site.sent()
        currency = read_currency(form.one("currency"))
        try:
            return site.redirect(_start(site, visitor, currency, form))
        except MistakeError as mistake:
            return _page(site, visitor, currency, form, mistake)


def section_of(site: Site, visitor: Visitor, currency: str) -> CurrencySection:
    """What is open in a currency.

    Raises:
        RefusedError: nothing is, or a hold forbids to take money for it.
    """
    # Orders would only tell what is on its way, which these pages do not show: a read less.
    shown = overview(visitor.account, site.parts.clock.now(), site.parts.today)
    require_taking(visitor.account, None, site.parts.clock.now())
    found = next((one for one in shown.sections if one.currency == currency and one.open_minor), None)
    if found is None:
        raise RefusedError("There is nothing to pay in this currency.", code="nothing_to_pay")
    return found


def _start(site: Site, visitor: Visitor, currency: str, form: Form) -> str:
    parts, say = site.parts, site.say(visitor)
    section, chosen = section_of(site, visitor, currency), form.all("invoice")
    amount_minor = read_amount(form.one("amount"), currency, say)
    most_minor = _most(section, chosen)
    if chosen and most_minor and amount_minor > most_minor:
        raise MistakeError(say("deals.part.chosen_less", most=say.money(most_minor, currency)), field="amount")
    if not chosen:
        at_most(amount_minor, most_minor, currency, say)
    gateway = parts.gateway()
    if amount_minor < (least_minor := gateway.least_minor(currency)):
        raise MistakeError(say("deals.amount.too_little", least=say.money(least_minor, currency)), field="amount")
    return Checkout(parts.ledger, parts.orders, gateway).start(
        visitor.customer_id,
        currency,
        chosen or None,
        success_url=lambda order: parts.urls.portal(f"/paid?order={order.order_id}"),
        cancel_url=parts.urls.portal("/account"),
        now=parts.clock.now(),
        amount_minor=amount_minor,
    )


def _most(section: CurrencySection, chosen: list[str]) -> int:
    """What can be paid at most: of the invoices chosen, or of all without what is in dispute.

    Who pays what nobody may ask them for can pay all that we may take.
    """
    if not chosen:
        return section.payable_minor or sum(one.undisputed_minor for one in section.invoices)
    return sum(one.payable_minor for one in section.invoices if one.invoice_id in chosen)


def _page(site: Site, visitor: Visitor, currency: str, form: Form, mistake: MistakeError | None = None) -> Response:
    section = section_of(site, visitor, currency)
    most_minor = section.payable_minor or sum(one.payable_minor for one in section.invoices)
    if not most_minor:
        raise RefusedError("A payment for this is on its way.", code="coming")
    values: dict[str, Any] = {
        "section": section,
        "most_minor": most_minor,
        "typed": {"amount": form.one("amount"), "invoices": form.all("invoice")},
        "wrong": str(mistake) if mistake else "",
    }
    return site.page("part.html", visitor, 400 if mistake else 200, **values)
