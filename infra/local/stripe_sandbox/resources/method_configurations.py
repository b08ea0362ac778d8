"""Payment method configurations: which kinds of payment methods a page offers."""

from __future__ import annotations

from ..api import LIST_PARAMETERS, list_page, operation
from ..state import Params, Resource, Sandbox

KINDS = ("card", "us_bank_account", "sepa_debit")
_FIELDS = "name " + " ".join(f"{kind}.display_preference.preference" for kind in KINDS)


@operation("payment_method_configurations.create", _FIELDS)
def create(sandbox: Sandbox, params: Params) -> Resource:
    """Keep a configuration; what it does not name is off, except cards."""
    settings = {kind: _setting(params, kind, "on" if kind == "card" else "off") for kind in KINDS}
    fields = {"active": True, "application": None, "is_default": False, "name": params.get("name"), "parent": None}
    return sandbox.new("payment_method_configuration", fields | settings)


@operation("payment_method_configurations.update", f"{_FIELDS} active")
def update(sandbox: Sandbox, params: Params, configuration_id: str) -> Resource:
    """Switch kinds on or off."""
    found = _configuration(sandbox, configuration_id)
    found.update({kind: _setting(params, kind, "none") for kind in KINDS if kind in params})
    found.update({name: params[name] for name in ("name", "active") if name in params})
    return found


@operation("payment_method_configurations.retrieve")
def retrieve(sandbox: Sandbox, params: Params, configuration_id: str) -> Resource:
    """Read a configuration."""
    return _configuration(sandbox, configuration_id)


@operation("payment_method_configurations.list", LIST_PARAMETERS.replace("created ", ""))
def list_configurations(sandbox: Sandbox, params: Params) -> Resource:
    """List configurations, newest first."""
    found = sandbox.all("payment_method_configuration")
    return list_page(found, params, "/v1/payment_method_configurations")


def _setting(params: Params, kind: str, default: str) -> Resource:
    wanted = params.get(kind, {}).get("display_preference", {}).get("preference", "none")
    value = default if wanted == "none" else wanted
    return {
        "available": value == "on",
        "display_preference": {"overridable": None, "preference": wanted, "value": value},
    }


def _configuration(sandbox: Sandbox, configuration_id: str) -> Resource:
    return sandbox.get("payment_method_configuration", configuration_id, "payment_method_configuration")


def configured_types(sandbox: Sandbox, configuration_id: str | None) -> list[str]:
    """The kinds that a configuration offers; all of them without one. Raises ApiError (404) for an unknown one."""
    if configuration_id is None:
        return list(KINDS)
    found = _configuration(sandbox, configuration_id)
    return [kind for kind in KINDS if found[kind]["available"]]
