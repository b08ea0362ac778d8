"""The clock and the policy: what every function is made of."""

from functools import cache
from typing import TYPE_CHECKING

from dunwell_aws.clock import Clock
from dunwell_aws.environment import Environment, read_environment

if TYPE_CHECKING:
    from datetime import date

    from dunwell.outreach.policy import Policy, PolicyVersions


@cache
def clock() -> Clock:
    """The deployment's clock."""
    return Clock(read_environment(Environment).clock_offset_seconds)


@cache
def policies() -> "PolicyVersions":
    """All versions of the creditor's policy, the one that the deployment names."""
    from dunwell_aws.documents import folder, read_policies

    return read_policies(folder("infra"), read_environment(Environment).policy)


def policy(on: "date | None" = None) -> "Policy":
    """The version of the creditor's policy in force on a business date; None: now."""
    return policies().on(on) if on else policies().at(clock().now())
