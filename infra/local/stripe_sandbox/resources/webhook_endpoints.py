"""Webhook endpoints: where signed events are sent. Only addresses on this machine are taken."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from ..api import LIST_PARAMETERS, list_page, operation
from ..errors import invalid_request
from ..state import API_VERSION, Params, Resource, Sandbox, merge_metadata, pick


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address can only mean this machine."""
    if not host:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "http" or not is_loopback(parts.hostname):
        raise invalid_request(
            "Invalid URL: the local Stripe sandbox delivers only to http addresses on this machine, such as "
            "http://127.0.0.1:4690/webhook.",
            param="url",
            code="url_invalid",
        )


def _check_events(enabled_events: list[str]) -> None:
    if not enabled_events:
        raise invalid_request("You must enable at least one event.", param="enabled_events")


@operation("webhook_endpoints.create", "api_version description enabled_events metadata url")
def create(sandbox: Sandbox, params: Params) -> Resource:
    """Register an endpoint; only this answer shows its signing secret."""
    _check_url(params["url"])
    _check_events(params["enabled_events"])
    if params.get("api_version", API_VERSION) != API_VERSION:
        raise invalid_request(f"This sandbox speaks only the version {API_VERSION}.", param="api_version")
    endpoint = sandbox.new(
        "webhook_endpoint",
        {
            "api_version": params.get("api_version"),
            "description": params.get("description") or None,
            "enabled_events": params["enabled_events"],
            "metadata": merge_metadata({}, params.get("metadata")),
            "status": "enabled",
            "url": params["url"],
        },
    )
    secret = f"whsec_{sandbox.token(32)}"
    sandbox.endpoint_secrets[endpoint["id"]] = [secret]
    return {**endpoint, "secret": secret}


@operation("webhook_endpoints.update", "description disabled enabled_events metadata url")
def update(sandbox: Sandbox, params: Params, endpoint_id: str) -> Resource:
    """Change an endpoint, or switch it off and on with `disabled`."""
    endpoint = sandbox.get("webhook_endpoint", endpoint_id)
    changes: dict[str, Any] = pick(params, ["description", "enabled_events", "url"])
    if "url" in changes:
        _check_url(changes["url"])
    if "enabled_events" in changes:
        _check_events(changes["enabled_events"])
    if "disabled" in params:
        changes["status"] = "disabled" if params["disabled"] else "enabled"
    changes["metadata"] = merge_metadata(endpoint["metadata"], params.get("metadata"))
    endpoint.update(changes)
    return endpoint


@operation("webhook_endpoints.retrieve")
def retrieve(sandbox: Sandbox, params: Params, endpoint_id: str) -> Resource:
    """Read an endpoint, without its secret."""
    return sandbox.get("webhook_endpoint", endpoint_id)


@operation("webhook_endpoints.list", LIST_PARAMETERS.replace("created ", ""))
def list_endpoints(sandbox: Sandbox, params: Params) -> Resource:
    """List endpoints, newest first."""
    return list_page(sandbox.all("webhook_endpoint"), params, "/v1/webhook_endpoints")


@operation("webhook_endpoints.delete")
def delete(sandbox: Sandbox, params: Params, endpoint_id: str) -> Resource:
    """Remove an endpoint; nothing more is sent to it."""
    sandbox.get("webhook_endpoint", endpoint_id)
    sandbox.remove("webhook_endpoint", endpoint_id)
    sandbox.endpoint_secrets.pop(endpoint_id, None)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}
