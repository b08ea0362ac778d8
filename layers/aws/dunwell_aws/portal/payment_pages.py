"""Paying: to the gateway's page and back."""

from chalice.app import Response

from dunwell.errors import NotFoundError
from dunwell.payments.checkout import Checkout, posted_payment
from dunwell.payments.order import OrderStatus
from dunwell.payments.papers import receipt_of
from dunwell_aws.portal.site import Site

LOOKS = 10
LOOK_AGAIN_SECONDS = 3


def add_payment_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/pay", "POST")
    def pay() -> Response:
        """To the gateway's page, for all invoices of a currency or those chosen."""
        visitor, form = site.sent()
        parts = site.parts
        chosen = form.all("invoice") if form.one("what") == "chosen" else None
        checkout = Checkout(parts.ledger, parts.orders, parts.gateway())
        url = checkout.start(
            visitor.customer_id,
            form.one("currency"),
            chosen,
            success_url=lambda order: parts.urls.portal(f"/paid?order={order.order_id}"),
            cancel_url=parts.urls.portal("/account"),
            now=parts.clock.now(),
        )
        return site.redirect(url)

    @site.route("/paid", "GET")
    def show_paid() -> Response:
        """Whether a payment has arrived; looks again by itself a few times while it has not."""
        visitor, parts = site.visitor(), site.parts
        order = parts.orders.order(visitor.customer_id, site.query("order") or "none")
        if order is None:
            raise NotFoundError("There is no such payment on your account.", code="no_payment")
        payment = posted_payment(visitor.account, order)
        made = receipt_of(visitor.account, payment) if payment else None
        answer = site.page("paid.html", visitor, order=order, payment=payment, receipt=made, account=visitor.account)
        look = _looked(site.query("look"))
        if payment is None and order.status is OrderStatus.OPEN and look < LOOKS:
            again = parts.urls.portal(f"/paid?order={order.order_id}&look={look + 1}")
            answer.headers["Refresh"] = f"{LOOK_AGAIN_SECONDS}; url={again}"
        return answer


def _looked(given: str) -> int:
    """How often the page looked already; whatever is no number looks no more."""
    text = given or "0"
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(LOOKS)) + 1 else LOOKS
