"""boto3 against the local AWS."""

from typing import Any

import boto3
from botocore.config import Config


class LocalSession(boto3.Session):
    """A session whose clients and resources talk to one endpoint and give up soon when it is gone."""

    def __init__(self, endpoint: str, region: str) -> None:
        super().__init__("test", "test", region_name=region)
        retries: Any = {"mode": "standard", "total_max_attempts": 2}
        config = Config(retries=retries, inject_host_prefix=False, max_pool_connections=50)
        self._local: dict[str, Any] = {"endpoint_url": endpoint, "config": config}

    def client(self, service_name: Any, **options: Any) -> Any:  # type: ignore[override]
        """A client of the service; options as boto3's."""
        return super().client(service_name, **{**self._local, **options})

    def resource(self, service_name: Any, **options: Any) -> Any:  # type: ignore[override]
        """A resource of the service; options as boto3's."""
        return super().resource(service_name, **{**self._local, **options})
