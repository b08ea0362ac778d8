"""The pages' paths: which page, file or frame a GET asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from infra.local.ses_sandbox import mail_html, pages
from infra.local.ses_sandbox.errors import SesError, not_found
from infra.local.ses_sandbox.listing import Listing, list_messages, read_sms, thread_of
from infra.local.ses_sandbox.sms import SmsInbox
from infra.local.ses_sandbox.store import Mailbox

Query = Mapping[str, list[str]]

# Other types could run in the mailbox's own origin.
_SAFE_INLINE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Site:
    """Answers the mailbox page's GET requests."""

    def __init__(self, mailbox: Mailbox, inbox: SmsInbox) -> None:
        self._mailbox = mailbox
        self._inbox = inbox
        self._routes: list[tuple[str, Callable[..., Reply]]] = [
            (r"/", self._list),
            (r"/style\.css", self._style),
            (r"/message/([^/]+)", self._mail),
            (r"/message/([^/]+)/html", self._frame),
            (r"/message/([^/]+)/raw", self._raw),
            (r"/message/([^/]+)/attachment/([0-9]+)", self._attachment),
            (r"/message/([^/]+)/inline/([^/]+)", self._inline),
            (r"/sms/([^/]+)", self._sms),
        ]

    def get(self, path: str, query: Query) -> Reply:
        """Return the page, or a page that says why there is none."""
        try:
            for pattern, answer in self._routes:
                if match := re.fullmatch(pattern, path):
                    return answer(query, *map(unquote, match.groups()))
            raise not_found(f"There is no page at {path}.")
        except SesError as error:
            return _page(pages.error_page("Not found", error.message), error.status)

    def _listing(self, query: Query) -> Listing:
        page = query.get("page", ["1"])[0]
        number = max(1, int(page)) if re.fullmatch("[0-9]{1,6}", page) else 1
        return list_messages(self._mailbox, self._inbox, query.get("to", [""])[0], number)

    def _list(self, query: Query) -> Reply:
        return _page(pages.list_page(self._listing(query), refreshing="refresh" in query))

    def _style(self, query: Query) -> Reply:
        return Reply(200, "text/css; charset=utf-8", pages.STYLE)

    def _mail(self, query: Query, mail_id: str) -> Reply:
        return _page(pages.mail_page(self._listing(query), self._mailbox.mail(mail_id)))

    def _sms(self, query: Query, sms_id: str) -> Reply:
        texts, notice = read_sms(self._inbox)
        thread = thread_of(texts, sms_id)
        if not thread:
            raise not_found(notice or f"There is no text message '{sms_id}'.")
        return _page(pages.sms_page(self._listing(query), thread, sms_id))

    def _frame(self, query: Query, mail_id: str) -> Reply:
        html = self._mailbox.mail(mail_id).parsed.html
        if html is None:
            raise not_found("This mail has no HTML part.")
        body = mail_html.for_frame(html, mail_id).encode("utf-8", "replace")
        policy = {"Content-Security-Policy": mail_html.CONTENT_SECURITY_POLICY}
        return Reply(200, "text/html; charset=utf-8", body, policy)

    def _raw(self, query: Query, mail_id: str) -> Reply:
        mail = self._mailbox.mail(mail_id)
        return _download("message/rfc822", f"{mail.id}.eml", mail.raw)

    def _attachment(self, query: Query, mail_id: str, number: str) -> Reply:
        attachments = self._mailbox.mail(mail_id).parsed.attachments
        if not 1 <= int(number) <= len(attachments):
            raise not_found(f"This mail has no attachment {number}.")
        attachment = attachments[int(number) - 1]
        return _download("application/octet-stream", attachment.name, attachment.content)

    def _inline(self, query: Query, mail_id: str, content_id: str) -> Reply:
        for attachment in self._mailbox.mail(mail_id).parsed.attachments:
            if attachment.content_id == content_id and attachment.content_type in _SAFE_INLINE_TYPES:
                return Reply(200, attachment.content_type, attachment.content)
        raise not_found(f"This mail has no image with the Content-ID '{content_id}'.")


def _page(html: str, status: int = 200) -> Reply:
    policy = {"Content-Security-Policy": pages.CONTENT_SECURITY_POLICY}
    return Reply(status, "text/html; charset=utf-8", html.encode("utf-8", "replace"), policy)


def _download(content_type: str, name: str, body: bytes) -> Reply:
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Reply(200, content_type, body, {"Content-Disposition": disposition})
