"""Where the deployment's own pages are, from a parameter that is written once its APIs exist.

An API's address contains its id and stage, so a function of the API cannot have it as a variable: that would be a
circle in the template. Locally the base is ``/_aws/execute-api/{apiId}/{stage}``, so every link carries a path.
"""

import json
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.errors import UnavailableError
from dunwell_aws.cached import Cached


class Urls:
    """Public base URLs, without a slash at the end."""

    def __init__(self, ssm: Any, parameter: str) -> None:
        self._ssm = ssm
        self._parameter = parameter
        self._bases: Cached[dict[str, str]] = Cached(self._read)

    def portal(self, path: str = "") -> str:
        """The address of a page of the portal; ``path`` starts with a slash.

        Raises:
            UnavailableError: the parameter cannot be read or does not name the portal.
        """
        return self._base("portal") + path

    def console(self, path: str = "") -> str:
        """The address of a page of the console; raises as ``portal`` does."""
        return self._base("console") + path

    def webhooks(self, path: str = "") -> str:
        """The address of an endpoint for webhooks; raises as ``portal`` does."""
        return self._base("webhooks") + path

    def _base(self, name: str) -> str:
        base = self._bases.get().get(name, "")
        if not urlsplit(base).netloc:
            self._bases.forget()
            raise UnavailableError(f"the parameter of public addresses has no address of the {name}")
        return base.rstrip("/")

    def _read(self) -> dict[str, str]:
        try:
            found = self._ssm.get_parameter(Name=self._parameter)
            bases: dict[str, str] = json.loads(found["Parameter"]["Value"])
        except (ClientError, BotoCoreError, ValueError) as error:
            raise UnavailableError("the parameter of public addresses cannot be read") from error
        return bases
