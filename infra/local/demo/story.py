"""What happened in the demo, and its summary."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from dunwell.ledger.agreements import AgreementKind
from dunwell.ledger.model import Account
from dunwell.outreach.contact import Contact, ContactStatus
from infra.local.demo import bank
from infra.local.demo.agreeing import Agreed
from infra.local.demo.gateway import Books
from infra.local.demo.progress import Progress
from infra.local.demo.reconcile import Reconciliation
from infra.local.demo.source import Source
from infra.local.demo.steps import DemoError
from infra.local.demo.view import View


@dataclass
class Story:
    """What happened, for the summary."""

    source: Source
    run: dict[str, object] = field(default_factory=dict)
    reconciled: Reconciliation | None = None
    cash: dict[str, object] = field(default_factory=dict)
    scored: int = 0
    contacts: list[Contact] = field(default_factory=list)
    paid: Account | None = None
    plan: Agreed | None = None
    promise: Agreed | None = None
    cases: int = 0
    report: Path | None = None
    books: Books | None = None
    digest: str = ""

    def note(self, agreed: Agreed) -> None:
        """What became of an agreement."""
        if agreed.agreement.kind is AgreementKind.PLAN:
            self.plan = agreed
        else:
            self.promise = agreed

    def check_left_alone(self, view: View, contacts: list[Contact]) -> None:
        """Expect that nobody was reminded of what was paid or is being paid by a plan.

        Raises:
            DemoError: somebody was.
        """
        first_day = self.source.as_of
        if self.paid and view.reminders(contacts, self.paid.customer.customer_id, first_day):
            raise DemoError("the customer who paid was reminded again")
        theirs = view.reminders(contacts, self.plan.customer_id, first_day) if self.plan else []
        if self.plan and any(set(one.invoice_ids) & set(self.plan.agreement.invoice_ids) for one in theirs):
            raise DemoError("the customer who agreed a plan was reminded of its invoices")


def summary(view: View, story: Story, progress: Progress) -> str:
    """A short table of what happened."""
    run, first_day = story.run, story.source.as_of
    decided = [one for one in story.contacts if one.planned_on == first_day and view.is_reminder(one)]
    reasons = Counter(contact.decisions[0].reason_code for contact in decided)
    refused = ", ".join(f"{code} {count}" for code, count in sorted(reasons.items()) if code != "OK") or "none"
    reached = Counter(str(contact.channel) for contact in decided if contact.status is not ContactStatus.REFUSED)
    rejected = ", ".join(f"{reason} {count}" for reason, count in run.get("rejects_by_reason", ()))  # type: ignore[attr-defined]
    rows = [
        ("records in", f"{run['rows']} rows: {run['in_ledger']} in the ledger, {run['later']} left out as later"),
        ("rejected", f"{run['rejected']}{f' ({rejected})' if rejected else ''}"),
        ("reconciled", f"{story.reconciled} after importing it twice and once shuffled"),
        ("cash", bank.said(story.cash) if story.cash else "none: nobody owes anything on this day"),
        ("scored", f"{story.scored} open invoices"),
        ("contacts", f"{len(decided)} planned, {reasons['OK']} allowed, refused: {refused}"),
        ("sent", ", ".join(f"{count} by {channel}" for channel, count in sorted(reached.items())) or "none"),
        ("paid", _paid(story)),
        ("plan", _plan(story)),
        ("promise", _promise(view, story)),
        ("told", _told(view, story)),
        ("escalated", f"{story.cases} waiting for an agent" if story.cases else "none: nobody is overdue and silent"),
        ("report", str(story.report)),
        ("gateway", str(story.books)),
        ("ledger", f"fingerprint {story.digest}"),
        ("seconds", f"{sum(progress.seconds.values()):.0f} in all: {_each(progress)}"),
    ]
    return "\n".join(f"  {name:<11} {text}" for name, text in rows)


def _each(progress: Progress) -> str:
    return ", ".join(f"{title.split()[0].rstrip(':')} {seconds:.1f}" for title, seconds in progress.seconds.items())


def _paid(story: Story) -> str:
    if story.paid is None:
        return "none: nobody owes anything on this day" if not story.scored else "none: nobody was reminded by mail"
    return f"customer {story.paid.customer.number}, account settled, reminders stopped"


def _plan(story: Story) -> str:
    if story.plan is None:
        return "none: nobody was reminded of enough to divide"
    one = story.plan
    parts, debited = len(one.agreement.instalments), ", ".join(map(str, sorted(one.debited)))
    how = f"number {debited} debited from the saved card" if debited else f"the next is due on {one.next_on}"
    return f"customer {one.number}, {one.amount} in {parts} instalments: {one.paid} paid, {how}; not reminded of it"


def _promise(view: View, story: Story) -> str:
    if story.promise is None:
        return "none: nobody else was reminded of enough"
    one = story.promise
    again = view.reminders(story.contacts, one.customer_id, story.source.as_of)
    went_on = f"reminded again ({again[-1].stage})" if again else "the next reminder is not due yet"
    return f"customer {one.number}, {one.amount} by {one.last_on}: made, {one.agreement.status}, {went_on}"


def _told(view: View, story: Story) -> str:
    """The messages that ask for nothing: what was agreed, received, missed."""
    counts = Counter(one.stage for one in story.contacts if not view.is_reminder(one))
    return ", ".join(f"{count} {stage}" for stage, count in sorted(counts.items())) or "nothing besides reminders"
