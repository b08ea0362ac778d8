"""The agents' console: a worklist of escalated customers, what is known about each, and what an agent did."""

from pathlib import Path
from typing import Any

from chalice.app import Chalice
from pydantic import Field

from dunwell.remittance.desk import CashDesk
from dunwell_aws.agents import CognitoAgents
from dunwell_aws.bootstrap import base, books, ingestion, outreach, sending, visitors
from dunwell_aws.console.agreement_pages import add_agreement_pages
from dunwell_aws.console.case_pages import add_case_pages
from dunwell_aws.console.cash_pages import add_cash_pages
from dunwell_aws.console.customer_pages import add_customer_pages
from dunwell_aws.console.message_pages import add_message_pages
from dunwell_aws.console.paper_pages import add_paper_pages
from dunwell_aws.console.parts import Console
from dunwell_aws.console.read_out import ReadOuts
from dunwell_aws.console.sign_in_pages import add_sign_in_pages
from dunwell_aws.console.site import Site
from dunwell_aws.console.task_pages import add_task_pages
from dunwell_aws.console.values import agent_filters
from dunwell_aws.environment import DecisionsEnvironment, EvidenceEnvironment, UrlsEnvironment, read_environment
from dunwell_aws.observability import observed
from dunwell_aws.routing import Router
from dunwell_aws.web import Pages

TEMPLATES = Path(__file__).parent / "templates"
AREAS = (
    add_sign_in_pages,
    add_case_pages,
    add_customer_pages,
    add_paper_pages,
    add_agreement_pages,
    add_cash_pages,
    add_task_pages,
    add_message_pages,
)

app = Chalice(app_name="console")
app.api.binary_types.append("application/pdf")  # images are among them


class ConsoleEnvironment(DecisionsEnvironment, UrlsEnvironment, EvidenceEnvironment):
    """What the console reads from its variables."""

    agent_client_id: str = Field(alias="AGENT_CLIENT_ID", min_length=1)


_console: Console | None = None


def use(console: Console | None) -> None:
    """Serve with these parts from now on; None composes them anew from the environment."""
    global _console
    _console = console


def console() -> Console:
    """The parts in use, composed at first use."""
    if _console is None:
        use(_composed())
    assert _console is not None
    return _console


def console_pages(zone_name: str) -> Pages:
    """The templates, showing instants in a zone."""
    return Pages(TEMPLATES, filters=agent_filters(zone_name))


def _composed() -> Console:
    from dunwell_aws.aws import client
    from dunwell_aws.documents import folder

    environment, creditor = read_environment(ConsoleEnvironment), base.policy().creditor
    return Console(
        clock=base.clock(),
        escalation=outreach.escalation(),
        contacts=outreach.collection(),
        assessments=outreach.collection(),
        agents=CognitoAgents(client("cognito-idp"), environment.agent_client_id),
        urls=visitors.urls(),
        pages=console_pages(creditor.timezone),
        creditor=creditor,
        cash=CashDesk(ingestion.cash()),
        tasks=outreach.task_desk(),
        calls=outreach.case_calls,
        arrangements=books.arrangement_desk,
        policy=base.policy,
        read_outs=ReadOuts(folder("infra") / "messages", creditor),
        evidence=visitors.evidence,
        renderer=sending.renderer,
        source_names=lambda: [mapping.name for mapping in ingestion.mappings()],
    )


_site = Site(app, console)
for add_area in AREAS:
    add_area(_site)
_site.add_fallbacks()
_router = Router(app)


@observed
def handler(event: dict[str, Any], context: Any, *, parts: Console | None = None) -> Any:
    """Entry point: a proxy event of API Gateway."""
    if parts is not None:
        use(parts)
    return app(_router.event(event), context)
