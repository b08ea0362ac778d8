"""SES's event records (configuration set → EventBridge) as delivery feedback."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dunwell.outreach.delivery import Feedback, Outcome
from dunwell_aws.clock import Clock

CUSTOMER_TAG = "customer_id"
CONTACT_TAG = "contact_id"

_OUTCOMES = {
    "Delivery": Outcome.DELIVERED,
    "Open": Outcome.OPENED,
    "Click": Outcome.CLICKED,
    "Bounce": Outcome.BOUNCED,
    "Complaint": Outcome.COMPLAINED,
}


def feedback(detail: Mapping[str, Any], clock: Clock) -> Feedback | None:
    """The feedback in an SES event, or None: it is about no contact, or says nothing about delivery.

    Args:
        detail: the event's detail; ``eventType`` from a configuration set, ``notificationType`` from an identity.
        clock: the deployment's, by which the event's own time is reckoned.
    """
    mail = detail["mail"]
    kind = detail.get("eventType") or detail.get("notificationType") or ""
    outcome = _OUTCOMES.get(kind)
    tags = mail.get("tags") or {}
    if outcome is None or not tags.get(CONTACT_TAG) or not tags.get(CUSTOMER_TAG):
        return None
    return Feedback(
        customer_id=tags[CUSTOMER_TAG][0],
        contact_id=tags[CONTACT_TAG][0],
        outcome=outcome,
        address=mail["destination"][0],
        message_id=mail["messageId"],
        at=_happened(detail.get(kind.lower()) or {}, clock),
        permanent=(detail.get("bounce") or {}).get("bounceType") == "Permanent",
    )


def _happened(report: Mapping[str, Any], clock: Clock) -> datetime:
    """The event's own time, so that it is the same whenever the event comes; never in the future."""
    told = report.get("timestamp")
    return min(clock.shifted(datetime.fromisoformat(told)), clock.now()) if told else clock.now()
