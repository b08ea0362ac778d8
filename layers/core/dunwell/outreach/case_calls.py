"""Calls about an escalated customer: asked of the contact rules, kept with their answer, and counted by them.

An agent tells of a call after it. One that the rules do not allow is refused as long as it may still be left: "just
now" is taken for what is about to be done. One with a time of its own has happened: it counts, whatever the rules say
of that time, and the answer that is kept with it shows that it was made against them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dunwell.accounts.model import Channel
from dunwell.dates import business_date
from dunwell.errors import RefusedError
from dunwell.events import CONTACT_SENT
from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update
from dunwell.outreach.calls import STATUS, may_call, without_number
from dunwell.outreach.contact import CallOutcome, Contact, DecisionRecord
from dunwell.outreach.decisions import DecisionLog, dispatch_decision
from dunwell.outreach.inbound import their_call
from dunwell.outreach.plan import contact_event
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import CollectionState, ContactStore
from dunwell.outreach.stage import CASE_CALL


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call that an agent tells of.

    Attributes:
        key: names the telling: the same key is the same call.
        currency, invoice_ids: what it was about.
        number: the one that was called; it is not used again when it was somebody else's.
        at: when it was, with a time zone; None: just now.
    """

    outcome: CallOutcome
    key: str
    currency: str
    invoice_ids: tuple[str, ...]
    number: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class CaseCalls:
    """The calls of agents about cases."""

    ledger: Ledger
    contacts: ContactStore
    log: DecisionLog
    policy: Policy

    def told(self, account: Account, call: MadeCall, now: datetime) -> Contact:
        """The contact that a call is, with what the rules say of it, which is kept from here on; ``keep`` counts it.

        Raises:
            RefusedError: the rules do not allow it, and it has not happened yet.
        """
        state, at = self.contacts.state(account.customer.customer_id), call.at or now
        made = self._made(account, call, state, at)
        known = next((one for one in state.contacts if one.contact_id == made.contact_id), None)
        if known or call.outcome is CallOutcome.THEY_CALLED:
            return known or made
        before = [one for one in state.contacts if one.sent_at is None or one.sent_at <= at]
        record = may_call(account, before, call.invoice_ids, self.policy, at)
        if not record.allowed and call.at is None:
            raise RefusedError(_refusal(record))
        return replace(made, decisions=(self._kept(account, made, before, record),))

    def keep(self, contact: Contact, call: MadeCall) -> None:
        """Count a call; again changes nothing. A number that is somebody else's is not used again."""
        who = contact.customer_id
        if call.outcome is CallOutcome.WRONG_NUMBER and contact.sent_at:
            at = contact.sent_at
            update(self.ledger, who, lambda account: _without(account, call.number, at))
        told = [contact_event(CONTACT_SENT, contact, contact.sent_at)] if contact.decisions and contact.sent_at else []
        self.contacts.plan(who, [contact], told)

    def _made(self, account: Account, call: MadeCall, state: CollectionState, at: datetime) -> Contact:
        if call.outcome is CallOutcome.THEY_CALLED:
            return their_call(account, self.policy, call.key, at)
        who = account.customer.customer_id
        return Contact(
            contact_id=stable_id("con", who, CASE_CALL, call.key),
            customer_id=who,
            currency=call.currency,
            channel=Channel.CALL,
            stage=CASE_CALL,
            invoice_ids=call.invoice_ids,
            planned_on=business_date(at, self.policy.creditor.timezone),
            status=STATUS[call.outcome],
            policy_version=self.policy.version,
            risk_permille=state.risk_permille,
            model_version=state.model_version,
            template="",
            sent_at=at,
            call_outcome=call.outcome,
        )

    def _kept(
        self, account: Account, made: Contact, before: Sequence[Contact], record: DecisionRecord
    ) -> DecisionRecord:
        """An answer with the name under which it is kept, with all it was made from."""
        kept = dispatch_decision(account, made, before, self.policy, record, None)
        return replace(record, decision_id=self.log.keep_dispatch(self.policy, kept))


def _without(account: Account, number: str, at: datetime) -> Change:
    known = {one.address for one in account.customer.contact_points}
    return without_number(account, number, at) if number in known else Change(account)


def _refusal(record: DecisionRecord) -> str:
    why = record.reason_code.lower().replace("_", " ")
    rules = f" ({', '.join(record.rules)})" if record.rules else ""
    return (
        f"The rules do not allow a call now: {why}{rules}. Do not make it. "
        "If it has been made, write when: then it is kept and counted, and marked as made against the rules."
    )
