"""Pages, mail and letters: the portal's account page through its application, and reminders rendered."""

from collections.abc import Callable
from dataclasses import replace

from dunwell.accounts.model import Channel
from dunwell.money import format_money
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.dispatch import Message
from dunwell.outreach.plan import plan_account
from dunwell_aws.documents import folder
from dunwell_aws.messages import Renderer
from tests.bench.measure import Entry, Result, Skipped, rates
from tests.bench.planning import STATE
from tests.bench.portfolio import AS_OF, NOW, policy, portfolio
from tests.support.portal_app import PortalWorld

PAGES = 50
LETTERS = 50
MAIL_MS = 5
ACCOUNT_URL, STOP_URL = "https://pay.example/l/token", "https://pay.example/stop/token"


def bench(repetitions: int) -> list[Result]:
    """The account page, the reminder mail, the letter and the statement."""
    return [_account_page(repetitions), _mail(repetitions), *_papers(repetitions)]


def _account_page(repetitions: int) -> Entry:
    world = PortalWorld()
    browser = world.signed_in()
    account = world.ledger.accounts["cus_anna"]
    invoices = [item.invoice for item in account.open_invoices]

    def ours() -> None:
        for _ in range(PAGES):
            assert browser.get("/account").status_code == 200

    def plain() -> None:
        for _ in range(PAGES):
            "".join(f"<li>{one.number} {format_money(one.amount_minor, one.currency)}</li>" for one in invoices)

    mine, other = rates(PAGES, repetitions, ours, plain)
    return Entry(
        name="page_account",
        what="the portal's account page: routing, session, balances, template, headers; stores in memory",
        unit="pages/s",
        ours=mine,
        alternative="an f-string a line: no page, no session, no escaping, no headers",
        plain=other,
        cost=f"{1000 / mine.median:.1f} ms of one core a page, without the stores",
    )


def _mail(repetitions: int) -> Result:
    messages = _messages()
    if not messages:
        return Skipped("mail", "no contact of the portfolio is due by e-mail")
    renderer = Renderer(folder("infra") / "messages", policy())

    def ours() -> None:
        for message in messages:
            renderer.email(message, ACCOUNT_URL, STOP_URL)

    def plain() -> None:
        for message in messages:
            _plain_mail(message)

    mine, other = rates(len(messages), repetitions, ours, plain)
    return Entry(
        name="mail",
        what="a reminder rendered as text and HTML in the customer's language; an attached statement comes on top",
        unit="mails/s",
        ours=mine,
        alternative="one text by f-string: no HTML, no escaping, no languages",
        plain=other,
        cost=f"{1000 / mine.median:.2f} ms of one core a mail; {MAIL_MS} ms are the most it may take",
    )


def _papers(repetitions: int) -> list[Result]:
    messages = [_on_paper(message) for message in _messages()[:LETTERS]]
    if not messages:
        return [Skipped("letter", "no contact of the portfolio is due")]
    renderer = Renderer(folder("infra") / "messages", policy())

    def letters() -> None:
        for message in messages:
            renderer.letter(message, ACCOUNT_URL)

    def statements() -> None:
        for message in messages:
            renderer.statement(message)

    def words() -> None:
        for message in messages:
            renderer.letter_words(message)

    def entry(name: str, what: str, ours: Callable[[], None]) -> Entry:
        mine, other = rates(len(messages), repetitions, ours, words)
        cost = f"{1000 / mine.median:.1f} ms of one core each"
        return Entry(name, what, "files/s", mine, "the same words as text: no page, no fonts", other, cost)

    return [
        entry("letter", "a letter as PDF with its fonts and its code", letters),
        entry("statement", "a statement of three months as PDF", statements),
    ]


def _on_paper(message: Message) -> Message:
    return replace(message, address="1 Main Street\nNew York NY 10001")


def _messages() -> list[Message]:
    found = []
    for account in portfolio().open_accounts:
        for contact in plan_account(account, STATE, policy(), AS_OF, NOW).contacts:
            if contact.channel is Channel.EMAIL and contact.status is ContactStatus.PLANNED:
                items = tuple(i for i in account.open_invoices if i.invoice.invoice_id in contact.invoice_ids)
                found.append(Message(replace(contact, attachments=()), account, account.customer.email, items, NOW))
    return found


def _plain_mail(message: Message) -> str:
    lines = "\n".join(f"{i.invoice.number} {format_money(i.open_minor, i.invoice.currency)}" for i in message.invoices)
    return f"Dear {message.account.customer.name},\n{lines}\n{ACCOUNT_URL}\n{STOP_URL}\n"
