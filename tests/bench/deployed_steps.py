"""The steps of a day through the adapters: a file, a score, a plan, a message, a page, a payment."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from random import Random
from types import SimpleNamespace
from typing import Any

from dunwell.accounts.links import Links
from dunwell.accounts.model import Channel
from dunwell.accounts.sign_in import SignIn
from dunwell.ledger.model import Account
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.decisions import planned
from dunwell.outreach.dispatch import Dispatcher, Sender
from dunwell.outreach.plan import carry_out
from dunwell.payments.gateway_events import GatewayEvent, GatewayEventKind, GatewayEvents
from dunwell.scoring.assess import assess_accounts
from dunwell_aws.access import DynamoAccessStore
from dunwell_aws.collection import DynamoCollection
from dunwell_aws.documents import folder
from dunwell_aws.known_facts import DynamoKnownFacts
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.mail import Mailer
from dunwell_aws.message_index import DynamoMessageIndex
from dunwell_aws.messages import Renderer
from dunwell_aws.orders import DynamoOrderStore
from dunwell_aws.portfolio import Pass, run_pass
from dunwell_aws.senders.email import EmailSender
from dunwell_aws.senders.pacing import Pacer
from dunwell_aws.senders.sms import SmsSender, SnsTexts
from dunwell_aws.switch_store import CachedSwitches, DynamoSwitches
from dunwell_aws.table import Table
from dunwell_aws.tasks import DynamoTasks
from dunwell_aws.uploads import in_threads
from dunwell_aws.urls import Urls
from dunwell_onnx.scorer import OnnxScorer
from functions.dispatch_message.app import THREADS as DISPATCH_THREADS
from functions.portal import app as portal_app
from tests.bench.meter import Meter
from tests.bench.portfolio import AS_OF, NOW, import_file, policy, portfolio
from tests.support.decisions import decision_log
from tests.support.emulator import Emulator
from tests.support.portal_app import BASE, Parameters, PortalWorld
from tests.support.template import create_table_call

THREADS = 8
PAGES_OF = 20
ROWS_A_BATCH = 25


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the day; ``work`` does it once and says for how many items, each one ``per``."""

    name: str
    what: str
    unit: str
    per: str
    work: Callable[[], int]


class Steps:
    """One deployment's worth of adapters over tables of its own."""

    def __init__(self, emulator: Emulator, number: int, customers: int) -> None:
        client = emulator.client("dynamodb")
        names = f"bench-ledger-{number}", f"bench-access-{number}", f"bench-plain-{number}"
        for logical_id, name in zip(("LedgerTable", "AccessTable", "AccessTable"), names, strict=True):
            client.create_table(**create_table_call(logical_id, name))
        self.meter = Meter(client)
        self._client, self._plain_table = client, names[2]
        self._ledger_table = ledger_table = Table(client, names[0])
        self._ledger, self._orders = DynamoLedger(ledger_table), DynamoOrderStore(ledger_table)
        self._collection = DynamoCollection(ledger_table)
        self._decisions = decision_log()
        self._access = DynamoAccessStore(Table(client, names[1]))
        self._scorer = OnnxScorer(folder("model_artifacts") / "late_payment")
        self._portfolio = portfolio(customers)
        self._world = PortalWorld()
        self._serve_from_the_tables()

    def in_order(self) -> Iterator[Step]:
        """Each step needs those before it."""
        yield Step("plain_writes", "the file's rows put as they are", "rows/s", "a row", self._write_plainly)
        yield Step("ingest", "a file into the ledger, as ingest_upload does it", "rows/s", "a row", self._ingest)
        yield Step("reingest", "the same rows shuffled, under another name", "rows/s", "a row", self._reingest)
        yield Step("score", "open accounts read, scored, kept", "accounts/s", "an open account", self._score)
        yield Step("plan", "open accounts read, planned, kept", "accounts/s", "an open account", self._plan)
        yield Step("dispatch", "contacts sent, the services left out", "messages/s", "a message", self._dispatch)
        yield Step("page", "the portal's account page", "pages/s", "a page", self._pages)
        yield Step("payment", "checkout and its report posted, Stripe left out", "payments/s", "a payment", self._pay)

    def _write_plainly(self) -> int:
        lines = self._portfolio.content.decode().splitlines()[1:]
        for start in range(0, len(lines), ROWS_A_BATCH):
            puts = [
                {"PutRequest": {"Item": {"pk": {"S": f"{start + n}"}, "sk": {"S": "row"}, "row": {"S": line}}}}
                for n, line in enumerate(lines[start : start + ROWS_A_BATCH])
            ]
            self._client.batch_write_item(RequestItems={self._plain_table: puts})
        return len(lines)

    def _ingest(self) -> int:
        return self._import(self._portfolio.content, self._portfolio.rows)

    def _reingest(self) -> int:
        header, *rows = self._portfolio.content.splitlines(keepends=True)
        Random(8).shuffle(rows)
        return self._import(header + b"".join(rows), 0)

    def _import(self, content: bytes, written: int) -> int:
        record = import_file(
            content, self._ledger, in_parallel=in_threads, threads=THREADS, known=DynamoKnownFacts(self._ledger_table)
        )
        assert (record.in_ledger, record.written) == (self._portfolio.rows, written)
        return record.rows

    def _score(self) -> int:
        def score(accounts: Sequence[Account]) -> None:
            self._collection.assess(assess_accounts(accounts, AS_OF, self._scorer).assessments)

        return self._pass(score)

    def _plan(self) -> int:
        def plan(accounts: Sequence[Account]) -> None:
            with ThreadPoolExecutor(THREADS) as pool:
                states = pool.map(lambda one: self._collection.state(one.customer.customer_id), accounts)
                decided = [planned(*one, policy(), AS_OF, NOW) for one in zip(accounts, states, strict=True)]
                kept = self._decisions.keep_page(AS_OF, "bench", policy(), decided)
                list(pool.map(lambda one: carry_out(one.decision.customer_id, one.plan, self._collection), kept))

        return self._pass(plan)

    def _pass(self, work: Callable[[Sequence[Account]], None]) -> int:
        seen = 0

        def counted(accounts: Sequence[Account]) -> None:
            nonlocal seen
            seen += len(accounts)
            work(accounts)

        assert run_pass(Pass(worker=0, workers=1), self._ledger, counted, lambda: 900_000) == ""
        return seen

    def _dispatch(self) -> int:
        contacts = list(self._planned())
        self.meter.reset()
        links, urls = Links(self._access), Urls(Parameters(BASE), "urls")
        renderer = Renderer(folder("infra") / "messages", policy())
        accepts: Any = SimpleNamespace(
            send_email=lambda **_: {"MessageId": "m"}, publish=lambda **_: {"MessageId": "m"}
        )
        index, unpaced = DynamoMessageIndex(self._ledger_table), Pacer(lambda: 0)
        mails, texts = Mailer(accepts, policy().creditor.sender, "bench"), SnsTexts(accepts, "", "0.50")
        senders: dict[Channel, Sender] = {
            Channel.EMAIL: EmailSender(renderer, mails, links, urls, unpaced),
            Channel.SMS: SmsSender(renderer, texts, index, links, urls, unpaced),
        }
        tasks, switches = DynamoTasks(self._ledger_table), CachedSwitches(DynamoSwitches(self._ledger_table))
        dispatcher = Dispatcher(
            self._ledger, self._collection, senders, policy(), lambda: NOW, tasks, switches, self._decisions, index
        )

        def dispatch(contact: Contact) -> None:
            assert dispatcher.dispatch(contact.customer_id, contact.contact_id) is ContactStatus.SENT

        with ThreadPoolExecutor(DISPATCH_THREADS) as pool:
            list(pool.map(dispatch, contacts))
        return len(contacts)

    def _planned(self) -> Iterator[Contact]:
        for account in self._portfolio.open_accounts:
            state = self._collection.state(account.customer.customer_id)
            yield from (one for one in state.contacts if one.status is ContactStatus.PLANNED)

    def _serve_from_the_tables(self) -> None:
        self._world.store, self._world.ledger, self._world.orders = self._access, self._ledger, self._orders  # type: ignore[assignment]
        self._world.links = Links(self._access)
        self._world.portal = replace(
            self._world.portal,
            store=self._access,
            ledger=self._ledger,
            orders=self._orders,
            sign_in=SignIn(self._access, self._ledger, {Channel.EMAIL: self._world.codes}),
        )

    def _browser(self, number: int) -> tuple[Account, Any]:
        account = self._portfolio.open_accounts[number]
        portal_app.use(self._world.portal)
        return account, self._world.signed_in(account.customer.customer_id, account.customer.number)

    def _pages(self) -> int:
        _, browser = self._browser(0)
        self.meter.reset()
        for _ in range(PAGES_OF):
            assert browser.get("/account").status_code == 200
        return PAGES_OF

    def _pay(self) -> int:
        account, browser = self._browser(1)
        customer_id = account.customer.customer_id
        self.meter.reset()
        self._world.pay(browser, currency=next(iter(account.balances)))
        self._world.gateway.pays(self._orders.orders(customer_id)[0])
        events = GatewayEvents(self._ledger, self._orders, self._world.gateway)
        events.apply(GatewayEvent("evt_1", GatewayEventKind.PAYMENT_SUCCEEDED, "pi_1"), NOW)
        return 1
