"""The ways out to customers, and what comes back from them."""

from functools import cache
from typing import TYPE_CHECKING

from dunwell_aws.bootstrap import base, books, outreach, visitors
from dunwell_aws.environment import (
    ChannelsEnvironment,
    LettersEnvironment,
    MailEnvironment,
    TextsEnvironment,
    read_environment,
)

if TYPE_CHECKING:
    from dunwell.accounts.contact_points import Channel
    from dunwell.outreach.dispatch import Dispatcher, Sender
    from dunwell_aws.coming_back import ComingBack
    from dunwell_aws.letters import LetterOutbox
    from dunwell_aws.mail import Mailer
    from dunwell_aws.message_index import DynamoMessageIndex
    from dunwell_aws.messages import Renderer
    from dunwell_aws.senders.sms import EndUserMessagingTexts, SnsTexts


@base.for_each_policy
def mailer() -> "Mailer":
    """Outgoing e-mail in the creditor's name."""
    from dunwell_aws.aws import client_without_retries
    from dunwell_aws.mail import Mailer

    configuration_set = read_environment(MailEnvironment).configuration_set
    return Mailer(client_without_retries("sesv2"), base.policy().creditor.sender, configuration_set)


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


@base.for_each_policy
def renderer() -> "Renderer":
    """The words of messages."""
    from dunwell_aws.documents import folder
    from dunwell_aws.messages import Renderer

    return Renderer(folder("infra") / "messages", base.policy())


@cache
def message_index() -> "DynamoMessageIndex":
    """From a service's message id and an address to whom was written, and what was said there."""
    from dunwell_aws.message_index import DynamoMessageIndex

    return DynamoMessageIndex(books.ledger_table())


@cache
def letter_outbox() -> "LetterOutbox":
    """Letters for the print service."""
    from dunwell_aws.aws import client
    from dunwell_aws.letters import LetterOutbox

    return LetterOutbox(client("s3"), read_environment(LettersEnvironment).letters_bucket)


@base.for_each_policy
def dispatcher() -> "Dispatcher":
    """Sends planned contacts, on every channel that is set up."""
    from dunwell.outreach.dispatch import Dispatcher

    return Dispatcher(
        books.ledger(),
        outreach.collection(),
        senders(),
        base.policy(),
        base.clock().now,
        outreach.tasks(),
        outreach.switched(),
        outreach.decision_log(),
        message_index(),
    )


@base.for_each_policy
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
    zone, bucket = base.policy().creditor.timezone, settings.letters_bucket
    ways: dict[Channel, Sender] = {
        Channel.EMAIL: EmailSender(renderer(), mailer(), visitors.links(), visitors.urls(), mails),
        Channel.SMS: _sms_sender(),
        Channel.LETTER: LetterSender(renderer(), client("s3"), bucket, visitors.links(), visitors.urls(), zone),
        Channel.CALL: CallSender(renderer(), outreach.tasks()),
        Channel.PORTAL: PortalSender(renderer(), outreach.notices()),
    }
    return ways | ({Channel.WHATSAPP: _whatsapp_sender()} if settings.whatsapp_number_id else {})


def _sms_sender() -> "Sender":
    from dunwell_aws.senders.pacing import Pacer
    from dunwell_aws.senders.sms import SmsSender

    settings = read_environment(ChannelsEnvironment)
    pacer = Pacer(lambda: settings.sms_rate / settings.senders)
    return SmsSender(renderer(), texts(), message_index(), visitors.links(), visitors.urls(), pacer)


def _whatsapp_sender() -> "Sender":
    from dunwell_aws.aws import client_without_retries
    from dunwell_aws.senders.pacing import Pacer
    from dunwell_aws.senders.whatsapp import WhatsAppSender

    settings = read_environment(ChannelsEnvironment)
    social = client_without_retries("socialmessaging")
    pacer = Pacer(lambda: settings.sms_rate / settings.senders)
    number = settings.whatsapp_number_id
    return WhatsAppSender(renderer(), social, number, message_index(), visitors.links(), visitors.urls(), pacer)


@base.for_each_policy
def coming_back() -> "ComingBack":
    """Reports on what was sent, replies, and the breakers behind them."""
    from dunwell_aws.coming_back import ComingBack
    from dunwell_aws.switch_store import DynamoCounts

    counts = DynamoCounts(books.ledger_table())
    return ComingBack(
        books.ledger(),
        outreach.collection(),
        outreach.tasks(),
        message_index(),
        outreach.switches(),
        counts,
        base.clock(),
    )
