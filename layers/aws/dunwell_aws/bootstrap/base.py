"""The clock and the policy: what every function is made of."""

from collections.abc import Callable
from functools import cache, wraps
from typing import TYPE_CHECKING, TypeVar

from dunwell_aws.clock import Clock
from dunwell_aws.environment import Environment, read_environment

if TYPE_CHECKING:
    from datetime import date

    from dunwell.outreach.policy import Policy, PolicyVersions


T = TypeVar("T")


def for_each_policy(build: Callable[[], T]) -> Callable[[], T]:
    """Built once for each version of the policy: a warm function goes on to the version that comes into force."""
    built = cache(lambda _version: build())

    @wraps(build)
    def current() -> T:
        return built(policy().version)

    current.cache_clear = built.cache_clear  # type: ignore[attr-defined] # as of what is built once
    return current


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
