"""Messages in the customer's language, rendered from ``infra/messages/<locale>/``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound, select_autoescape

from dunwell.dates import business_date, days_past_due
from dunwell.ledger.model import OpenInvoice
from dunwell.money import format_money
from dunwell.outreach.dispatch import Message
from dunwell.outreach.policy import Creditor, Policy

FALLBACK_LOCALE = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """An e-mail's parts, or a text message in ``text`` alone."""

    subject: str
    text: str
    html: str = ""


class Renderer:
    """Renders a stage's message. Unknown variables fail the rendering: a gap never reaches a customer."""

    def __init__(self, folder: Path, policy: Policy) -> None:
        self._policy = policy
        self._templates = Environment(
            loader=FileSystemLoader(folder),
            autoescape=select_autoescape(("html",)),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def email(self, message: Message, account_url: str, stop_url: str) -> Words:
        """The e-mail of a contact's stage, with the page to pay on and the page to stop on."""
        text = self._render(message, "txt", account_url, stop_url)
        subject, _, body = text.partition("\n")
        return Words(
            subject.removeprefix("Subject: "), body.strip() + "\n", self._render(message, "html", account_url, stop_url)
        )

    def sms(self, message: Message, account_url: str) -> Words:
        """The text message of a contact's stage; stopping is by answering STOP."""
        return Words("", self._render(message, "sms", account_url, "").strip())

    def _render(self, message: Message, kind: str, account_url: str, stop_url: str) -> str:
        name = f"{message.contact.template}.{kind}"
        language = message.account.customer.language
        try:
            template = self._templates.select_template([f"{language}/{name}", f"{FALLBACK_LOCALE}/{name}"])
        except TemplateNotFound:
            raise LookupError(
                f"the message {message.contact.template!r} has no words: {FALLBACK_LOCALE}/{name} is missing"
            ) from None
        today = business_date(message.as_of, self._policy.creditor.timezone)
        return template.render(_context(message, self._policy.creditor, today, account_url, stop_url))


def _context(message: Message, creditor: Creditor, today: date, account_url: str, stop_url: str) -> dict[str, object]:
    currency = message.contact.currency
    total = sum(item.collectable_minor for item in message.invoices)
    return {
        "creditor": creditor,
        "name": message.account.customer.name,
        "invoices": _lines(message.invoices, today),
        "total": format_money(total, currency),
        "account_url": account_url,
        "stop_url": stop_url,
    }


def _lines(invoices: Sequence[OpenInvoice], today: date) -> list[dict[str, str]]:
    return [
        {
            "number": item.invoice.number,
            "due_on": f"{item.due_on:%d %B %Y}".lstrip("0"),
            "amount": format_money(item.collectable_minor, item.invoice.currency),
            "when": _when(days_past_due(item.due_on, today)),
        }
        for item in invoices
    ]


def _when(days: int) -> str:
    if days == 0:
        return "due today"
    unit = "day" if abs(days) == 1 else "days"
    return f"{days} {unit} overdue" if days > 0 else f"due in {-days} {unit}"
