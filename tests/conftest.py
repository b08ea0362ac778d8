"""What several folders of tests share: the marker, and one deployed stack a session."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.support.deployment import Deployment


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes a minute or more; leave it out with -m 'not slow'")


settings.register_profile("dunwell", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dunwell")  # a busy machine is no fault of the code


@pytest.fixture(scope="session")
def deployed() -> "Iterator[Deployment]":
    """The whole system on ports and in folders of its own, deployed once for all tests that drive it."""
    from tests.support.deployment import running_deployment

    with running_deployment() as deployment:
        yield deployment
