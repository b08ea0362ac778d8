"""A mail's own HTML, made ready for the sandboxed frame that shows it. The only place where it is touched."""

from __future__ import annotations

import re
from urllib.parse import quote

# No script, no form, no remote content; a frame without an origin of its own. Links open in a new tab.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

_BASE = '<base target="_blank">'
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_DOCTYPE = re.compile(r"\s*<!doctype[^>]*>", re.IGNORECASE)
_INLINE_IMAGE = re.compile(r"(\bsrc\s*=\s*[\"']?)cid:([^\"'\s>]+)", re.IGNORECASE)


def for_frame(html: str, mail_id: str) -> str:
    """Return a mail's HTML with links sent to a new tab and `cid:` images taken from the mail itself."""
    linked = _INLINE_IMAGE.sub(
        lambda match: f"{match[1]}/message/{quote(mail_id)}/inline/{quote(match[2], safe='')}", html
    )
    start = _HEAD.search(linked) or _DOCTYPE.match(linked)
    position = start.end() if start else 0
    return linked[:position] + _BASE + linked[position:]
