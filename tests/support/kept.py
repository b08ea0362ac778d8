"""Everything that a season decided, as it is found in the log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import pytest

from dunwell.ingestion.records import Receivable
from dunwell.outreach.decisions import DispatchDecision, PlanDecision
from dunwell_aws.bootstrap import base
from dunwell_aws.decision_log import StoredDecision
from dunwell_aws.documents import folder, read_policy
from infra.local.ses_sandbox.server import SesSandbox
from tests.support.decisions import everything
from tests.support.emulator import Emulator, running_emulator
from tests.support.invocation import set_variables
from tests.support.season import Season, season


@dataclass
class Kept:
    """What was decided, and where letters lie."""

    season: Season
    emulator: Emulator
    plans: list[StoredDecision]
    dispatches: list[StoredDecision]

    def planned(self) -> Iterator[PlanDecision]:
        """What was decided of each account and day."""
        for one in self.plans:
            assert isinstance(one.decision, PlanDecision)
            yield one.decision

    def dispatched(self) -> Iterator[DispatchDecision]:
        """What was decided of each message just before it was to leave."""
        for one in self.dispatches:
            assert isinstance(one.decision, DispatchDecision)
            yield one.decision

    def sent(self) -> list[DispatchDecision]:
        """What was cleared for sending, in order."""
        return sorted((one for one in self.dispatched() if one.record.allowed), key=lambda one: one.now)

    def differing(self) -> list[str]:
        """The decisions that come out otherwise when they are made again from what was kept."""
        found = []
        for one in (*self.plans, *self.dispatches):
            decision = one.decision
            made = decision.record if isinstance(decision, DispatchDecision) else decision.plan
            if decision.again(one.policy) != made:
                found.append(one.decision_id)
        return found


@contextmanager
def lived(
    customers: int,
    start: date,
    days: int,
    outage: range,
    policy_name: str = "default",
    kind: type[Season] = Season,
    books: Callable[[Receivable], Receivable | None] = lambda row: row,
) -> Iterator[Kept]:
    """A season that was lived on an emulator of its own. Arguments as of ``season`` and ``Season.live``."""
    with pytest.MonkeyPatch.context() as patch, running_emulator() as emulator:
        set_variables(patch, POLICY=policy_name)
        policy = read_policy(folder("infra"), policy_name)
        domain = policy.creditor.sender.rpartition("@")[2].rstrip(">")
        with SesSandbox(0, None, [domain]) as mail:
            made = season(emulator, mail, policy, customers, start, days, kind, books)
            made.live(days, outage=outage)
            s3 = emulator.client("s3")
            yield Kept(made, emulator, *(everything(s3, "season-decisions", one) for one in ("plan", "dispatch")))
    base.policies.cache_clear()  # what comes next in this process has a policy of its own
