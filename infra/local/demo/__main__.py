"""``make demo``: carries a receivables file through the whole loop on this machine, and shows what happened."""

import argparse
import signal
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from dunwell.ledger.model import Account
from dunwell.outreach.contact import Contact, ContactStatus
from infra.local.demo import bank, source, steps
from infra.local.demo.progress import Progress
from infra.local.demo.reconcile import Reconciliation, reconcile
from infra.local.demo.source import Source
from infra.local.demo.view import View
from infra.local.errors import LocalStackError
from infra.local.lock import only_one
from infra.local.stack import ROOT, LocalStack

OUT = ROOT / "out"
SMALL_MACHINE = {"PortfolioWorkers": "2", "EscalationSpreadSeconds": "10"}


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
    cases: int = 0
    report: Path | None = None
    digest: str = ""


def tell(stack: LocalStack, progress: Progress, data: Source) -> tuple[View, Story]:
    """The whole loop, step by step."""
    story = Story(data)
    with progress.step("build the layers and the template"):
        progress.note("" if stack.build() else "unchanged since the last time")
    with progress.step("deploy to the local AWS"):
        offset = steps.clock_offset_seconds(data.as_of)
        stack.deploy({"ClockOffsetSeconds": str(offset), **SMALL_MACHINE})
        view = steps.connect(stack)
    with progress.step(f"upload {data.path.name}"):
        story.run = steps.upload(view, progress, data)
    with progress.step("reconcile: the same file again, and shuffled"):
        story.reconciled = reconcile(view, progress, data, story.run)
    if content := bank.statement(view, data.as_of):
        with progress.step("bank statement: some pay by transfer"):
            story.cash = bank.upload(view, progress, content)
    with progress.step(f"daily cycle of {data.as_of}"):
        cycle = steps.daily_cycle(view, progress)
        story.scored, story.contacts = cycle.scored, cycle.contacts
    with progress.step("one reminded customer pays"):
        story.paid = steps.pay(view, progress, story.contacts)
    later = data.as_of + steps.THREE_WEEKS
    with progress.step(f"daily cycle of {later}"):
        # A new clock is a new configuration, which ends functions at work; what they worked on comes back much later.
        progress.wait("the queues to be empty", view.is_idle)
        stack.set_clock(steps.instant(later))
        cycle = steps.daily_cycle(view, progress)
        story.contacts = cycle.contacts
        if story.paid and not steps.reminders_stopped(story.contacts, story.paid.customer.customer_id, data.as_of):
            raise steps.DemoError("the customer who paid was reminded again")
    with progress.step("escalate the unresponsive"):
        story.cases = steps.escalate(view, progress, cycle.escalated)
    with progress.step("ageing report"):
        story.report = steps.report(view, progress, later, OUT)
    if dead := view.dead_letters():
        raise steps.DemoError(f"messages could not be processed: {dead}")
    story.digest = view.ledger_digest()
    return view, story


def summary(story: Story, progress: Progress) -> str:
    """A short table of what happened."""
    run, first_day = story.run, story.source.as_of
    decided = [contact for contact in story.contacts if contact.planned_on == first_day]
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
        ("escalated", f"{story.cases} waiting for an agent" if story.cases else "none: nobody is overdue and silent"),
        ("report", str(story.report)),
        ("ledger", f"fingerprint {story.digest}"),
        ("seconds", f"{sum(progress.seconds.values()):.0f} in all: {_each(progress)}"),
    ]
    return "\n".join(f"  {name:<11} {text}" for name, text in rows)


def _each(progress: Progress) -> str:
    return ", ".join(f"{title.split()[0]} {seconds:.1f}" for title, seconds in progress.seconds.items())


def _paid(story: Story) -> str:
    if story.paid is None:
        return "none: nobody owes anything on this day" if not story.scored else "none: nobody was reminded by mail"
    return f"customer {story.paid.customer.number}, account settled, reminders stopped"


def addresses(view: View) -> str:
    """Where to look."""
    return "\n".join(
        (
            f"  portal      {view.urls['portal']} (open the link in a mail)",
            f"  console     {view.urls['console']}/ ({steps.AGENT_EMAIL} / {steps.AGENT_PASSWORD})",
            f"  mailbox     {view.stack.ses_endpoint}/ (every mail and text message)",
        )
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2013-06-01") from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--data", type=Path, help="a receivables file; default: a generated portfolio")
    parser.add_argument("--as-of", type=_day, help="look at it as it stood on this day (YYYY-MM-DD)")
    parser.add_argument("--once", action="store_true", help="stop when done instead of waiting for Ctrl-C")
    return parser.parse_args()


def _run(arguments: argparse.Namespace) -> None:
    progress = Progress()
    data = source.given(arguments.data, arguments.as_of) if arguments.data else None
    with ExitStack() as until_the_end:
        until_the_end.enter_context(only_one(ROOT / ".local" / "demo.lock"))
        data = data or source.generated(ROOT / ".local" / "run", arguments.as_of)
        print(f"Dunwell on this machine: {data.path} as of {data.as_of}")
        with progress.step("start the local AWS and the sandboxes"):
            stack = until_the_end.enter_context(LocalStack())
        stack.watch()
        view, story = tell(stack, progress, data)
        print(f"\n{summary(story, progress)}\n\n{addresses(view)}\n", flush=True)
        if not arguments.once:
            print("It stays up until you press Ctrl-C.", flush=True)
            signal.pause()


def main() -> int:
    """Exit status 0 when every step did what it says."""
    # Both end the demo in order; a shell that starts it in the background would have it ignore Ctrl-C.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    try:
        _run(_arguments())
    except LocalStackError as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
