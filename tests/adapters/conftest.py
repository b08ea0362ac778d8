"""The Stripe sandbox for tests of this folder: one a module, emptied for each test."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.stripe_sandbox.server import StripeSandbox
from tests.support.stripe_sandbox import client_of


@pytest.fixture(scope="module")
def server() -> Iterator[StripeSandbox]:
    with StripeSandbox() as running:
        yield running


@pytest.fixture
def url(server: StripeSandbox) -> str:
    server.reset()
    return server.url


@pytest.fixture
def api(url: str) -> Any:
    return client_of(url)
