"""The account: what is owed and what was paid."""

from typing import Any

from chalice.app import Response

from dunwell.payments.overview import overview
from dunwell_aws.portal.deals import shown_agreements
from dunwell_aws.portal.site import Site


def add_account_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/", "GET")
    def start() -> Response:
        """The portal's bare address leads to the account, or to how to sign in."""
        return site.redirect("/account")

    @site.route("/account", "GET")
    def show_account() -> Response:
        """What is owed and what was paid."""
        from dunwell.outreach.notices import shown_notices

        visitor, parts = site.visitor(), site.parts
        now = parts.clock.now()
        shown = overview(visitor.account, now, parts.today)
        notices = shown_notices(visitor.customer_id, parts.notices, parts.contacts, now)
        values: dict[str, Any] = {
            "overview": shown,
            "notices": notices,
            "customer": visitor.customer,
            "today": parts.today,
            "agreements": list(shown_agreements(visitor.account).values()),
        }
        return site.page("account.html", visitor, **values)
