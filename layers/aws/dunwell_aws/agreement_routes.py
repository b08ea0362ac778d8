"""The routes of the console's page of a customer's agreements."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalice.app import Response

from dunwell.arrangements.desk import ArrangementDesk
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell.ledger.model import Account
from dunwell.outreach.tasks import TaskDesk
from dunwell_aws.agent_agreements import act, agreement_values
from dunwell_aws.agents import Agent
from dunwell_aws.observability import count
from dunwell_aws.web import Form


@dataclass(frozen=True)
class AgreementParts:
    """What the page needs of the console.

    Attributes:
        account: of a customer; raises when there is no such customer. creditor: the creditor's name.
        agent: who asks, and the token of their forms; raises when nobody is signed in.
        form: what was sent, if one of our own pages sent it; raises otherwise.
        form_page: answers with a template and its values, after a problem or none; redirect: to a path.
        done: the action that led to the page.
    """

    desk: Callable[[], ArrangementDesk]
    tasks: Callable[[], TaskDesk]
    account: Callable[[str], Account]
    creditor: Callable[[], str]
    now: Callable[[], datetime]
    agent: Callable[[], tuple[Agent, str]]
    form: Callable[[], Form]
    form_page: Callable[..., Response]
    redirect: Callable[[str], Response]
    done: Callable[[], str]


def add_agreement_pages(route: Callable[[str, str], Callable[..., Any]], parts: AgreementParts) -> None:
    """Adds the page to the console."""

    @route("/customers/{customer_id}/agreements", "GET")
    def show_agreements(customer_id: str) -> Response:
        """What was agreed with a customer and how far it was kept, and the forms for agreeing more."""
        parts.agent()
        now_at = parts.account(customer_id).customer.customer_id
        if now_at != customer_id:
            return parts.redirect(f"/customers/{now_at}/agreements")
        return page(customer_id)

    @route("/customers/{customer_id}/agreements", "POST")
    def change_agreements(customer_id: str) -> Response:
        """Carries out one of the forms; a changed plan is first shown with its words."""
        agent, _ = parts.agent()
        form, account = parts.form(), parts.account(customer_id)
        try:
            if form.one("action") == "preview":
                return page(customer_id, form=form)
            act(parts.desk(), account, form, agent, parts.creditor(), parts.now())
        except (ConflictError, InvalidInputError, NotFoundError, RefusedError) as problem:
            return page(customer_id, problem, form)
        customer_id = account.customer.customer_id
        parts.tasks().keep_approvals(customer_id, parts.now())
        count("AgreementsWorked")
        return parts.redirect(f"/customers/{customer_id}/agreements?done={form.one('action')}")

    def page(customer_id: str, problem: Exception | None = None, form: Form | None = None) -> Response:
        who = parts.agent()
        given = form or Form({})
        if problem and given.one("action") == "preview":
            given = Form({})  # there are no words for what cannot be
        account = parts.account(customer_id)
        desk, now = parts.desk(), parts.now()
        values = agreement_values(desk, account, parts.creditor(), who[0], now, given, parts.done())
        return parts.form_page("agreements.html", who, problem, page="customers", **values)
