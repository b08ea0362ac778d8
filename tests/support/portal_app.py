"""The portal's application over parts in memory."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from dunwell.accounts.access import Session
from dunwell.accounts.address_change import AddressChange
from dunwell.accounts.links import Links
from dunwell.accounts.model import Channel
from dunwell.accounts.sign_in import SignIn
from dunwell.arrangements.desk import ArrangementDesk
from dunwell.errors import ConflictError, TooManyRequestsError
from dunwell.ledger.model import Account
from dunwell.payments.gateway_events import GatewayEvent, GatewayEventKind, GatewayEvents
from dunwell_aws.api import Answer
from dunwell_aws.documents import read_policy
from dunwell_aws.portal.parts import Portal
from dunwell_aws.rates import WRITES_A_MINUTE
from dunwell_aws.urls import Urls
from functions.portal import app as portal_app
from tests.support.browser import Browser, hidden
from tests.support.ledger import in_dispute
from tests.support.memory import (
    InMemoryCollection,
    InMemoryEvidence,
    InMemoryLedger,
    InMemoryMessageIndex,
    InMemoryNotices,
)
from tests.support.portal import (
    CREDITOR,
    ROOT,
    CodeBox,
    FakeGateway,
    InMemoryAccessStore,
    InMemoryOrderStore,
    MovableClock,
    account,
    customer,
    invoice,
)

BASE = "https://portal.example/v1"


class Parameters:
    """The part of SSM that ``Urls`` asks."""

    def __init__(self, base: str) -> None:
        self._value = json.dumps({"portal": base, "console": base, "webhooks": base})

    def get_parameter(self, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's own name
        return {"Parameter": {"Name": Name, "Value": self._value}}


class InMemoryRates:
    """``WriteRates`` in a dict."""

    def __init__(self) -> None:
        self._writes: Counter[tuple[str, str]] = Counter()

    def __call__(self, session: Session, now: datetime) -> None:
        minute = (session.token_hash, f"{now:%Y-%m-%dT%H:%M}")
        self._writes[minute] += 1
        if self._writes[minute] > WRITES_A_MINUTE:
            raise TooManyRequestsError("too many", 60)


class InMemoryOnce:
    """``Once`` in a dict."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[str, Answer]] = {}

    def __call__(self, owner: str, key: str, asked: str, run: Callable[[], Answer], context: Any = None) -> Answer:
        known = self._kept.get((owner, key))
        if known is None:
            known = self._kept[owner, key] = (asked, run())
        if known[0] != asked:
            raise ConflictError("used for another request")
        return known[1]


class PortalWorld:
    """Two customers, and everything that the portal touches."""

    def __init__(self, *accounts: Account, base: str = BASE, checkout: str = "https://checkout.example") -> None:
        self.base = base
        self.clock = MovableClock()
        self.store = InMemoryAccessStore()
        self.ledger = InMemoryLedger(*(accounts or two_accounts()))
        self.orders, self.codes, self.texts = InMemoryOrderStore(), CodeBox(), CodeBox()
        self.notices, self.contacts = InMemoryNotices(), InMemoryCollection()
        self.evidence = InMemoryEvidence()
        self.gateway: Any = FakeGateway()
        self.policy = read_policy(ROOT / "infra").arrangements
        self.slept: list[float] = []
        self.rates = InMemoryRates()
        self.links, self.addresses = Links(self.store), InMemoryMessageIndex()
        self.portal = Portal(
            clock=self.clock,  # type: ignore[arg-type]
            store=self.store,
            ledger=self.ledger,
            orders=self.orders,
            sign_in=SignIn(self.store, self.ledger, {Channel.EMAIL: self.codes, Channel.SMS: self.texts}),
            gateway=lambda: self.gateway,
            urls=Urls(Parameters(base), "urls"),
            pages=portal_app.portal_pages(CREDITOR, checkout),
            words=portal_app.portal_words(CREDITOR),
            creditor=CREDITOR,
            notices=self.notices,
            contacts=self.contacts,
            rates=self.rates,
            once=InMemoryOnce(),
            arrangements=lambda: ArrangementDesk(self.ledger, self.policy, CREDITOR.timezone, "test"),
            assessments=lambda: self.contacts,
            tasks=self.contacts,
            evidence=lambda: self.evidence,
            address_change=AddressChange(self.store, self.ledger, self.codes),
            addresses=self.addresses,
            sleep=self.slept.append,
        )
        portal_app.use(self.portal)

    def browser(self) -> Browser:
        """A new visitor."""
        return Browser(portal_app.app, self.base)

    def signed_in(self, customer_id: str = "cus_anna", answer: str = "C-1042") -> Browser:
        """A visitor who came by a link and typed the code."""
        browser = self.browser()
        link = self.links.issue_link(customer_id, "account", self.clock.now())
        browser.post(f"/l/{link}", {"answer": answer})
        browser.post("/code", {"code": self.codes.sent[-1][1]})
        return browser

    def pay(self, browser: Browser, **fields: Any) -> Any:
        """Press a pay button on the account page."""
        csrf = hidden(browser.get("/account"), "csrf")
        return browser.post("/pay", {"csrf": csrf, "currency": "USD", "what": "all"} | fields)

    def arrives(self, kind: GatewayEventKind = GatewayEventKind.PAYMENT_SUCCEEDED) -> None:
        """The gateway reports a payment."""
        events = GatewayEvents(self.ledger, self.orders, self.gateway)
        events.apply(GatewayEvent("evt_1", kind, "pi_1"), self.clock.now())


def two_accounts() -> tuple[Account, Account]:
    """Anna's and Bert's."""
    anna = account(
        invoice("A1", 123_450),
        in_dispute(invoice("A2", 2_550)),
        invoice("E1", 70_000, currency="EUR"),
    )
    bert = account(invoice("B1", 9_900), who=customer("cus_bert", number="C-7", name="Bert Ltd", email="b@b.example"))
    return anna, bert
