"""The SDK's client of the present key."""

import stripe

from dunwell.errors import UnavailableError
from dunwell_aws.stripe_secret import StripeSecret

_TIMEOUT_SECONDS = 8


class StripeConnection:
    """One client, made anew when the key was rotated."""

    def __init__(self, secret: StripeSecret, api_base: str) -> None:
        self._secret = secret
        self._api_base = api_base
        self._client: tuple[str, stripe.StripeClient] | None = None

    def client(self) -> stripe.StripeClient:
        """The client.

        Raises:
            UnavailableError: no key is configured.
        """
        key = self._secret.keys().api_key
        if not key:
            self._secret.forget()
            raise UnavailableError("no key of the payment gateway is configured")
        if self._client is None or self._client[0] != key:
            client = stripe.StripeClient(
                key,
                max_network_retries=2,
                http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS),
                base_addresses={"api": self._api_base},
            )
            self._client = (key, client)
        return self._client[1]

    def key_refused(self) -> None:
        """Read the key afresh next time."""
        self._secret.forget()
