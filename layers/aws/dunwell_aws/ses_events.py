"""SES's event records (configuration set → EventBridge) as delivery feedback."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dunwell.outreach.delivery import Feedback, Outcome

CUSTOMER_TAG = "customer_id"
CONTACT_TAG = "contact_id"

_OUTCOMES = {"Delivery": Outcome.DELIVERED, "Bounce": Outcome.BOUNCED, "Complaint": Outcome.COMPLAINED}


def feedback(detail: Mapping[str, Any], at: datetime) -> Feedback | None:
    """The feedback in an SES event, or None: it is about no contact, or says nothing about delivery.

    Args:
        detail: the event's detail; ``eventType`` from a configuration set, ``notificationType`` from an identity.
        at: the deployment's present instant.
    """
    mail = detail["mail"]
    outcome = _OUTCOMES.get(detail.get("eventType") or detail.get("notificationType") or "")
    tags = mail.get("tags") or {}
    if outcome is None or not tags.get(CONTACT_TAG) or not tags.get(CUSTOMER_TAG):
        return None
    return Feedback(
        customer_id=tags[CUSTOMER_TAG][0],
        contact_id=tags[CONTACT_TAG][0],
        outcome=outcome,
        address=mail["destination"][0],
        message_id=mail["messageId"],
        at=at,
        permanent=(detail.get("bounce") or {}).get("bounceType") == "Permanent",
    )
