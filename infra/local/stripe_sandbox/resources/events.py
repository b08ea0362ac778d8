"""Events: what happened, listable for recovery when webhooks were missed."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ..api import LIST_PARAMETERS, list_page, operation
from ..errors import invalid_request, missing
from ..state import Params, Resource, Sandbox

_KEPT_SECONDS = 30 * 86400


def _kept(sandbox: Sandbox) -> list[Resource]:
    oldest = sandbox.now() - _KEPT_SECONDS
    return [event for event in sandbox.all("event") if event["created"] >= oldest]


@operation("events.retrieve")
def retrieve(sandbox: Sandbox, params: Params, event_id: str) -> Resource:
    """Read an event of the last 30 days."""
    event = sandbox.get("event", event_id)
    if event["created"] < sandbox.now() - _KEPT_SECONDS:
        raise missing("event", event_id)
    return event


@operation("events.list", f"{LIST_PARAMETERS} delivery_success type types")
def list_events(sandbox: Sandbox, params: Params) -> Resource:
    """List events, newest first; `delivery_success=false` finds those that some endpoint still lacks."""
    if "type" in params and "types" in params:
        raise invalid_request("You may only specify one of these parameters: type, types.", param="types")
    if len(params.get("types", [])) > 20:
        raise invalid_request("You may pass at most 20 types.", param="types")
    patterns = params.get("types") or [params.get("type", "*")]
    found = [e for e in _kept(sandbox) if any(fnmatchcase(e["type"], pattern) for pattern in patterns)]
    if "delivery_success" in params:
        found = [e for e in found if (e["pending_webhooks"] == 0) == params["delivery_success"]]
    return list_page(found, params, "/v1/events")
