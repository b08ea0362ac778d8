"""The console in memory: its parts with one waiting case, an agent, and a browser."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from chalice.test import Client, HTTPResponse

from dunwell.accounts.model import Channel
from dunwell.arrangements.desk import ArrangementDesk
from dunwell.arrangements.keeping import moving_agreements
from dunwell.escalation.case import Case
from dunwell.escalation.escalation import Escalation, Trouble
from dunwell.ledger.consequences import ConsequentLedger
from dunwell.ledger.model import Account
from dunwell.outreach.case_calls import CaseCalls
from dunwell.outreach.contact import Contact, ContactStatus, DecisionRecord
from dunwell.outreach.tasks import TaskDesk
from dunwell.remittance.desk import CashDesk
from dunwell.scoring.assessment import Assessment, InvoiceAssessment, PastScore, Recovery, ScoreReason
from dunwell_aws.agents import CognitoAgents
from dunwell_aws.bootstrap.base import policy
from dunwell_aws.bootstrap.ingestion import mappings
from dunwell_aws.bootstrap.sending import renderer
from dunwell_aws.clock import Clock
from dunwell_aws.console.parts import Console
from dunwell_aws.console.read_out import ReadOuts
from dunwell_aws.documents import folder
from dunwell_aws.urls import Urls
from functions.console import app as console
from tests.support.cash import CashWorld
from tests.support.decisions import DecisionsBucket, decision_log
from tests.support.escalation import (
    NOW,
    TODAY,
    RecordedExecutions,
    account,
    invoice,
)
from tests.support.invocation import set_variables
from tests.support.memory import InMemoryCollection, InMemoryEvidence, InMemoryLedger
from tests.support.user_pool import CLIENT_ID, InMemoryUserPool

BASE = "https://console.example.com/v1"
DECISION = DecisionRecord(False, "HOUSE_QUIET_HOURS", NOW, NOW + timedelta(hours=9), ("HOUSE-1",), "p1", "2026f")
PAID_LATE = ScoreReason("the last three invoices were paid late", "recent_days_late", 123)
OFTEN_LATE = ScoreReason("Recent invoices were often paid after their due date.", "recent_late_ratio", 84)
ASSESSMENT = Assessment(
    "cus_1", TODAY, 731, "slow_payer", ("pays 21 days late on average",),
    (
        InvoiceAssessment(
            "inv_F-1", 1000, (PAID_LATE,), 1000, 212,
            TODAY + timedelta(days=9), TODAY, TODAY + timedelta(days=31),
        ),
    ),
    "m1", "0" * 64, "card", (OFTEN_LATE,),
    history=tuple(PastScore(TODAY - timedelta(days=7 * weeks), 731 - 90 * weeks) for weeks in (4, 3, 1, 0)),
    recoveries=(
        Recovery(
            "EUR", 10_000, 410, 520, 610, 4_100, 5_200, 6_100,
            (ScoreReason("The debt is old.", "overdue_months", -64),), "r1", "card",
        ),
    ),
)  # fmt: skip


class StoppedClock(Clock):
    """Always now."""

    def now(self) -> Any:
        """The stopped instant."""
        return NOW


REFUSED = Contact(
    "con_1", "cus_1", "EUR", Channel.EMAIL, "final", ("inv_F-1",), TODAY, ContactStatus.REFUSED, "p1",
    731, "m1", "final", decisions=(DECISION,),
)  # fmt: skip


class InMemoryInsight:
    """An assessment of the one customer."""

    def assessment(self, customer_id: str) -> Assessment | None:
        """What the model says of the one customer."""
        return ASSESSMENT if customer_id == "cus_1" else None


class Parameters:
    """The one parameter."""

    def get_parameter(self, *, Name: str) -> Any:  # noqa: N803
        """As SSM answers."""
        return {"Parameter": {"Value": json.dumps({"console": BASE})}}


@dataclass
class Browser:
    """Keeps cookies, follows nothing."""

    client: Client
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> HTTPResponse:
        """Asks for a page."""
        return self._send("GET", path, headers, b"")

    def post(self, path: str, sent_from: str = "same-origin", **fields: str | list[str]) -> HTTPResponse:
        """Sends a form."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": sent_from}
        return self._send("POST", path, headers, urlencode(fields, doseq=True).encode())

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> HTTPResponse:
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        given = {"Accept": "text/html"} | ({"Cookie": kept} if kept else {}) | headers
        answer = self.client.http.request(method, path, headers=given, body=body)
        set_cookies: Any = answer.headers.get("Set-Cookie", [])
        for line in [set_cookies] if isinstance(set_cookies, str) else set_cookies:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        return answer


class World:
    """A console with one waiting case and one agent."""

    def __init__(self) -> None:
        self.pool = InMemoryUserPool()
        self.cases, self.executions = InMemoryCollection(), RecordedExecutions()
        self.ledger = InMemoryLedger(account(invoice()), account(invoice("F-2"), customer_id="cus_2", name="Other"))
        self.escalation = Escalation(self.cases, self.ledger, self.executions)
        insight, creditor = cast("Any", InMemoryInsight()), policy().creditor
        self.money, rules = CashWorld(), policy()
        kept = ConsequentLedger(self.ledger, moving_agreements(rules.arrangements, creditor.timezone, lambda: NOW))
        deals = ArrangementDesk(kept, rules.arrangements, creditor.timezone, rules.version)
        self.evidence, self.decisions = InMemoryEvidence(), DecisionsBucket()
        self.calls = CaseCalls(self.ledger, self.cases, decision_log(self.decisions), rules)
        console.use(
            Console(
                clock=StoppedClock(),
                escalation=self.escalation,
                contacts=self.cases,
                assessments=insight,
                agents=CognitoAgents(cast("Any", self.pool), CLIENT_ID),
                urls=Urls(Parameters(), "/urls"),
                pages=console.console_pages(creditor.timezone),
                creditor=creditor,
                cash=CashDesk(self.money.cash),
                tasks=TaskDesk(self.ledger, self.cases, self.cases, rules),
                calls=lambda: self.calls,
                arrangements=lambda: deals,
                policy=policy,
                read_outs=ReadOuts(folder("infra") / "messages", creditor),
                evidence=lambda: self.evidence,
                renderer=renderer,
                source_names=lambda: [mapping.name for mapping in mappings()],
            )
        )

    def waiting(self, customer_id: str = "cus_1", invoice_id: str = "inv_F-1") -> Case:
        """A case that waits for an agent."""
        case = self.escalation.open(Trouble(customer_id, "EUR", invoice_id, ("OVERDUE",)), f"run-{customer_id}", NOW)
        assert case
        return self.escalation.await_agent(customer_id, case.case_id, f"token-{customer_id}", NOW, TODAY)

    def stored(self, case: Case) -> Case:
        """The case as it stands."""
        return self.cases.stored[case.case_id]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The console with these parts."""
    set_variables(monkeypatch)
    yield World()
    console.use(None)


@pytest.fixture
def browser(world: World) -> Iterator[Browser]:
    """A browser in front of it, signed out."""
    with Client(console.app) as client:
        yield Browser(client)


def text(answer: HTTPResponse) -> str:
    """What an answer says."""
    return answer.body.decode()


def csrf(page: HTTPResponse) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', text(page))
    assert found, text(page)
    return found.group(1)


def sign_in(browser: Browser, email: str = "ada@example.com", password: str = "Correct-Horse-1") -> HTTPResponse:
    """Sign an agent in."""
    page = browser.get("/sign-in")
    return browser.post("/sign-in", csrf=csrf(page), email=email, password=password)


def path_of(case: Case) -> str:
    """Where a case's page is."""
    return f"/cases/{case.customer_id}/{case.case_id}"


PAGE = "/customers/cus_1"
"""The page of the first customer."""


def stored(world: World, customer_id: str = "cus_1") -> Account:
    """A customer's account as it is in the ledger."""
    found = world.ledger.load(customer_id)
    assert found
    return found


def send(browser: Browser, action: str, path: str = PAGE, **fields: str) -> HTTPResponse:
    """Fill in one of the forms of a customer's page."""
    return browser.post(path, csrf=csrf(browser.get("/")), action=action, **fields)
