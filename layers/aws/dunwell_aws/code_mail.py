"""One-time codes by e-mail."""

from collections.abc import Callable
from typing import Any

from dunwell.errors import DunwellError
from dunwell.outreach.policy import Creditor
from dunwell_aws.mail import Mailer
from dunwell_aws.observability import count, logger


class CodeMail:
    """``dunwell.accounts.sign_in.CodeSender`` by e-mail, in the words of two templates."""

    def __init__(self, render: Callable[..., str], mailer: Callable[[], Mailer], creditor: Creditor) -> None:
        self._render = render
        self._mailer = mailer
        self._creditor = creditor

    def send_code(self, address: str, code: str) -> None:
        """See the port. A failure is logged and counted, and the customer asks again."""
        values: dict[str, Any] = {"code": code, "creditor": self._creditor}
        try:
            self._mailer().send(
                address,
                f"Your sign-in code for {self._creditor.name}",
                self._render("mail_code.txt", **values),
                self._render("mail_code.html", **values),
                tags={"kind": "sign_in_code"},
            )
        except DunwellError as error:
            logger.error("sign-in code not sent", error=type(error).__name__)
            count("SignInCodeFailed")
