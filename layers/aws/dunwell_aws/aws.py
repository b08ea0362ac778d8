"""boto3 clients, one a service and process, with timeouts below every function's own."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "max_attempts": 3},
    max_pool_connections=16,
)


@cache
def client(service: str) -> Any:
    """The client of a service; endpoint, region and credentials come from the environment."""
    return boto3.client(service, config=_CONFIG)  # type: ignore[call-overload]


@cache
def client_without_retries(service: str) -> Any:
    """A client that asks once, for what must not happen twice and takes no key: a retried send is a second message."""
    return boto3.client(service, config=_CONFIG.merge(Config(retries={"total_max_attempts": 1})))  # type: ignore[call-overload]
