"""What the console is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from dunwell.assist.customer_desk import CustomerDesk
from dunwell.dates import business_date

if TYPE_CHECKING:
    from dunwell.arrangements.desk import ArrangementDesk
    from dunwell.escalation.escalation import Escalation
    from dunwell.outreach.case_calls import CaseCalls
    from dunwell.outreach.evidence import EvidenceStore
    from dunwell.outreach.policy import Creditor, Policy
    from dunwell.outreach.ports import ContactStore
    from dunwell.outreach.tasks import TaskDesk
    from dunwell.remittance.desk import CashDesk
    from dunwell.scoring.assessment import AssessmentStore
    from dunwell_aws.agents import CognitoAgents
    from dunwell_aws.clock import Clock
    from dunwell_aws.console.read_out import ReadOuts
    from dunwell_aws.messages import Renderer
    from dunwell_aws.urls import Urls
    from dunwell_aws.web import Pages


@dataclass(frozen=True)
class Console:
    """The console's parts; tests bring their own.

    Attributes:
        calls, arrangements, policy: by the version in force.
        evidence: files that customers added. renderer: the words of messages, which few pages need.
        source_names: the sources whose numbers customers may be found by.
    """

    clock: "Clock"
    escalation: "Escalation"
    contacts: "ContactStore"
    assessments: "AssessmentStore"
    agents: "CognitoAgents"
    urls: "Urls"
    pages: "Pages"
    creditor: "Creditor"
    cash: "CashDesk"
    tasks: "TaskDesk"
    calls: "Callable[[], CaseCalls]"
    arrangements: "Callable[[], ArrangementDesk]"
    policy: "Callable[[], Policy]"
    read_outs: "ReadOuts"
    evidence: "Callable[[], EvidenceStore]"
    renderer: "Callable[[], Renderer]"
    source_names: Callable[[], list[str]]

    @property
    def now(self) -> datetime:
        """The instant."""
        return self.clock.now()

    @property
    def today(self) -> date:
        """The creditor's business date."""
        return business_date(self.now, self.creditor.timezone)

    @property
    def customers(self) -> CustomerDesk:
        """What agents do about customers. The sources are read when a number is looked up."""
        creditor = self.creditor
        return CustomerDesk(self.escalation.ledger, creditor.creditor_id, creditor.timezone, self.source_names)
