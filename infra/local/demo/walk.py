"""A customer's walk through the portal, as a browser would do it: only what pages, forms and mails say is used."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

TIMEOUT_SECONDS = 15


@dataclass
class Form:
    """A form of a page: where it goes and what it would send untouched."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    checkboxes: list[tuple[str, str]] = field(default_factory=list)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif tag in ("input", "button", "select") and given.get("name") and self.forms:
            self._control(given)

    def _control(self, given: dict[str, str]) -> None:
        form = self.forms[-1]
        if given.get("type") == "checkbox":
            form.checkboxes.append((given["name"], given.get("value", "on")))
        elif given.get("type") not in ("radio", "submit"):
            form.fields.setdefault(given["name"], given.get("value", ""))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@dataclass
class Page:
    """What came back."""

    url: str
    status: int
    html: str
    links: list[str]
    forms: list[Form]

    @property
    def text(self) -> str:
        """The words on the page, white space folded."""
        parser = _Page()
        parser.feed(re.sub(r"<(style|script)\b.*?</\1>", "", self.html, flags=re.DOTALL))
        return " ".join(" ".join(parser.text).split())

    def form(self, containing: str) -> Form:
        """The form that has a field or goes to an action of that name.

        Raises:
            LookupError: the page has none.
        """
        for form in self.forms:
            if containing in form.fields or containing in form.action or (containing, "") in form.checkboxes:
                return form
        raise LookupError(f"the page at {self.url} ({self.status}) has no form with {containing!r}: {self.text[:200]}")


class Browser:
    """One person's browser: cookies, redirects, forms."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "dunwell-demo"
        self._session.headers["Accept"] = "text/html"

    def get(self, url: str) -> Page:
        """Open a page."""
        return _page(self._session.get(url, timeout=TIMEOUT_SECONDS))

    def submit(self, page: Page, form: Form, **filled: str) -> Page:
        """Send a form of a page with fields filled in."""
        data = {**form.fields, **filled}
        return _page(self._session.post(urljoin(page.url, form.action or page.url), data=data, timeout=TIMEOUT_SECONDS))


def _page(response: requests.Response) -> Page:
    parser = _Page()
    parser.feed(response.text)
    links = [urljoin(response.url, link) for link in parser.links]
    return Page(response.url, response.status_code, response.text, links, parser.forms)
