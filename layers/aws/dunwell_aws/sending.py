"""What a failed send means, the same on every channel: refused, not taken, or in doubt."""

from collections.abc import Set as AbstractSet
from http import HTTPStatus

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from dunwell.errors import OutcomeUnknownError, RefusedError, UnavailableError

_NOT_TAKEN = 503
"""The one server error that says that nothing was done; after any other the message may have left."""
_ANSWER_LOST = (ReadTimeoutError, ConnectionClosedError, IncompleteReadError, ResponseStreamingError)


def translated(error: ClientError | BotoCoreError, refusals: AbstractSet[str]) -> Exception:
    """The domain's error for a service's. Neither SES nor SNS takes an idempotency key, so a lost answer is a doubt.

    Args:
        refusals: the service's codes for a message that it will never take, however often it is tried.
    """
    if isinstance(error, _ANSWER_LOST):
        return OutcomeUnknownError(f"the service's answer was lost ({type(error).__name__})")
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != _NOT_TAKEN:
            return OutcomeUnknownError(f"the service failed while it had the message ({status})")
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    if code in refusals:
        return RefusedError(f"the service refused the message ({code})")
    return UnavailableError(f"the service did not take the message ({code or type(error).__name__})")
