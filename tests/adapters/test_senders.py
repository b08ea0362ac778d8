"""The ways out against the services' own models: what is asked of AWS, and what its refusals mean."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import ANY, Stubber

from dunwell.accounts.links import Links
from dunwell.accounts.model import Channel
from dunwell.errors import InvalidAddressError, OptedOutError, OutcomeUnknownError, RefusedError, UnavailableError
from dunwell.outreach.contact import Contact
from dunwell.outreach.dispatch import Message, Sender
from dunwell_aws.mail import Mailer
from dunwell_aws.messages import ChatTemplate, Words
from dunwell_aws.senders.call import CallSender
from dunwell_aws.senders.email import EmailSender
from dunwell_aws.senders.letter import LetterSender
from dunwell_aws.senders.pacing import Pacer, mail_rate
from dunwell_aws.senders.portal import PortalSender
from dunwell_aws.senders.sms import EndUserMessagingTexts, SmsSender, SnsTexts
from dunwell_aws.senders.whatsapp import META_API_VERSION, WhatsAppSender
from dunwell_aws.urls import Urls
from tests.support.emulator import KEYS
from tests.support.memory import InMemoryCollection, InMemoryMessageIndex, InMemoryNotices
from tests.support.outreach import NOW, contact, overdue
from tests.support.portal import InMemoryAccessStore, account, customer
from tests.support.portal_app import BASE, Parameters

NUMBER = "+12125550111"
UNPACED = Pacer(lambda: 0)


class FewWords:
    """Says little, on every channel."""

    def email(self, message: Message, account_url: str, stop_url: str) -> Words:
        return Words("Overdue", f"Pay {account_url}", f"<p>{stop_url}</p>")

    def sms(self, message: Message, account_url: str) -> Words:
        return Words("", f"Pay {account_url}")

    def whatsapp(self, message: Message, account_url: str) -> ChatTemplate:
        return ChatTemplate("due_1a2b", "es", "Hola {{1}}: {{2}}", ("Anna", account_url))

    def letter(self, message: Message, account_url: str = "") -> bytes:
        return b"%PDF-1.4 " + message.contact.contact_id.encode()

    def call(self, message: Message) -> Words:
        return Words("", "Good morning.")

    def portal(self, message: Message) -> Words:
        return Words("Overdue", "Please pay.")


WORDS: Any = FewWords()


@pytest.fixture
def stubbed() -> Iterator[Any]:
    """A client that answers as it is told, and whose requests and answers the service's model checks."""
    stubs: list[Stubber] = []

    def made(service: str) -> Stubber:
        stub = Stubber(boto3.client(service, **KEYS))  # type: ignore[call-overload]
        stub.activate()
        stubs.append(stub)
        return stub

    yield made
    for stub in stubs:
        stub.assert_no_pending_responses()


def links() -> tuple[Links, Urls]:
    return Links(InMemoryAccessStore()), Urls(Parameters(BASE), "urls")


def message(channel: Channel, address: str = NUMBER, planned: Contact | None = None) -> Message:
    owing = account(overdue(5), who=customer(phone=NUMBER))
    return Message(planned or contact(channel=channel), owing, address, tuple(owing.open_invoices), NOW)


def sms_sender(texts: Any) -> tuple[Sender, InMemoryMessageIndex]:
    index: Any = InMemoryMessageIndex()
    return SmsSender(WORDS, texts, index, *links(), UNPACED), index


def test_a_text_goes_through_sns_with_its_sender_and_the_most_it_may_cost(stubbed: Any) -> None:
    stub = stubbed("sns")
    attributes = {
        "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
        "AWS.SNS.SMS.MaxPrice": {"DataType": "Number", "StringValue": "0.10"},
        "AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": "EXAMPLE"},
    }
    asked = {"PhoneNumber": NUMBER, "Message": ANY, "MessageAttributes": attributes}
    stub.add_response("publish", {"MessageId": "m-1"}, asked)
    sender, index = sms_sender(SnsTexts(stub.client, "EXAMPLE", "0.10"))
    assert sender.prepare(message(Channel.SMS))() == "m-1"
    written = index.written("m-1")
    assert written is not None
    assert written.contact_id == message(Channel.SMS).contact.contact_id


def test_a_text_goes_through_end_user_messaging_from_a_number_of_our_own(stubbed: Any) -> None:
    stub = stubbed("pinpoint-sms-voice-v2")
    asked = {
        "DestinationPhoneNumber": NUMBER,
        "OriginationIdentity": "pool-1",
        "MessageBody": ANY,
        "MessageType": "TRANSACTIONAL",
        "MaxPrice": "0.10",
    }
    stub.add_response("send_text_message", {"MessageId": "m-1"}, asked)
    sender, _ = sms_sender(EndUserMessagingTexts(stub.client, "pool-1", "0.10"))
    assert sender.prepare(message(Channel.SMS))() == "m-1"


@pytest.mark.parametrize(
    ("code", "text", "meaning"),
    [
        (
            "InvalidParameter",
            "Invalid parameter: PhoneNumber Reason: +1 is not valid to publish to",
            InvalidAddressError,
        ),
        ("InvalidParameter", "Invalid parameter: SenderID", RefusedError),
        ("OptedOut", "", OptedOutError),
        ("Throttled", "", UnavailableError),
        ("AuthorizationError", "", UnavailableError),
        ("InternalError", "", UnavailableError),
    ],
)
def test_a_number_is_wrong_only_when_sns_says_that_it_is_the_number(
    stubbed: Any, code: str, text: str, meaning: type[Exception]
) -> None:
    stub = stubbed("sns")
    stub.add_client_error("publish", code, text)
    sender, _ = sms_sender(SnsTexts(stub.client, "", "0.10"))
    with pytest.raises(meaning) as error:
        sender.prepare(message(Channel.SMS))()
    assert type(error.value) is meaning


@pytest.mark.parametrize(
    ("code", "more", "meaning"),
    [
        ("ValidationException", {"Fields": [{"Name": "DestinationPhoneNumber", "Message": "x"}]}, InvalidAddressError),
        ("ValidationException", {"Fields": [{"Name": "MessageBody", "Message": "x"}]}, RefusedError),
        ("ConflictException", {"Reason": "DESTINATION_PHONE_NUMBER_OPTED_OUT"}, OptedOutError),
        ("ServiceQuotaExceededException", {"Reason": "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"}, UnavailableError),
        ("ThrottlingException", {}, UnavailableError),
    ],
)
def test_what_end_user_messaging_refuses_is_told_by_its_fields(
    stubbed: Any, code: str, more: dict[str, Any], meaning: type[Exception]
) -> None:
    stub = stubbed("pinpoint-sms-voice-v2")
    stub.add_client_error("send_text_message", code, modeled_fields=more or None)
    sender, _ = sms_sender(EndUserMessagingTexts(stub.client, "pool-1", "0.10"))
    with pytest.raises(meaning) as error:
        sender.prepare(message(Channel.SMS))()
    assert type(error.value) is meaning


def whatsapp(stub: Stubber) -> WhatsAppSender:
    index: Any = InMemoryMessageIndex()
    return WhatsAppSender(WORDS, stub.client, "phone-number-id-1", index, *links(), UNPACED)


def test_whatsapp_gets_an_approved_template_with_its_values(stubbed: Any) -> None:
    stub, sent = stubbed("socialmessaging"), []
    asked = {"originationPhoneNumberId": ANY, "message": ANY, "metaApiVersion": META_API_VERSION}
    stub.add_response("send_whatsapp_message", {"messageId": "wa-1"}, asked)
    stub.client.meta.events.register(
        "provide-client-params.socialmessaging.SendWhatsAppMessage", lambda params, **_: sent.append(params)
    )
    assert whatsapp(stub).prepare(message(Channel.WHATSAPP))() == "wa-1"
    body = json.loads(sent[0]["message"])
    assert (body["messaging_product"], body["to"], body["type"]) == ("whatsapp", NUMBER, "template")
    assert body["template"]["name"] == "due_1a2b"
    assert body["template"]["language"] == {"code": "es"}
    values = [one["text"] for one in body["template"]["components"][0]["parameters"]]
    assert values[0] == "Anna"
    assert values[1].startswith(BASE)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("InvalidParametersException", RefusedError),
        ("AccessDeniedException", UnavailableError),
        ("ThrottledRequestException", UnavailableError),
        ("DependencyException", UnavailableError),
    ],
)
def test_what_whatsapp_does_not_take_is_refused_or_comes_again(
    stubbed: Any, code: str, meaning: type[Exception]
) -> None:
    stub = stubbed("socialmessaging")
    stub.add_client_error("send_whatsapp_message", code)
    with pytest.raises(meaning):
        whatsapp(stub).prepare(message(Channel.WHATSAPP))()


def letter_sender(s3: Any) -> LetterSender:
    return LetterSender(WORDS, s3, "bucket", *links(), "America/New_York")


def test_a_letter_is_written_under_its_contact_and_the_day_of_the_decision_if_it_is_not_there(stubbed: Any) -> None:
    stub, made = stubbed("s3"), message(Channel.LETTER, "1 Main St\nNew York")
    key = f"letters/2026-11-23/{made.contact.contact_id}.pdf"
    asked = {
        "Bucket": "bucket",
        "Key": key,
        "Body": ANY,
        "ContentType": "application/pdf",
        "Metadata": {"customer-id": "cus_anna"},
        "IfNoneMatch": "*",
    }
    stub.add_response("put_object", {}, asked)
    stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
    sender = letter_sender(stub.client)
    assert [sender.prepare(made)() for _ in range(2)] == [key, key]


def test_a_letter_that_the_bucket_did_not_take_comes_again(stubbed: Any) -> None:
    stub = stubbed("s3")
    stub.add_client_error("put_object", "SlowDown", http_status_code=503)
    with pytest.raises(UnavailableError):
        letter_sender(stub.client).prepare(message(Channel.LETTER, "1 Main St\nNew York"))()


class Fails:
    """Every call of it fails the same way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            raise self.error

        return call


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (ReadTimeoutError(endpoint_url="https://x"), OutcomeUnknownError),
        (ConnectionClosedError(endpoint_url="https://x"), OutcomeUnknownError),
        (EndpointConnectionError(endpoint_url="https://x"), UnavailableError),
    ],
)
def test_a_lost_answer_is_a_doubt_on_every_channel(error: Exception, meaning: type[Exception]) -> None:
    failing, index = Fails(error), InMemoryMessageIndex()
    ways: list[tuple[Any, Message]] = [
        (EmailSender(WORDS, Mailer(failing, "a@b.example", "set"), *links(), UNPACED), message(Channel.EMAIL, "a@b.c")),
        (sms_sender(SnsTexts(failing, "", "1"))[0], message(Channel.SMS)),  # type: ignore[arg-type]
        (sms_sender(EndUserMessagingTexts(failing, "p", "1"))[0], message(Channel.SMS)),
        (WhatsAppSender(WORDS, failing, "n", index, *links(), UNPACED), message(Channel.WHATSAPP)),  # type: ignore[arg-type]
        (letter_sender(failing), message(Channel.LETTER, "1 Main St\nNew York")),
    ]
    for sender, said in ways:
        with pytest.raises(meaning):
            sender.prepare(said)()


def test_mail_stops_with_one_click_and_carries_its_attachments(stubbed: Any) -> None:
    stub, sent = stubbed("sesv2"), []
    stub.add_response("send_email", {"MessageId": "m"})
    stub.client.meta.events.register("provide-client-params.sesv2.SendEmail", lambda params, **_: sent.append(params))
    Mailer(stub.client, "a@b.example", "set").send(
        "c@d.example", "s", "t", "h", attachments=[("Statement.pdf", "application/pdf", b"%PDF")]
    )
    (attached,) = sent[0]["Content"]["Simple"]["Attachments"]
    assert (attached["FileName"], attached["RawContent"], attached["ContentType"]) == (
        "Statement.pdf", b"%PDF", "application/pdf",
    )  # fmt: skip
    stub.add_response("send_email", {"MessageId": "m"})
    EmailSender(WORDS, Mailer(stub.client, "a@b.example", "set"), *links(), UNPACED).prepare(
        message(Channel.EMAIL, "c@d.example")
    )()
    headers = {one["Name"]: one["Value"] for one in sent[1]["Content"]["Simple"]["Headers"]}
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith(f"<{BASE}/stop/")


def test_calls_and_notices_are_there_once_however_often_they_are_sent() -> None:
    store, notices = InMemoryCollection(), InMemoryNotices()
    for sender, channel in ((CallSender(WORDS, store), Channel.CALL), (PortalSender(WORDS, notices), Channel.PORTAL)):
        assert sender.is_repeatable
        assert len({sender.prepare(message(channel))() for _ in range(3)}) == 1
    (task,) = store.open_tasks(9)
    assert (task.address, task.script) == (NUMBER, "Good morning.")
    (notice,) = notices.notices("cus_anna")
    assert (notice.subject, notice.text) == ("Overdue", "Please pay.")


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_messages_leave_at_a_steady_rate_and_a_pause_is_not_made_up_for() -> None:
    time, moments = Time(), []
    pacer = Pacer(lambda: 4, time.monotonic, time.sleep)
    for number in range(6):
        pacer.wait()
        moments.append(time.now)
        if number == 2:
            time.now += 10
    assert moments == [100, 100.25, 100.5, 110.5, 110.75, 111.0]


def test_the_rate_is_our_part_of_what_the_account_may_send(stubbed: Any) -> None:
    stub = stubbed("sesv2")
    stub.add_response("get_account", {"SendQuota": {"MaxSendRate": 14.0, "Max24HourSend": 1.0, "SentLast24Hours": 0.0}})
    rate = mail_rate(stub.client, 2)
    assert (rate(), rate()) == (7.0, 7.0)
