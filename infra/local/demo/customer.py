"""A customer of the demo: a mailbox and a browser. Nothing is called that the customer could not reach.

Fields, forms and links are found by their names and addresses, because pages come in the customer's own language.
"""

import re
from typing import Any

import mechanicalsoup
import requests
from bs4 import BeautifulSoup, Tag

from dunwell.ledger.model import Account
from infra.local.demo.progress import Progress
from infra.local.demo.view import View
from infra.local.errors import LocalStackError

CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 40", "cvc": "123", "name": "Pat Example"}
_TIMEOUT_SECONDS = 30


class PortalCustomer:
    """One customer, from the link in a mail on."""

    def __init__(self, view: View, progress: Progress, account: Account) -> None:
        self._view = view
        self._progress = progress
        self._account = account
        self._mailbox = f"{view.stack.ses_endpoint}/_sandbox/messages"
        self._browser = mechanicalsoup.StatefulBrowser(user_agent="dunwell-demo", raise_on_404=True)
        self._browser.session.headers["Accept"] = "text/html"

    def sign_in(self, link: str = "") -> None:
        """By a link, the one in the last mail that has one, the question and the code in the next mail.

        Raises:
            LocalStackError: a page or a mail was not what it should be.
        """
        self._progress.note("opening the link in the mail")
        self._open(link or self._link_in_mail())
        if self._page().find("form", action=re.compile("/pay$")):
            raise LocalStackError(f"{self._browser.url} shows the account before the question is answered")
        before = len(self._mails())
        self._submit(answer=self._account.customer.number)
        self._progress.note("signing in with the code from the second mail")
        self._submit(code=self._code_in_mail(before))
        self._found('form[action$="/pay"]')

    @property
    def words(self) -> str:
        """What the page says."""
        for style in self._page().find_all("style"):
            style.decompose()
        return " ".join(self._page().get_text(" ").split())

    def now(self) -> Account:
        """The customer's account as it is now."""
        return self._view.account(self._account.customer.customer_id)

    def _mails(self) -> list[dict[str, Any]]:
        address = self._account.customer.email
        answer = requests.get(self._mailbox, params={"to": address}, timeout=_TIMEOUT_SECONDS)
        mails: list[dict[str, Any]] = answer.json()
        return mails

    def _link_in_mail(self) -> str:
        for mail in reversed(self._mails()):
            link = BeautifulSoup(mail["html"] or "", "lxml").find("a", href=re.compile(r"/l/"))
            if link:
                return str(link["href"])
        raise LocalStackError("the reminder has no link to the portal")

    def _code_in_mail(self, before: int) -> str:
        def arrived() -> str | None:
            codes = (re.search(r"\b(\d{3}) ?(\d{3})\b", mail["text"]) for mail in self._mails()[before:])
            return next(("".join(found.groups()) for found in codes if found), None)

        return self._progress.wait("the mail with the code", arrived)

    def _open(self, url: str) -> None:
        self._browser.open(url, timeout=_TIMEOUT_SECONDS)

    def _follow(self, link: str) -> None:
        """Follow the page's first link with such an address."""
        self._browser.follow_link(self._found(f'a[href*="{link}"]'), requests_kwargs={"timeout": _TIMEOUT_SECONDS})

    def _submit(self, **fields: str) -> None:
        """Fill in and send the page's main form: the one that has these fields."""
        form = self._found(f'[name="{next(iter(fields))}"]').find_parent("form")
        self._browser.select_form(form)
        for name, value in fields.items():
            self._browser[name] = value
        self._browser.submit_selected(timeout=_TIMEOUT_SECONDS)

    def _press(self, selector: str, button: str = "") -> None:
        """Send a form as it is: the page's first that is selected so, by one of its buttons if it has several."""
        self._browser.select_form(self._found(selector))
        self._browser.submit_selected(btnName=self._found(button) if button else None, timeout=_TIMEOUT_SECONDS)

    def _found(self, selector: str) -> Tag:
        """The first such element of the page.

        Raises:
            LocalStackError: there is none; says what the page says.
        """
        found = self._page().select_one(selector)
        if found is None:
            raise LocalStackError(f"{self._browser.url} has no {selector}: {self.words[:300]}")
        return found

    def _page(self) -> BeautifulSoup:
        page: BeautifulSoup = self._browser.page
        return page
