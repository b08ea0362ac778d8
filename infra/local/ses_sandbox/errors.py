"""The one error type of the sandbox's API, in the form SES v2 answers with."""

from __future__ import annotations


class SesError(Exception):
    """A refusal that the caller sees as an SES v2 error: HTTP status, error code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def bad_request(message: str) -> SesError:
    """Return a 400 BadRequestException with `message`."""
    return SesError(400, "BadRequestException", message)


def not_found(message: str) -> SesError:
    """Return a 404 NotFoundException with `message`."""
    return SesError(404, "NotFoundException", message)
