"""Finding customers, and what agents do about them: holds, corrections, merging and splitting."""

from chalice.app import Response

from dunwell.accounts.exposure import exposures
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell_aws.console.forms import act_on_customer
from dunwell_aws.console.site import Refusal, Site
from dunwell_aws.console.values import customer_values
from dunwell_aws.observability import count
from dunwell_aws.web import Form


def add_customer_pages(site: Site) -> None:
    """Adds the pages to the console."""

    @site.route("/customers", "GET")
    def find_customer() -> Response:
        """Leads to the customer of a number; several who share it are listed."""
        who, number = site.agent(), site.query("number").strip()
        found = site.parts.customers.called(number)
        if len(found) == 1:
            return site.redirect(f"/customers/{found[0].customer.customer_id}")
        return site.page("customers.html", who, page="customers", number=number, found=found)

    @site.route("/customers/{customer_id}", "GET")
    def show_customer(customer_id: str) -> Response:
        """Who a customer is and what they owe, and the forms for what an agent may do about it."""
        site.agent()
        return site.moved(customer_id) or customer_page(customer_id)

    @site.route("/customers/{customer_id}", "POST")
    def change_customer(customer_id: str) -> Response:
        """Carries out one of the forms."""
        (who, form), parts = site.sent(), site.parts
        try:
            account = act_on_customer(parts.customers, parts.tasks, customer_id, form, who.name, parts.now)
        except (InvalidInputError, ConflictError, RefusedError, NotFoundError) as problem:
            return customer_page(customer_id, problem, form)
        count("CustomersChanged")
        return site.redirect(f"/customers/{account.customer.customer_id}?done={form.one('action')}")

    @site.route("/customers/{customer_id}/merge", "GET")
    def confirm_merge(customer_id: str) -> Response:
        """Shows the two customers that would become one, and asks whether they are."""
        who, desk = site.agent(), site.parts.customers
        kept, number = desk.account(customer_id), site.query("number").strip()
        found = [one for one in desk.called(number) if one.customer != kept.customer]
        if not found:
            message = "No other customer has this number. Check it against an invoice."
            return customer_page(customer_id, InvalidInputError(message))
        pairs = [(one, exposures(one.customer, one.balances)) for one in (kept, *found)]
        return site.page("merge.html", who, page="customers", pairs=pairs)

    def customer_page(customer_id: str, problem: Refusal = None, form: Form | None = None) -> Response:
        who, parts = site.agent(), site.parts
        desks, assessment = (parts.customers, parts.tasks), parts.assessments.assessment(customer_id)
        values = customer_values(*desks, customer_id, assessment, parts.now, form, site.done())
        return site.form_page("customer.html", who, problem, page="customers", **values)
