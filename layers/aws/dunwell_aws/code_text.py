"""One-time codes by text message."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from dunwell.accounts.model import Customer
from dunwell.errors import DunwellError
from dunwell_aws.code_mail import Say
from dunwell_aws.observability import count, logger

if TYPE_CHECKING:
    from dunwell.outreach.policy import Creditor


class Texts(Protocol):
    """What hands text messages to a service."""

    def send(self, number: str, text: str) -> str:
        """Send a text; the service's id of it."""
        ...


class CodeText:
    """``dunwell.accounts.sign_in.CodeSender`` by text message.

    Args:
        say: the words of a language in a country.
    """

    def __init__(self, say: Callable[[str, str], Say], texts: Callable[[], Texts], creditor: "Creditor") -> None:
        self._say = say
        self._texts = texts
        self._creditor = creditor

    def send_code(self, customer: Customer, address: str, code: str) -> None:
        """See the port. A failure is logged and counted, and the customer asks again."""
        say = self._say(customer.language, customer.country)
        try:
            self._texts().send(address, say("mail.text", code=code, creditor=self._creditor.name))
        except DunwellError as error:
            logger.error("sign-in code not sent", error=type(error).__name__)
            count("SignInCodeFailed")
