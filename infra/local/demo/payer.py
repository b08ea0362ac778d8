"""A reminded customer pays: through the link in the mail as rendered, the portal's pages and the hosted checkout.

Nothing is called that the customer could not reach: the mails come from the mailbox, the rest is links and forms.
"""

import re
from collections.abc import Sequence
from typing import Any

import mechanicalsoup
import requests
from bs4 import BeautifulSoup

from dunwell.accounts.model import Channel
from dunwell.ledger.model import Account
from dunwell.outreach.contact import Contact, ContactStatus
from infra.local.demo.progress import Progress
from infra.local.demo.view import View
from infra.local.errors import LocalStackError

CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 40", "cvc": "123", "name": "Pat Example"}
LAST_STAGE = "final"
_TIMEOUT_SECONDS = 30


class Payer:
    """One customer with a browser and a mailbox."""

    def __init__(self, view: View, progress: Progress, account: Account) -> None:
        self._view = view
        self._progress = progress
        self._account = account
        self._mailbox = f"{view.stack.ses_endpoint}/_sandbox/messages"
        self._browser = mechanicalsoup.StatefulBrowser(user_agent="dunwell-demo", raise_on_404=True)
        self._browser.session.headers["Accept"] = "text/html"

    def pay_all(self) -> Account:
        """Pay everything that is open; the account once the ledger shows it settled.

        Raises:
            LocalStackError: a page was not what it should be, or the payment was not posted.
        """
        self._progress.note("opening the link in the mail")
        self._open(self._link_in_mail())
        self._expect("the question before the account", not_showing="Pay all")
        self._submit(answer=self._account.customer.number)
        self._progress.note("signing in with the code from the second mail")
        self._submit(code=self._code_in_mail())
        self._expect("the account", showing="Pay ")
        self._progress.note("paying on the hosted checkout")
        self._browser.select_form('form[action$="/pay"]')
        self._browser.submit_selected(btnName=self._page().select_one('button[name="what"][value="all"]'))
        self._submit(**CARD)
        self._progress.note("waiting for the webhook")
        return self._progress.wait("the payment to be posted", self._settled)

    def _settled(self) -> Account | None:
        account = self._view.account(self._account.customer.customer_id)
        return None if account.balances else account

    def sees_it_settled(self) -> bool:
        """Whether the customer's own account page says that nothing is owed."""
        self._open(f"{self._view.urls['portal']}/account")
        return self._page().find("form", action=re.compile("/pay$")) is None

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

    def _code_in_mail(self) -> str:
        before = len(self._mails())

        def arrived() -> str | None:
            found = re.search(r"\b(\d{3}) ?(\d{3})\b", self._mails()[-1]["text"])
            return "".join(found.groups()) if found and len(self._mails()) >= before else None

        return self._progress.wait("the mail with the code", arrived)

    def _open(self, url: str) -> None:
        self._browser.open(url, timeout=_TIMEOUT_SECONDS)

    def _submit(self, **fields: str) -> None:
        """Fill in and send the page's main form: the one that has these fields."""
        first = next(iter(fields))
        field = self._page().select_one(f'[name="{first}"]')
        if field is None:
            raise LocalStackError(f"{self._browser.url} has no field {first!r}: {self._words()}")
        self._browser.select_form(field.find_parent("form"))
        for name, value in fields.items():
            self._browser[name] = value
        self._browser.submit_selected(timeout=_TIMEOUT_SECONDS)

    def _expect(self, what: str, showing: str = "", not_showing: str = "") -> None:
        words = self._words()
        if showing not in words or (not_showing and not_showing in words):
            raise LocalStackError(f"{self._browser.url} is not {what}: {words[:300]}")

    def _page(self) -> BeautifulSoup:
        page: BeautifulSoup = self._browser.page
        return page

    def _words(self) -> str:
        return " ".join(self._page().get_text(" ").split())


def someone_reminded(view: View, contacts: Sequence[Contact]) -> Account | None:
    """A customer whose reminder was delivered by mail and who can settle everything with one payment; always the same.

    Rather one who was not warned for the last time yet: those are for the escalation. None when nobody was reminded.
    """
    delivered = sorted(
        (c for c in contacts if c.status is ContactStatus.DELIVERED and c.channel is Channel.EMAIL),
        key=lambda contact: (contact.stage == LAST_STAGE, contact.contact_id),
    )
    for contact in delivered:
        account = view.account(contact.customer_id)
        disputed = any(not item.is_collectable for item in account.open_invoices)
        if len(account.balances) == 1 and not disputed and min(account.balances.values()) >= 1000:
            return account
    return None
