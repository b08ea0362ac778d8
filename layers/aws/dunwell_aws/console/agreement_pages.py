"""The console's page of a customer's agreements: promises, plans and offers made on the telephone."""

from chalice.app import Response

from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell_aws.console.agreements import act, agreement_values
from dunwell_aws.console.site import Refusal, Site
from dunwell_aws.observability import count
from dunwell_aws.web import Form


def add_agreement_pages(site: Site) -> None:
    """Adds the page to the console."""

    @site.route("/customers/{customer_id}/agreements", "GET")
    def show_agreements(customer_id: str) -> Response:
        """What was agreed with a customer and how far it was kept, and the forms for agreeing more."""
        site.agent()
        return site.moved(customer_id, "/agreements") or agreements_page(customer_id)

    @site.route("/customers/{customer_id}/agreements", "POST")
    def change_agreements(customer_id: str) -> Response:
        """Carries out one of the forms; a changed plan is first shown with its words."""
        (who, form), parts = site.sent(), site.parts
        account = parts.customers.account(customer_id)
        try:
            if form.one("action") == "preview":
                return agreements_page(customer_id, form=form)
            act(parts.arrangements(), account, form, who.agent, parts.read_outs, parts.now)
        except (ConflictError, InvalidInputError, NotFoundError, RefusedError) as problem:
            return agreements_page(customer_id, problem, form)
        customer_id = account.customer.customer_id
        parts.tasks.keep_approvals(customer_id, parts.now)
        count("AgreementsWorked")
        return site.redirect(f"/customers/{customer_id}/agreements?done={form.one('action')}")

    def agreements_page(customer_id: str, problem: Refusal = None, form: Form | None = None) -> Response:
        who, parts = site.agent(), site.parts
        given = form or Form({})
        if problem and given.one("action") == "preview":
            given = Form({})  # there are no words for what cannot be
        account, desk = parts.customers.account(customer_id), parts.arrangements()
        values = agreement_values(desk, account, parts.read_outs, who.agent, parts.now, given, site.done())
        return site.form_page("agreements.html", who, problem, page="customers", **values)
