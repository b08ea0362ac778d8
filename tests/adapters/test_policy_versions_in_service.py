"""A function that stays warm over the day on which another version of the policy comes into force."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from dunwell.outreach.policy import PolicyVersions
from dunwell_aws.bootstrap import base, sending
from dunwell_aws.documents import folder, read_policy


class Clock:
    """Shows what it is set to."""

    at = datetime(2026, 11, 30, 22, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def test_a_warm_function_goes_on_to_the_version_that_comes_into_force(monkeypatch: pytest.MonkeyPatch) -> None:
    first = replace(read_policy(folder("infra"), "uk"), version="v1", effective_from=date(2026, 1, 1))
    second = replace(first, version="v2", effective_from=date(2026, 12, 1))
    clock = Clock()
    monkeypatch.setattr(base, "policies", lambda: PolicyVersions([first, second]))
    monkeypatch.setattr(base, "clock", lambda: clock)
    warm = sending.renderer()
    assert sending.renderer() is warm, "built once for a version"
    clock.at = datetime(2026, 12, 1, 9, tzinfo=UTC)
    now = sending.renderer()
    assert (warm._policy.version, now._policy.version) == ("v1", "v2")
