"""What the console says of a customer on paper and to programs: the statement of account and the assessment."""

import json

from chalice.app import Response

from dunwell.assist.insight import assessment_document
from dunwell.errors import NotFoundError
from dunwell.reporting.statement import statement_csv
from dunwell_aws.console.forms import asked_statement
from dunwell_aws.console.site import Site


def add_paper_pages(site: Site) -> None:
    """Adds the pages to the console."""

    @site.route("/customers/{customer_id}/assessment", "GET")
    def show_assessment(customer_id: str) -> Response:
        """What the model says of a customer, as a document: score, interval, reasons, segment and past scores."""
        site.agent()
        assessment = site.parts.assessments.assessment(customer_id)
        if assessment is None:
            raise NotFoundError("There is no assessment of such a customer.")
        account = site.parts.escalation.ledger.load(customer_id)
        document = assessment_document(assessment, is_open=account is not None and bool(account.open_invoices))
        return site.document(json.dumps(document), "application/json")

    @site.route("/customers/{customer_id}/statement", "GET")
    def show_statement(customer_id: str) -> Response:
        """A customer's statement of account, as a page or as a file; of the last months unless a period is given."""
        who, parts = site.agent(), site.parts
        account = parts.escalation.ledger.load(customer_id)
        if account is None or account.customer.is_internal:
            raise NotFoundError("There is no such customer.")
        period = {name: site.query(name) for name in ("first", "last")}
        made, message = asked_statement(account, period, parts.today)
        if site.query("format") == "csv" and not message:
            return site.file(statement_csv(made), "text/csv; charset=utf-8", f"statement-{made.first}-{made.last}.csv")
        status = 400 if message else 200
        return site.page("statement.html", who, status, page="customers", made=made, message=message)
