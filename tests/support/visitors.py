"""People at the deployed pages, by plain HTTP: a customer at the portal, an agent at the console."""

import re
from collections.abc import Mapping
from urllib.parse import urljoin

import requests
from bs4 import BeautifulSoup

from infra.local.demo import steps
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually

_TIMEOUT_SECONDS = 30


class Visitor:
    """A browser without scripts: keeps cookies, follows redirects, fills in forms."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._session = requests.Session()
        self._session.headers["Accept"] = "text/html,*/*;q=0.8"

    def get(self, path: str) -> requests.Response:
        """Open a page of the site."""
        return self._session.get(self.base + path, timeout=_TIMEOUT_SECONDS)

    def post(self, path: str, **fields: str) -> requests.Response:
        """Send a form of the site."""
        return self._session.post(self.base + path, data=fields, timeout=_TIMEOUT_SECONDS)

    def submit(self, page: requests.Response, action: str = "", **fields: str) -> requests.Response:
        """Send the form of a page whose address ends so, with its hidden fields."""
        return self.submit_files(page, action, {}, fields)

    def submit_files(
        self, page: requests.Response, action: str, files: Mapping[str, bytes], fields: Mapping[str, str]
    ) -> requests.Response:
        """As ``submit``, with files by their names."""
        document = BeautifulSoup(page.text, "lxml")
        found = [form for form in document.find_all("form") if str(form.get("action") or "").endswith(action)]
        assert found, f"{page.url} has no form {action!r}: {words(page)[:300]}"
        hidden = {str(i["name"]): str(i.get("value") or "") for i in found[0].select("input[type=hidden]")}
        chosen = [("files", file) for file in files.items()]
        url = urljoin(page.url, str(found[0].get("action") or ""))
        return self._session.post(url, data={**hidden, **fields}, files=chosen, timeout=_TIMEOUT_SECONDS)

    @property
    def cookies(self) -> list[dict[str, str]]:
        """The cookies it keeps, as Playwright takes them."""
        return [
            {"name": str(one.name), "value": str(one.value), "domain": str(one.domain), "path": str(one.path)}
            for one in self._session.cookies
        ]


def words(page: requests.Response) -> str:
    """What a page says."""
    document = BeautifulSoup(page.text, "lxml")
    for style in document.find_all("style"):
        style.decompose()
    return " ".join(document.get_text(" ").split())


def customer_at_portal(deployed: Deployment, number: str) -> Visitor:
    """A customer who was reminded, signed in by the link in the mail, the question and the code."""
    address = deployed.account(number).customer.email
    base = re.escape(deployed.view.urls["portal"])
    link = re.search(base + r"/l/(\S+)", deployed.mails(address)[-1]["text"])
    assert link, "the mail has no link"
    return customer_with_link(deployed, number, link[1])


def customer_with_link(deployed: Deployment, number: str, token: str) -> Visitor:
    """A customer signed in by a link, the question and the code."""
    address = deployed.account(number).customer.email
    visitor = Visitor(deployed.view.urls["portal"])
    before = len(deployed.mails(address))
    page = visitor.submit(visitor.get(f"/l/{token}"), answer=number)
    mail = eventually(lambda: deployed.mails(address)[before:], WAIT_SECONDS)[0]
    code = re.search(r"\b(\d{3}) ?(\d{3})\b", mail["text"])
    assert code, mail["text"]
    account = visitor.submit(page, code=code[1] + code[2])
    assert account.url == f"{visitor.base}/account", words(account)
    return visitor


def agent_at_console(deployed: Deployment) -> Visitor:
    """The first agent, signed in through the user pool."""
    visitor = Visitor(deployed.view.urls["console"])
    page = visitor.submit(visitor.get("/sign-in"), "/sign-in", email=steps.AGENT_EMAIL, password=steps.AGENT_PASSWORD)
    assert "Worklist" in words(page), words(page)
    return visitor
