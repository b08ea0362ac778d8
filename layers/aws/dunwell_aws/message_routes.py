"""The routes of the console's pages of messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalice.app import Response

from dunwell_aws.bootstrap import base, sending

MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src https:; frame-ancestors 'none'; base-uri 'none'"
"""A mail has its style in its elements, as mail programs want it; nothing in it runs."""


@dataclass(frozen=True)
class ConsoleParts:
    """What the pages need of the console.

    Attributes:
        agent: who asks, and the token of their forms; raises when nobody is signed in.
        page, document: answer with a template and its values, or with a text, its media type and more headers.
        query: the parameters of the request.
        today: the creditor's business date.
    """

    agent: Callable[[], tuple[Any, str]]
    page: Callable[..., Response]
    document: Callable[..., Response]
    query: Callable[[], Mapping[str, str]]
    today: Callable[[], date]


def add_message_pages(route: Callable[[str, str], Callable[..., Any]], parts: ConsoleParts) -> None:
    """Adds the pages to the console. What renders messages is imported when somebody looks at one."""

    @route("/messages", "GET")
    def show_messages() -> Response:
        """Every message of the policy in one language."""
        from dunwell_aws.agent_messages import messages_values

        agent, csrf = parts.agent()
        language = parts.query().get("language", "")
        values = messages_values(sending.renderer(), base.policy(), language, parts.today())
        return parts.page("messages.html", page="messages", agent=agent, csrf=csrf, **values)

    @route("/messages/{language}/{stage}", "GET")
    def show_mail(language: str, stage: str) -> Response:
        """One e-mail as its page."""
        from dunwell_aws.agent_messages import mail_html

        parts.agent()
        html = mail_html(sending.renderer(), base.policy(), language, stage, parts.today())
        return parts.document(html, "text/html; charset=utf-8", **{"Content-Security-Policy": MAIL_POLICY})
