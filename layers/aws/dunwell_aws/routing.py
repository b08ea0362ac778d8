"""From a greedy path of API Gateway to a route of a Chalice application.

An application of many pages would need an event, and with it a permission on the function, for each of its routes, and
Lambda takes 20 KB of permissions: some fifty. So the template has ``/{proxy+}`` once a method, and the routes are
matched here; what no route knows gets a page or a document of ours and not the gateway's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chalice.app import Chalice

MISSING, WRONG_METHOD = "/missing", "/wrong-method"
"""Routes that every application with this router has: they answer for paths and methods that it does not know."""
_OURS = (MISSING, WRONG_METHOD)
GREEDY = "/{proxy+}"


class Router:
    """Finds the route of a path: a literal part wins over a named one."""

    def __init__(self, app: Chalice) -> None:
        self._app = app
        self._split: list[tuple[str, tuple[str, ...]]] = []

    def event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The event as if API Gateway knew the application's routes; one for a known route stays as it is."""
        context = dict(event.get("requestContext") or {})
        if context.get("resourcePath") != GREEDY:
            return dict(event)
        if len(self._split) != len(self._app.routes):  # routes may be added later
            self._split = [(path, _parts(path)) for path in self._app.routes]
        given = _parts((event.get("pathParameters") or {}).get("proxy") or "")
        found = [(path, parts) for path, parts in self._split if _fits(parts, given) and path not in _OURS]
        path, parts = min(found, key=lambda one: _named(one[1]), default=(MISSING, ()))
        names = {part[1:-1]: value for part, value in zip(parts, given, strict=False) if part.startswith("{")}
        if found and str(context.get("httpMethod")) not in self._app.routes[path]:
            path, names = WRONG_METHOD, {}
        context["resourcePath"] = path
        return {**event, "resource": path, "pathParameters": names or None, "requestContext": context}


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))


def _fits(parts: Sequence[str], given: Sequence[str]) -> bool:
    return len(parts) == len(given) and all(
        bool(value) if part.startswith("{") else part == value for part, value in zip(parts, given, strict=True)
    )


def _named(parts: Sequence[str]) -> tuple[bool, ...]:
    """Orders routes that fit one path: literal parts first, from the left."""
    return tuple(part.startswith("{") for part in parts)
