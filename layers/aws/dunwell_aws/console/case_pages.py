"""The worklist of escalated customers, and what is known and done about each."""

from chalice.app import Response

from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell_aws.console.agreements import promise_said
from dunwell_aws.console.case_work import record_work
from dunwell_aws.console.site import LINES_SHOWN, Refusal, Site
from dunwell_aws.console.values import call_values, case_values, worklist_values
from dunwell_aws.observability import count
from dunwell_aws.web import Form


def add_case_pages(site: Site) -> None:
    """Adds the pages to the console."""

    @site.route("/", "GET")
    def show_worklist() -> Response:
        """Cases that wait for an agent: those for today first, most to be had first, of those that wait longest."""
        who, parts = site.agent(), site.parts
        zone_name = parts.creditor.timezone
        values = worklist_values(parts.escalation, parts.assessments, parts.today, zone_name, LINES_SHOWN)
        return site.page("worklist.html", who, notice=site.notice(), **values)

    @site.route("/cases/{customer_id}/{case_id}", "GET")
    def show_case(customer_id: str, case_id: str) -> Response:
        """What is known about a case, and the form for what an agent did."""
        return case_page(customer_id, case_id)

    @site.route("/cases/{customer_id}/{case_id}", "POST")
    def record(customer_id: str, case_id: str) -> Response:
        """Keeps what the agent did, and the call it came by, and lets the case be judged again."""
        (who, form), parts = site.sent(), site.parts
        try:
            record_work(parts, customer_id, case_id, form, who.agent)
        except (InvalidInputError, ConflictError, RefusedError) as problem:
            return case_page(customer_id, case_id, problem, form)
        count("CasesWorked")
        return site.redirect("/?done=recorded")

    @site.route("/cases/{customer_id}/{case_id}/assign", "POST")
    def assign(customer_id: str, case_id: str) -> Response:
        """Makes the agent responsible for the case."""
        who, _ = site.sent()
        case = site.parts.escalation.assign(customer_id, case_id, who.name)
        return site.redirect(f"/cases/{case.customer_id}/{case.case_id}?done=assigned")

    def case_page(customer_id: str, case_id: str, problem: Refusal = None, form: Form | None = None) -> Response:
        who, parts = site.agent(), site.parts
        case, account = parts.escalation.cases.case(customer_id, case_id), parts.escalation.ledger.load(customer_id)
        if case is None or account is None:
            raise NotFoundError("There is no such case.")
        assessment, contacts = parts.assessments.assessment(customer_id), parts.contacts.state(customer_id).contacts
        zone_name = parts.creditor.timezone
        values = case_values(case, account, assessment, contacts, parts.now, parts.today, zone_name, form)
        values |= call_values(case, account, contacts, parts.policy(), parts.now)
        said = promise_said(parts.arrangements(), account.customer, parts.read_outs)
        return site.form_page("case.html", who, problem, notice=site.notice(), promise_said=said, **values)
