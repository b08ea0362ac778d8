"""The worklist of escalated customers, and what is known and done about each."""

from chalice.app import Response

from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell.escalation.case import AgentOutcome
from dunwell_aws.agents import Agent
from dunwell_aws.console.agreements import promise, promise_said
from dunwell_aws.console.forms import case_entry
from dunwell_aws.console.site import LINES_SHOWN, Refusal, Site
from dunwell_aws.console.values import case_values, worklist_values
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
        """Keeps what the agent did and lets the case be judged again."""
        (who, form), parts = site.sent(), site.parts
        seen = form.one("version")
        try:
            entry = case_entry(form, who.name, parts.now, parts.today)
            if entry.outcome is AgentOutcome.PROMISE:
                _keep_promise(site, customer_id, case_id, form, who.agent)
            parts.escalation.record(customer_id, case_id, entry, int(seen) if seen.isdecimal() else 0)
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
        said = promise_said(parts.arrangements(), account.customer, parts.read_outs)
        return site.form_page("case.html", who, problem, notice=site.notice(), promise_said=said, **values)


def _keep_promise(site: Site, customer_id: str, case_id: str, form: Form, agent: Agent) -> None:
    """What the customer promised, as an agreement about what the case is about."""
    parts = site.parts
    case, account = parts.escalation.cases.case(customer_id, case_id), parts.customers.account(customer_id)
    if case is None:
        raise NotFoundError("There is no such case.")
    said = Form({"promised": [form.one("promised")], "promised_on": [form.one("next_on")]})
    promise(parts.arrangements(), account, said, agent, parts.now, currency=case.currency)
