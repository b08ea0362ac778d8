"""One-time codes by e-mail."""

from collections.abc import Callable
from html import escape
from string import Template
from typing import TYPE_CHECKING, Protocol

from dunwell.accounts.model import Customer
from dunwell.errors import DunwellError
from dunwell_aws.observability import count, logger

if TYPE_CHECKING:
    from dunwell.outreach.policy import Creditor
    from dunwell_aws.mail import Mailer


class Say(Protocol):
    """Words in one language."""

    tag: str

    def __call__(self, key: str, **values: str) -> str:
        """The text of a key."""
        ...


_HTML = Template(
    """<!doctype html>
<html lang="$tag">
<head><meta charset="utf-8"><title>$subject</title></head>
<body style="font-family:sans-serif;color:#1c2430;line-height:1.5">
<p>$lead</p>
<p style="font-size:32px;font-weight:bold;letter-spacing:4px;margin:16px 0">$code</p>
<p>$valid<br>$ignore</p>
<p style="color:#4a5565">$name<br>$address<br>$telephone</p>
</body>
</html>
"""
)


class CodeMail:
    """``dunwell.accounts.sign_in.CodeSender`` by e-mail.

    Args:
        say: the words of a language in a country.
    """

    def __init__(self, say: Callable[[str, str], Say], mailer: "Callable[[], Mailer]", creditor: "Creditor") -> None:
        self._say = say
        self._mailer = mailer
        self._creditor = creditor

    def send_code(self, customer: Customer, address: str, code: str) -> None:
        """See the port. A failure is logged and counted, and the customer asks again."""
        say, creditor = self._say(customer.language, customer.country), self._creditor
        subject = say("mail.subject", creditor=creditor.name)
        words = {
            "lead": say("mail.lead"),
            "code": code,
            "valid": say("mail.valid", creditor=creditor.name),
            "ignore": say("mail.ignore"),
            "name": creditor.name,
            "address": creditor.postal_address,
            "telephone": creditor.telephone,
        }
        text = "{lead} {code}\n\n{valid}\n{ignore}\n\n{name}\n{address}\n{telephone}\n".format(**words)
        page = {name: escape(word) for name, word in (words | {"subject": subject, "tag": say.tag}).items()}
        try:
            self._mailer().send(address, subject, text, _HTML.substitute(page), tags={"kind": "sign_in_code"})
        except DunwellError as error:
            logger.error("sign-in code not sent", error=type(error).__name__)
            count("SignInCodeFailed")
