"""What can go wrong in the domain, as types. Adapters translate; the HTTP map knows each of these once."""


class DunwellError(Exception):
    """Base of every error that the domain raises on purpose.

    Args:
        code: names what went wrong where pages say it in the reader's own language, such as ``nothing_chosen``.
    """

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class InvalidInputError(DunwellError):
    """What was given cannot be understood or breaks a rule; the message says what to do about it."""

    def __init__(self, message: str, *, field: str | None = None, code: str = "") -> None:
        super().__init__(message, code=code)
        self.field = field


class TooLargeError(InvalidInputError):
    """What was given is larger than anything that is taken."""


class WrongTypeError(InvalidInputError):
    """What was given is of a type that is not read here."""


class NotFoundError(DunwellError):
    """There is no such thing, or the asker may not know that there is."""


class WrongMethodError(DunwellError):
    """What is there cannot be used in this way."""


class ConflictError(DunwellError):
    """Somebody else changed the same account first: load it again and decide again."""


class RefusedError(DunwellError):
    """The request is understood and not permitted now."""


class TooManyRequestsError(RefusedError):
    """More requests than anybody makes by hand; ``retry_after_seconds``: when the next one may come."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message, code="too_many_writes")
        self.retry_after_seconds = retry_after_seconds


class InvalidAddressError(RefusedError):
    """Nothing will ever reach this address or number: it is wrong or does not exist."""


class OptedOutError(RefusedError):
    """The service keeps that this person refused the channel."""


class UnavailableError(DunwellError):
    """A system outside (payment gateway, mail) did not answer; trying again later may help."""


class OutcomeUnknownError(DunwellError):
    """A system outside was asked and its answer was lost: what was asked for may have been done. Do not ask again."""
