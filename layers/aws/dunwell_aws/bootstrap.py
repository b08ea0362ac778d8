"""The composition root: what a function is made of, built at first use and kept for the process's life.

Only what is asked for is imported and built, so that a function pays for nothing that it does not use.
"""

from functools import cache
from typing import TYPE_CHECKING

from dunwell_aws.clock import Clock
from dunwell_aws.environment import (
    AccessEnvironment,
    ChannelsEnvironment,
    DecisionsEnvironment,
    Environment,
    EvidenceEnvironment,
    GatewayEnvironment,
    GatewayEventsEnvironment,
    IngestEnvironment,
    LedgerEnvironment,
    LettersEnvironment,
    MailEnvironment,
    TextsEnvironment,
    UrlsEnvironment,
    read_environment,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from dunwell.accounts.contact_points import Channel
    from dunwell.accounts.links import Links
    from dunwell.arrangements.desk import ArrangementDesk
    from dunwell.escalation.escalation import Escalation
    from dunwell.ingestion.mapping import SourceMapping
    from dunwell.ingestion.ports import RecordSink
    from dunwell.ingestion.reading import Workbook
    from dunwell.ingestion.run import FileImport
    from dunwell.ingestion.taking import Importer
    from dunwell.ledger.consequences import Consequence
    from dunwell.ledger.ports import Ledger
    from dunwell.outreach.dispatch import Dispatcher, Sender
    from dunwell.outreach.policy import Policy, PolicyVersions
    from dunwell.outreach.tasks import TaskDesk
    from dunwell.payments.debits import DebitCollector
    from dunwell.payments.gateway_events import GatewayEvents
    from dunwell.remittance.applying import CashApplication
    from dunwell.scoring.outside import Outside
    from dunwell_aws.access import DynamoAccessStore
    from dunwell_aws.collection import DynamoCollection
    from dunwell_aws.coming_back import ComingBack
    from dunwell_aws.decision_log import S3DecisionLog
    from dunwell_aws.evidence import S3Evidence
    from dunwell_aws.letters import LetterOutbox
    from dunwell_aws.mail import Mailer
    from dunwell_aws.message_index import DynamoMessageIndex
    from dunwell_aws.messages import Renderer
    from dunwell_aws.once import Once
    from dunwell_aws.orders import DynamoOrderStore
    from dunwell_aws.rates import WriteRates
    from dunwell_aws.raw_events import RawEvents
    from dunwell_aws.remittance_index import DynamoRemittanceIndex
    from dunwell_aws.results import Results
    from dunwell_aws.senders.sms import EndUserMessagingTexts, SnsTexts
    from dunwell_aws.series import DynamoSeries
    from dunwell_aws.stripe_gateway import StripeGateway
    from dunwell_aws.stripe_secret import StripeSecret
    from dunwell_aws.stripe_source import StripeSource
    from dunwell_aws.switch_store import CachedSwitches, DynamoSwitches
    from dunwell_aws.table import Table
    from dunwell_aws.tasks import DynamoNotices, DynamoTasks
    from dunwell_aws.uploads import Sources
    from dunwell_aws.urls import Urls


@cache
def clock() -> Clock:
    """The deployment's clock."""
    return Clock(read_environment(Environment).clock_offset_seconds)


@cache
def ledger_table() -> "Table":
    """The one table."""
    from dunwell_aws.aws import client
    from dunwell_aws.table import Table

    return Table(client("dynamodb"), read_environment(LedgerEnvironment).ledger_table)


def ledger() -> "Ledger":
    """Accounts; money moves agreements on, and settling an invoice charges what accrued, where policy charges."""
    return _ledger(policy().version)


@cache
def _ledger(_version: str) -> "Ledger":
    from dunwell.ledger.consequences import ConsequentLedger
    from dunwell_aws.ledger import DynamoLedger

    return ConsequentLedger(DynamoLedger(ledger_table()), *consequences(policy(), clock().now))


def consequences(rules: "Policy", now: "Callable[[], datetime]") -> "list[Consequence]":
    """What follows from a change of an account in the same write, in this order.

    What accrued is charged first: agreements are judged by the books with it.
    """
    from dunwell.arrangements.keeping import moving_agreements

    found = [moving_agreements(rules.arrangements, rules.creditor.timezone, now)]
    if rules.charges.rules:
        from dunwell.charges.settling import charging_what_accrued

        found.insert(0, charging_what_accrued(rules.charges, rules.creditor.timezone, now))
    return found


@cache
def pass_ledger() -> "Ledger":
    """Accounts as the daily pass reads them: at half the price, and perhaps a moment old."""
    from dunwell_aws.ledger import DynamoLedger

    return DynamoLedger(_pass_table())


@cache
def pass_collection() -> "DynamoCollection":
    """Assessments, contacts and cases as the daily pass reads them: at half the price, and perhaps a moment old."""
    from dunwell_aws.collection import DynamoCollection

    return DynamoCollection(_pass_table())


@cache
def _pass_table() -> "Table":
    """What the daily pass reads may be a moment old: it never writes over anything (a contact is put only where there
    is none), and before anything is sent the account is read again, consistently.
    """
    from dunwell_aws.table import Table

    table = ledger_table()
    return Table(table.client, table.name, consistent=False)


@cache
def collection() -> "DynamoCollection":
    """Assessments, contacts and cases."""
    from dunwell_aws.collection import DynamoCollection

    return DynamoCollection(ledger_table())


@cache
def decision_log() -> "S3DecisionLog":
    """Where decisions are kept."""
    from dunwell_aws.aws import client
    from dunwell_aws.decision_log import S3DecisionLog

    return S3DecisionLog(client("s3"), read_environment(DecisionsEnvironment).decisions_bucket)


@cache
def escalation() -> "Escalation":
    """The use cases of escalation."""
    from dunwell.escalation.escalation import Escalation
    from dunwell_aws.aws import client
    from dunwell_aws.executions import StepFunctionsExecutions

    return Escalation(collection(), ledger(), StepFunctionsExecutions(client("stepfunctions")))


@cache
def policies() -> "PolicyVersions":
    """All versions of the creditor's policy, the one that the deployment names."""
    from dunwell_aws.documents import folder, read_policies

    return read_policies(folder("infra"), read_environment(Environment).policy)


def policy(on: "date | None" = None) -> "Policy":
    """The version of the creditor's policy in force on a business date; None: now."""
    return policies().on(on) if on else policies().at(clock().now())


@cache
def mappings() -> "list[SourceMapping]":
    """The sources that Dunwell can read."""
    from dunwell_aws.documents import folder, read_mappings

    return read_mappings(folder("infra"), policy().creditor.timezone)


@cache
def sources() -> "Sources":
    """What files are read with. Workbooks are opened by a package that is imported when one comes."""
    from dunwell_aws.documents import folder
    from dunwell_aws.uploads import Sources, edition_of

    def workbook() -> "Workbook":
        from dunwell_aws.workbook import open_workbook

        return open_workbook

    zone = policy().creditor.timezone
    return Sources(mappings(), edition_of(folder("infra"), zone), workbook, zone)


@cache
def importer() -> "Importer":
    """Rows into the ledger."""
    from dunwell.ingestion.taking import Importer
    from dunwell_aws.known_facts import DynamoKnownFacts

    known = DynamoKnownFacts(ledger_table())
    return Importer(ledger(), policy().creditor.creditor_id, known, remittance_index(), series())


@cache
def series() -> "DynamoSeries":
    """Figures about industries and everybody."""
    from dunwell_aws.series import DynamoSeries

    return DynamoSeries(ledger_table())


def outside() -> "Outside":
    """What was published beside the ledger; afresh for each pass, and read only for a model that was trained on it."""
    from dunwell.scoring.outside import Outside

    return Outside(lambda name: series().series(name), policy().proxies)


@cache
def file_import() -> "FileImport":
    """Files into the ledger."""
    from dunwell.ingestion.run import FileImport
    from dunwell_aws.uploads import THREADS, in_threads

    return FileImport(importer(), in_threads, THREADS)


@cache
def record_sink() -> "RecordSink":
    """Where the records of pulled sources go."""
    from dunwell.ingestion.sink import LedgerSink

    return LedgerSink(importer(), clock().now, policy().creditor.timezone)


@cache
def remittance_index() -> "DynamoRemittanceIndex":
    """Pointers to invoices and payers, and the bank lines."""
    from dunwell_aws.remittance_index import DynamoRemittanceIndex

    return DynamoRemittanceIndex(ledger_table())


@cache
def cash() -> "CashApplication":
    """Bank lines into the ledger."""
    from dunwell.remittance.applying import CashApplication
    from dunwell_aws.documents import folder, read_cash_policy

    index, creditor = remittance_index(), policy().creditor
    rules = read_cash_policy(folder("infra"), read_environment(Environment).policy, policy().version)
    return CashApplication(ledger(), index, index, creditor.creditor_id, creditor.timezone, rules)


@cache
def results() -> "Results":
    """The answers to uploaded files."""
    from dunwell_aws.aws import client
    from dunwell_aws.results import Results

    return Results(client("s3"), read_environment(IngestEnvironment).ingest_bucket)


@cache
def access() -> "DynamoAccessStore":
    """Links, tries, codes and sessions."""
    from dunwell_aws.access import DynamoAccessStore
    from dunwell_aws.aws import client
    from dunwell_aws.table import Table

    return DynamoAccessStore(Table(client("dynamodb"), read_environment(AccessEnvironment).access_table))


@cache
def write_rates() -> "WriteRates":
    """Counts the writes of the API's sessions."""
    from dunwell_aws.aws import client
    from dunwell_aws.rates import WriteRates

    return WriteRates(client("dynamodb"), read_environment(AccessEnvironment).access_table)


@cache
def once() -> "Once":
    """Writes of the API that clients may repeat."""
    from dunwell_aws.aws import client
    from dunwell_aws.once import Once

    return Once(client("dynamodb"), read_environment(AccessEnvironment).access_table)


@cache
def links() -> "Links":
    """Who issues the links of messages."""
    from dunwell.accounts.links import Links

    return Links(access())


@cache
def orders() -> "DynamoOrderStore":
    """Checkout orders."""
    from dunwell_aws.orders import DynamoOrderStore

    return DynamoOrderStore(ledger_table())


@cache
def stripe_secret() -> "StripeSecret":
    """The payment gateway's keys."""
    from dunwell_aws.aws import client
    from dunwell_aws.stripe_secret import StripeSecret

    return StripeSecret(client("secretsmanager"), read_environment(GatewayEnvironment).stripe_secret)


@cache
def gateway() -> "StripeGateway":
    """The payment gateway. Imports the SDK: ask only when money is about to move."""
    from dunwell_aws.stripe_gateway import StripeGateway
    from dunwell_aws.stripe_methods import Offer

    given = read_environment(GatewayEnvironment)
    kinds, three_decimals = (
        [one for one in named.split(",") if one] for named in (given.stripe_methods, given.stripe_three_decimals)
    )
    offer = Offer(tuple(kinds), given.stripe_configuration, frozenset(three_decimals))
    return StripeGateway(stripe_secret(), given.stripe_api_base, offer, clock())


def debit_collector() -> "DebitCollector":
    """Who debits saved methods, by the policy in force."""
    from dunwell.payments.debits import DebitCollector
    from dunwell.payments.stops import Hours
    from dunwell_aws.agreed import PolicyArrangements

    agreed = PolicyArrangements(policy().arrangements)
    return DebitCollector(ledger(), gateway(), agreed, Hours(agreed.works))


@cache
def gateway_events() -> "GatewayEvents":
    """What the gateway's reports do: by webhook, by reconciliation, by the sync."""
    from dunwell.payments.gateway_events import GatewayEvents

    return GatewayEvents(ledger(), orders(), gateway(), unknown=cash(), payouts=_take_payout, works=_banks_work)


def _banks_work(day: "date") -> bool:
    from dunwell_aws.agreed import PolicyArrangements

    return PolicyArrangements(policy().arrangements).works(day)


def _take_payout(reference: str) -> None:
    from dunwell.ingestion.records import RejectedRowError
    from dunwell_aws.observability import logger

    try:
        payout = stripe_source().payout(reference)
    except RejectedRowError as error:
        logger.warning("payout rejected", payout=reference, reason=error.reject.reason)
        return
    if payout:
        remittance_index().expect(payout)


@cache
def stripe_source() -> "StripeSource":
    """Stripe as a source that is pulled."""
    from dunwell_aws.stripe_client import StripeConnection
    from dunwell_aws.stripe_source import StripeSource

    connection = StripeConnection(stripe_secret(), read_environment(GatewayEnvironment).stripe_api_base)
    return StripeSource(connection, policy().creditor.timezone, clock().now)


@cache
def raw_events() -> "RawEvents":
    """The gateway's reports as they came."""
    from dunwell_aws.aws import client
    from dunwell_aws.raw_events import RawEvents

    return RawEvents(client("s3"), read_environment(GatewayEventsEnvironment).gateway_events_bucket)


@cache
def mailer() -> "Mailer":
    """Outgoing e-mail in the creditor's name."""
    from dunwell_aws.aws import client_without_retries
    from dunwell_aws.mail import Mailer

    configuration_set = read_environment(MailEnvironment).configuration_set
    return Mailer(client_without_retries("sesv2"), policy().creditor.sender, configuration_set)


@cache
def urls() -> "Urls":
    """Public addresses."""
    from dunwell_aws.aws import client
    from dunwell_aws.urls import Urls

    return Urls(client("ssm"), read_environment(UrlsEnvironment).urls_parameter)


@cache
def renderer() -> "Renderer":
    """The words of messages."""
    from dunwell_aws.documents import folder
    from dunwell_aws.messages import Renderer

    return Renderer(folder("infra") / "messages", policy())


@cache
def tasks() -> "DynamoTasks":
    """What agents do beside cases."""
    from dunwell_aws.tasks import DynamoTasks

    return DynamoTasks(ledger_table())


def arrangement_desk() -> "ArrangementDesk":
    """What customers and agents do about agreements, by the policy in force."""
    from dunwell.arrangements.desk import ArrangementDesk

    rules = policy()
    return ArrangementDesk(ledger(), rules.arrangements, rules.creditor.timezone, rules.version)


@cache
def task_desk() -> "TaskDesk":
    """What agents, and changes of the ledger, do about tasks."""
    from dunwell.outreach.tasks import TaskDesk

    return TaskDesk(ledger(), collection(), tasks(), policy())


@cache
def notices() -> "DynamoNotices":
    """What the portal shows a customer who comes."""
    from dunwell_aws.tasks import DynamoNotices

    return DynamoNotices(ledger_table())


@cache
def switches() -> "DynamoSwitches":
    """What people and breakers stopped."""
    from dunwell_aws.switch_store import DynamoSwitches

    return DynamoSwitches(ledger_table())


@cache
def switched() -> "CachedSwitches":
    """What is stopped, as planning and dispatch go by it."""
    from dunwell_aws.switch_store import CachedSwitches

    return CachedSwitches(switches())


@cache
def message_index() -> "DynamoMessageIndex":
    """From a service's message id and a number to whom was written."""
    from dunwell_aws.message_index import DynamoMessageIndex

    return DynamoMessageIndex(ledger_table())


@cache
def letter_outbox() -> "LetterOutbox":
    """Letters for the print service."""
    from dunwell_aws.aws import client
    from dunwell_aws.letters import LetterOutbox

    return LetterOutbox(client("s3"), read_environment(LettersEnvironment).letters_bucket)


@cache
def evidence() -> "S3Evidence":
    """Files that customers add to disputes."""
    from dunwell_aws.aws import client
    from dunwell_aws.evidence import S3Evidence

    return S3Evidence(client("s3"), read_environment(EvidenceEnvironment).evidence_bucket)


@cache
def dispatcher() -> "Dispatcher":
    """Sends planned contacts, on every channel that is set up."""
    from dunwell.outreach.dispatch import Dispatcher

    return Dispatcher(ledger(), collection(), senders(), policy(), clock().now, tasks(), switched(), decision_log())


@cache
def senders() -> "dict[Channel, Sender]":
    """The ways out; WhatsApp only where the deployment has a number there."""
    from dunwell.accounts.contact_points import Channel
    from dunwell_aws.aws import client
    from dunwell_aws.senders.call import CallSender
    from dunwell_aws.senders.email import EmailSender
    from dunwell_aws.senders.letter import LetterSender
    from dunwell_aws.senders.pacing import Pacer, mail_rate
    from dunwell_aws.senders.portal import PortalSender

    settings = read_environment(ChannelsEnvironment)
    mails = Pacer(mail_rate(client("sesv2"), settings.senders))
    zone, bucket = policy().creditor.timezone, settings.letters_bucket
    ways: dict[Channel, Sender] = {
        Channel.EMAIL: EmailSender(renderer(), mailer(), links(), urls(), mails),
        Channel.SMS: _sms_sender(),
        Channel.LETTER: LetterSender(renderer(), client("s3"), bucket, links(), urls(), zone),
        Channel.CALL: CallSender(renderer(), tasks()),
        Channel.PORTAL: PortalSender(renderer(), notices()),
    }
    return ways | ({Channel.WHATSAPP: _whatsapp_sender()} if settings.whatsapp_number_id else {})


@cache
def texts() -> "SnsTexts | EndUserMessagingTexts":
    """Outgoing text messages: from a number of our own where the deployment has one."""
    from dunwell_aws.aws import client_without_retries
    from dunwell_aws.senders.sms import EndUserMessagingTexts, SnsTexts

    settings = read_environment(TextsEnvironment)
    if settings.sms_origination:
        voice = client_without_retries("pinpoint-sms-voice-v2")
        return EndUserMessagingTexts(voice, settings.sms_origination, settings.sms_max_price_usd)
    return SnsTexts(client_without_retries("sns"), settings.sms_sender_id, settings.sms_max_price_usd)


def _sms_sender() -> "Sender":
    from dunwell_aws.senders.pacing import Pacer
    from dunwell_aws.senders.sms import SmsSender

    settings = read_environment(ChannelsEnvironment)
    pacer = Pacer(lambda: settings.sms_rate / settings.senders)
    return SmsSender(renderer(), texts(), message_index(), links(), urls(), pacer)


def _whatsapp_sender() -> "Sender":
    from dunwell_aws.aws import client_without_retries
    from dunwell_aws.senders.pacing import Pacer
    from dunwell_aws.senders.whatsapp import WhatsAppSender

    settings = read_environment(ChannelsEnvironment)
    social = client_without_retries("socialmessaging")
    pacer = Pacer(lambda: settings.sms_rate / settings.senders)
    number = settings.whatsapp_number_id
    return WhatsAppSender(renderer(), social, number, message_index(), links(), urls(), pacer)


@cache
def coming_back() -> "ComingBack":
    """Reports on what was sent, replies, and the breakers behind them."""
    from dunwell_aws.coming_back import ComingBack
    from dunwell_aws.switch_store import DynamoCounts

    counts = DynamoCounts(ledger_table())
    return ComingBack(ledger(), collection(), tasks(), message_index(), switches(), counts, clock())
