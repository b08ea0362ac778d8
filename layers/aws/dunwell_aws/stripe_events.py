"""Stripe's webhooks: who sent them, and what they report. No SDK here: verification is a dozen lines of HMAC.

The SDK's own check lets timestamps from the future pass, takes one secret, and lets bad bytes escape as other errors.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from dunwell.errors import InvalidInputError, UnavailableError
from dunwell.payments.gateway_events import GatewayEvent
from dunwell_aws.stripe_reports import report_of

TOLERANCE_SECONDS = 300
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def verify_event(payload: bytes, header: str, secrets: Sequence[str], now_epoch: int) -> GatewayEvent:
    """A webhook that Stripe signed, as the report it is.

    Args:
        payload: the body as it came, byte for byte.
        header: ``Stripe-Signature``; any of its ``v1`` may match any of the secrets (rotation).
        now_epoch: real seconds since 1970, whatever the deployment's clock says.

    Raises:
        UnavailableError: no secret is configured: nothing is believed.
        InvalidInputError: not signed by Stripe, older or newer than five minutes, or not an event.
    """
    usable = [secret for secret in secrets if secret.strip()]
    if not usable:
        raise UnavailableError("no webhook secret is configured; webhooks are refused until one is")
    timestamp, signatures = _read_header(header)
    signed = timestamp.encode() + b"." + payload
    # Every pair is compared, in constant time each.
    matches = [
        hmac.compare_digest(hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode(), signature.encode())
        for secret in usable
        for signature in signatures
    ]
    if not any(matches):
        raise InvalidInputError("the webhook's signature does not match")
    if abs(now_epoch - int(timestamp)) > TOLERANCE_SECONDS:
        raise InvalidInputError("the webhook's timestamp is more than five minutes away")
    return report_of(_parsed(payload))


def _read_header(header: str) -> tuple[str, list[str]]:
    parts = [part.strip().partition("=") for part in header.split(",")]
    timestamps = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]) or not signatures:
        raise InvalidInputError("the Stripe-Signature header needs one t and at least one v1")
    return timestamps[0], signatures


def _parsed(payload: bytes) -> Mapping[str, Any]:
    try:
        event = json.loads(payload)
    except ValueError:
        raise InvalidInputError("the webhook is not JSON in UTF-8") from None
    if not isinstance(event, dict) or not isinstance(event.get("id"), str) or not isinstance(event.get("type"), str):
        raise InvalidInputError("the webhook is not an event with an id and a type")
    return event
