"""Stripe's keys, from Secrets Manager; never from variables, never in a log."""

import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.errors import UnavailableError
from dunwell_aws.cached import Cached


@dataclass(frozen=True, slots=True)
class StripeKeys:
    """The API key, and the webhook secrets that are accepted now: two while one replaces the other."""

    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)


class StripeSecret:
    """The secret, read at most every five minutes."""

    def __init__(self, secrets_manager: Any, name: str) -> None:
        self._secrets_manager = secrets_manager
        self._name = name
        self._keys: Cached[StripeKeys] = Cached(self._read)

    def keys(self) -> StripeKeys:
        """The keys.

        Raises:
            UnavailableError: the secret cannot be read or is not of the shape ``{"api_key", "webhook_secrets"}``.
        """
        return self._keys.get()

    def forget(self) -> None:
        """Read afresh next time: Stripe refused the key, or no secret matched."""
        self._keys.forget()

    def _read(self) -> StripeKeys:
        try:
            value = json.loads(self._secrets_manager.get_secret_value(SecretId=self._name)["SecretString"])
            return StripeKeys(str(value["api_key"]), tuple(str(secret) for secret in value["webhook_secrets"]))
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError("the payment gateway's secret cannot be read") from error
        except (ValueError, KeyError, TypeError):
            # Without the cause: a parser's message quotes what it could not parse.
            raise UnavailableError("the payment gateway's secret is not as expected") from None
