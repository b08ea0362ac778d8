"""Money whose owner is not known: bank lines that wait for a person."""

from urllib.parse import unquote

from chalice.app import Response

from dunwell.errors import ConflictError, InvalidInputError, RefusedError
from dunwell_aws.console.forms import decide_cash
from dunwell_aws.console.site import LINES_SHOWN, Refusal, Site
from dunwell_aws.console.values import cash_values
from dunwell_aws.observability import count
from dunwell_aws.web import Form


def add_cash_pages(site: Site) -> None:
    """Adds the pages to the console."""

    @site.route("/cash", "GET")
    def show_cash() -> Response:
        """Bank lines that wait for a person, oldest first."""
        who, parts = site.agent(), site.parts
        records = parts.cash.waiting(parts.now)
        shown, left_out = records[:LINES_SHOWN], max(len(records) - LINES_SHOWN, 0)
        notice = site.notice()
        return site.page(
            "cash.html", who, page="cash", notice=notice, records=shown, today=parts.today, left_out=left_out
        )

    @site.route("/cash/{item_id}", "GET")
    def show_cash_item(item_id: str) -> Response:
        """One bank line: what the bank says, what is proposed and why, and the forms for what to do."""
        return cash_page(unquote(item_id))

    @site.route("/cash/{item_id}", "POST")
    def decide_cash_item(item_id: str) -> Response:
        """Accepts a proposal, applies the money as the agent says, or keeps a note."""
        (who, form), item_id = site.sent(), unquote(item_id)
        try:
            done = decide_cash(site.parts.cash, item_id, form, who.name, site.parts.now)
        except (InvalidInputError, ConflictError, RefusedError) as problem:
            return cash_page(item_id, problem, form)
        count("CashItemsWorked")
        return site.redirect(f"/cash?done={done}")

    def cash_page(item_id: str, problem: Refusal = None, form: Form | None = None) -> Response:
        who, parts = site.agent(), site.parts
        values = cash_values(parts.cash.item(item_id, parts.now), parts.today, form)
        return site.form_page("cash_item.html", who, problem, page="cash", **values)
