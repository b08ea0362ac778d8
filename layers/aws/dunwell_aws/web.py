"""What every page for browsers needs: forms, cookies, rendering, and headers that leave attackers little."""

import base64
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalice.app import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from dunwell.errors import InvalidInputError, RefusedError
from dunwell.money import format_money
from dunwell_aws.multipart import MULTIPART_TYPE, read_multipart

FORM_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 1000


class Form:
    """The fields of a form that a browser sent, and the files in it."""

    def __init__(
        self, fields: Mapping[str, list[str]], files: Mapping[str, list[tuple[str, bytes]]] | None = None
    ) -> None:
        self._fields = fields
        self._files = files or {}

    def one(self, name: str) -> str:
        """A field's first value, or empty."""
        return self._fields.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """A field's values."""
        return self._fields.get(name, [])

    def files(self, name: str) -> list[tuple[str, bytes]]:
        """A field's files: names as the browser gives them, and contents."""
        return self._files.get(name, [])


def read_form(request: Request) -> Form:
    """The form in a request from one of our own pages.

    Raises:
        RefusedError: the browser says that another site sent it.
        InvalidInputError: it is not a form.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise RefusedError("This form was sent from another site.")
    try:
        body, content_type = request.raw_body, request.headers.get("content-type", "")
        if content_type.lower().startswith(MULTIPART_TYPE):
            return Form(*read_multipart(content_type, body if isinstance(body, bytes) else body.encode()))
        text = body.decode() if isinstance(body, bytes) else body
        return Form(parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise InvalidInputError("The form could not be read. Go back and try again.") from None


def read_cookie(request: Request, name: str) -> str:
    """A cookie's value, or empty."""
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def cookie(name: str, value: str, base_url: str, max_age_seconds: int, same_site: str = "Lax") -> str:
    """A cookie for one site's pages only, unreadable to scripts.

    SameSite is Lax unless told otherwise, not Strict: customers come back from the gateway's page by following a link,
    and with Strict they would arrive signed out. Lax still withholds the cookie from other sites' forms.
    """
    site = urlsplit(base_url)
    secure = "; Secure" if site.scheme == "https" else ""
    return f"{name}={value}; Path={site.path or '/'}; Max-Age={max_age_seconds}; HttpOnly; SameSite={same_site}{secure}"


@contextmanager
def at_least(
    seconds: float, sleep: Callable[[float], None], monotonic: Callable[[], float] = time.monotonic
) -> Iterator[None]:
    """Take at least this long, so that the time taken tells nothing about what was done."""
    started = monotonic()
    try:
        yield
    finally:
        sleep(max(0.0, seconds - (monotonic() - started)))


class Pages:
    """Templates of one application with its one style sheet, which is part of each page: one round trip on a phone.

    Args:
        look: rules after those of the style sheet, such as the creditor's colours.
        image_sources: origins of images, beside those that are part of a page.
    """

    def __init__(
        self,
        folder: Path,
        form_targets: tuple[str, ...] = (),
        filters: Mapping[str, Callable[..., str]] | None = None,
        look: str = "",
        image_sources: tuple[str, ...] = (),
    ) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(folder),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "money": format_money,
            "date": _long_date,
            "number": "{:,}".format,
            **(filters or {}),
        }
        self._style = (folder / "style.css").read_text(encoding="utf-8") + look
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self._policy = "; ".join(
            [
                "default-src 'none'",
                " ".join(["img-src data:", *image_sources]),
                f"style-src 'sha256-{digest}'",
                " ".join(["form-action 'self'", *form_targets]),
                "frame-ancestors 'none'",
                "base-uri 'none'",
            ]
        )

    def text(self, template: str, **values: Any) -> str:
        """A template rendered; every value it names must be given."""
        return self._templates.get_template(template).render(values | {"style": self._style})

    def page(self, template: str, base_url: str, status: int = 200, **values: Any) -> Response:
        """A template as an answer to a browser, with the headers of ``headers``."""
        return Response(self.text(template, **values), dict(self.headers(base_url)), status)

    def redirect(self, location: str, base_url: str, cookies: tuple[str, ...] = ()) -> Response:
        """After a form: another page, fetched by GET, so that going back sends nothing again."""
        headers: dict[str, str | list[str]] = {**self.headers(base_url), "Location": location}
        if cookies:
            headers["Set-Cookie"] = list(cookies)
        return Response("", headers, 303)

    def headers(self, base_url: str) -> dict[str, str]:
        """Not kept, not framed, not sniffed, not indexed; no scripts; nobody is told where a visitor came from."""
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": self._policy,
            "Cache-Control": "no-store",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex, nofollow",
        }
        if urlsplit(base_url).scheme == "https":
            headers["Strict-Transport-Security"] = "max-age=31536000"
        return headers


def _long_date(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
