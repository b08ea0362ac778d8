"""``make demo``: carries a receivables file through the whole loop on this machine, and shows what happened."""

import argparse
import signal
import sys
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from infra.local.demo import agreeing, bank, source, steps
from infra.local.demo.gateway import reconcile_gateway
from infra.local.demo.progress import Progress
from infra.local.demo.reconcile import reconcile
from infra.local.demo.source import Source
from infra.local.demo.story import Story, summary
from infra.local.demo.view import View
from infra.local.errors import LocalStackError
from infra.local.lock import only_one
from infra.local.stack import ROOT, LocalStack

OUT = ROOT / "out"
SMALL_MACHINE = {"PortfolioWorkers": "2", "EscalationSpreadSeconds": "10"}


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
    _first_day(view, progress, story)
    _three_weeks_later(view, progress, story)
    if dead := view.dead_letters():
        raise steps.DemoError(f"messages could not be processed: {dead}")
    story.digest = view.ledger_digest()
    return view, story


def _first_day(view: View, progress: Progress, story: Story) -> None:
    """Customers are reminded; one pays, one agrees a plan, one promises."""
    day = story.source.as_of
    with progress.step(f"daily cycle of {day}"):
        cycle = steps.daily_cycle(view, progress)
        story.scored, story.contacts = cycle.scored, cycle.contacts
    with progress.step("one reminded customer pays"):
        story.paid = steps.pay(view, progress, cycle.contacts)
    with progress.step("plan: another agrees to pay in parts"):
        story.plan = agreeing.agree_plan(view, progress, cycle.contacts, day)
    with progress.step("promise: a third names a day"):
        besides = {story.plan.customer_id} if story.plan else set()
        story.promise = agreeing.promise(view, progress, cycle.contacts, day, besides)


def _three_weeks_later(view: View, progress: Progress, story: Story) -> None:
    """Reminders go on, but not about what was agreed, which is held to; the silent are escalated; books compared."""
    day = story.source.as_of + steps.THREE_WEEKS
    with progress.step(f"daily cycle of {day}"):
        # A new clock is a new configuration, which ends functions at work; what they worked on comes back much later.
        progress.wait("the queues to be empty", view.is_idle)
        view.stack.set_clock(steps.instant(day))
        cycle = steps.daily_cycle(view, progress)
        story.check_left_alone(view, cycle.contacts)
    with progress.step("instalments: what was agreed is due"):
        agreed = [one for one in (story.plan, story.promise) if one]
        for one in agreeing.hold_to_it(view, progress, day, agreed):
            story.note(one)
    with progress.step("escalate the unresponsive"):
        story.cases = steps.escalate(view, progress, cycle.escalated)
    with progress.step("ageing report"):
        story.report = steps.report(view, progress, day, OUT)
    with progress.step("gateway: its books against the ledger"):
        story.books = reconcile_gateway(view, progress)
    progress.wait("the queues to be empty", view.is_idle)
    story.contacts = progress.wait("the last messages to be delivered", view.settled_contacts)


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
        print(f"\n{summary(view, story, progress)}\n\n{addresses(view)}\n", flush=True)
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
