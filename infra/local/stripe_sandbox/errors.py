"""Stripe's error answers: status, body, and the words its clients look for."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer other than 200; `details` is the `error` object of the body.

    `before_execution` says that the request was refused before anything ran, in which case Stripe does not
    remember the answer under the idempotency key.
    """

    def __init__(self, status: int, details: dict[str, Any], *, before_execution: bool = False) -> None:
        super().__init__(details["message"])
        self.status = status
        self.details = details
        self.before_execution = before_execution

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body that Stripe would send."""
        return {"error": self.details}


def invalid_request(
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    status: int = 400,
    before_execution: bool = False,
) -> ApiError:
    """An `invalid_request_error` with the optional `param` and `code`."""
    details: dict[str, Any] = {"message": message, "type": "invalid_request_error"}
    if param is not None:
        details["param"] = param
    if code is not None:
        details["code"] = code
        details["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
    return ApiError(status, details, before_execution=before_execution)


def missing(kind: str, object_id: str, param: str = "id") -> ApiError:
    """The 404 for an id that names nothing."""
    return invalid_request(f"No such {kind}: '{object_id}'", param=param, code="resource_missing", status=404)


def missing_param(param: str) -> ApiError:
    """The 400 for a parameter that this request needs and did not give."""
    return invalid_request(f"Missing required param: {param}.", param=param, code="parameter_missing")


def unsupported(what: str, *, param: str | None = None) -> ApiError:
    """The refusal of something that Stripe offers and this sandbox does not."""
    return invalid_request(
        f"The local Stripe sandbox does not support {what}; Stripe itself does.",
        param=param,
        code="sandbox_unsupported",
        before_execution=True,
    )
