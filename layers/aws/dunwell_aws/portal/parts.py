"""What the portal is made of."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from dunwell.dates import business_date

if TYPE_CHECKING:
    from dunwell.accounts.access import AccessStore, Session
    from dunwell.accounts.address_change import AddressChange
    from dunwell.accounts.shared import AddressBook
    from dunwell.accounts.sign_in import SignIn
    from dunwell.arrangements.desk import ArrangementDesk
    from dunwell.ledger.ports import Ledger
    from dunwell.outreach.evidence import EvidenceStore
    from dunwell.outreach.notices import NoticeStore
    from dunwell.outreach.policy import Creditor
    from dunwell.outreach.ports import ContactStore
    from dunwell.outreach.tasks import TaskStore
    from dunwell.payments.ports import OrderStore, PaymentGateway
    from dunwell.scoring.assessment import AssessmentStore
    from dunwell_aws.api import Answer
    from dunwell_aws.clock import Clock
    from dunwell_aws.portal.words import Words
    from dunwell_aws.urls import Urls
    from dunwell_aws.web import Pages


@dataclass(frozen=True)
class Portal:
    """The portal's parts; tests bring their own.

    Attributes:
        rates: of writes, by page or API; once: of the API; see ``dunwell_aws.api.Api``.
    """

    clock: "Clock"
    store: "AccessStore"
    ledger: "Ledger"
    orders: "OrderStore"
    sign_in: "SignIn"
    gateway: "Callable[[], PaymentGateway]"
    urls: "Urls"
    pages: "Pages"
    words: "Words"
    creditor: "Creditor"
    notices: "NoticeStore"
    contacts: "ContactStore"
    rates: "Callable[[Session, datetime], None]"
    once: "Callable[[str, str, str, Callable[[], Answer], Any], Answer]"
    arrangements: "Callable[[], ArrangementDesk]"
    assessments: "Callable[[], AssessmentStore]"
    tasks: "TaskStore"
    evidence: "Callable[[], EvidenceStore]"
    address_change: "AddressChange"
    addresses: "AddressBook"
    sleep: Callable[[float], None] = time.sleep

    @property
    def today(self) -> date:
        """The creditor's business date."""
        return business_date(self.clock.now(), self.creditor.timezone)
