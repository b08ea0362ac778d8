"""What the SES v2 sandbox publishes: the events themselves, and that they reach a queue through a rule."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.request import Request, urlopen

import boto3
import pytest

from infra.local.ses_sandbox import SesSandbox
from infra.local.ses_sandbox.bus import BusError, EventBus
from infra.local.ses_sandbox.events import MailEvent, events_for
from infra.local.ses_sandbox.publisher import EventPublisher
from infra.local.ses_sandbox.sending import accept
from infra.local.ses_sandbox.store import Mailbox, Suppression

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import TargetTypeDef
    from mypy_boto3_sqs import SQSClient

ROOT = Path(__file__).resolve().parents[2]
EMULATOR = ROOT / ".local" / "ms" / "bin" / "ministack"
NOW = datetime(2026, 3, 2, 9, 30, 15, 250000, tzinfo=UTC)
SESSION = boto3.Session("test", "test", region_name="us-east-1")


def request_to(*recipients: str, configuration_set: str | None = "main", **extra: Any) -> dict[str, Any]:
    message = {"Subject": {"Data": "Reminder"}, "Body": {"Text": {"Data": "Please pay."}}}
    request = {
        "FromEmailAddress": "Accounts <accounts@example.com>",
        "Destination": {"ToAddresses": list(recipients)},
        "Content": {"Simple": {**message, **extra}},
        "EmailTags": [{"Name": "contact", "Value": "c-1"}],
    }
    return {**request, "ConfigurationSetName": configuration_set} if configuration_set else request


def events_of(request: dict[str, Any], suppressed: str = "") -> list[MailEvent]:
    mailbox = Mailbox(verified=["example.com"])
    if suppressed:
        mailbox.suppress(Suppression(suppressed, "BOUNCE", NOW))
    return events_for(accept(request, mailbox, "us-east-1", NOW), "us-east-1", NOW)


def test_a_delivered_mail_is_sent_then_delivered() -> None:
    sent, delivered = events_of(request_to("sam@customer.test"))

    assert (sent.detail_type, sent.detail["eventType"], sent.detail["send"]) == ("Email Sent", "Send", {})
    assert (delivered.detail_type, delivered.detail["eventType"]) == ("Email Delivered", "Delivery")
    assert delivered.detail["delivery"]["recipients"] == ["sam@customer.test"]
    assert delivered.resources[0] == "arn:aws:ses:us-east-1:000000000000:configuration-set/main"


def test_an_event_describes_the_mail_with_its_tags_and_headers() -> None:
    mail = events_of(request_to("sam@customer.test"))[1].detail["mail"]

    assert mail["timestamp"] == "2026-03-02T09:30:15.250Z"
    assert (mail["source"], mail["destination"]) == ("Accounts <accounts@example.com>", ["sam@customer.test"])
    assert mail["tags"]["contact"] == ["c-1"]
    assert mail["tags"]["ses:configuration-set"] == ["main"]
    assert {"name": "Subject", "value": "Reminder"} in mail["headers"]
    assert mail["commonHeaders"]["to"] == ["sam@customer.test"]
    assert (mail["commonHeaders"]["subject"], mail["headersTruncated"]) == ("Reminder", False)


def test_headers_beyond_ten_kilobytes_are_cut_off() -> None:
    headers = [{"Name": f"X-Long-{number}", "Value": "v" * 870} for number in range(15)]

    mail = events_of(request_to("sam@customer.test", Headers=headers))[0].detail["mail"]

    assert mail["headersTruncated"] is True
    assert sum(len(h["name"]) + len(h["value"]) for h in mail["headers"]) <= 10 * 1024


@pytest.mark.parametrize(
    ("recipient", "sub_type"),
    [
        ("bounce@simulator.amazonses.com", "General"),
        ("bounce+sam@customer.test", "General"),
        ("suppressionlist@simulator.amazonses.com", "Suppressed"),
        ("gone@customer.test", "OnAccountSuppressionList"),
    ],
)
def test_a_bounce_names_its_recipient_and_kind(recipient: str, sub_type: str) -> None:
    sent, bounced = events_of(request_to(recipient), suppressed="gone@customer.test")

    assert (sent.detail_type, bounced.detail_type) == ("Email Sent", "Email Bounced")
    bounce = bounced.detail["bounce"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Permanent", sub_type)
    assert [r["emailAddress"] for r in bounce["bouncedRecipients"]] == [recipient]


def test_a_complaint_comes_after_the_delivery() -> None:
    events = events_of(request_to("complaint@simulator.amazonses.com"))

    assert [e.detail_type for e in events] == ["Email Sent", "Email Delivered", "Email Complaint Received"]
    complaint = events[2].detail["complaint"]
    assert complaint["complainedRecipients"] == [{"emailAddress": "complaint@simulator.amazonses.com"}]
    assert complaint["complaintFeedbackType"] == "abuse"


def test_recipients_that_end_differently_are_told_apart() -> None:
    events = events_of(request_to("sam@customer.test", "bounce+kim@customer.test"))

    assert [e.detail_type for e in events] == ["Email Sent", "Email Delivered", "Email Bounced"]
    assert events[1].detail["delivery"]["recipients"] == ["sam@customer.test"]


def test_a_mail_without_a_configuration_set_publishes_nothing() -> None:
    assert events_of(request_to("sam@customer.test", configuration_set=None)) == []


class RecordingBus:
    """Takes events, after refusing as many as it is told to."""

    def __init__(self, refuse: int = 0) -> None:
        self.taken: list[str] = []
        self._refuse = refuse

    def put(self, event: MailEvent) -> None:
        if self._refuse:
            self._refuse -= 1
            raise BusError("not now")
        self.taken.append(event.detail_type)


@pytest.fixture
def publishing() -> Iterator[Callable[[RecordingBus], EventPublisher]]:
    started: list[EventPublisher] = []

    def start(bus: RecordingBus) -> EventPublisher:
        started.append(EventPublisher(bus.put))
        started[-1].start()
        return started[-1]

    yield start
    for publisher in started:
        publisher.stop()


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for `condition`; fail when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_bus_that_refuses_at_first_gets_every_event_in_order(
    publishing: Callable[[RecordingBus], EventPublisher],
) -> None:
    bus = RecordingBus(refuse=3)
    publisher = publishing(bus)

    publisher.submit(events_of(request_to("sam@customer.test")))

    until(lambda: publisher.status()["pending"] == 0)
    assert bus.taken == ["Email Sent", "Email Delivered"]
    assert publisher.status()["last_error"] == "not now"


def test_held_events_wait_until_they_are_released(
    publishing: Callable[[RecordingBus], EventPublisher],
) -> None:
    bus = RecordingBus()
    publisher = publishing(bus)
    publisher.hold()

    publisher.submit(events_of(request_to("sam@customer.test")))
    time.sleep(0.2)
    held = list(bus.taken)
    publisher.release()

    until(lambda: publisher.status()["published"] == 2)
    assert held == []


def test_doubled_events_are_published_twice(publishing: Callable[[RecordingBus], EventPublisher]) -> None:
    bus = RecordingBus()
    publisher = publishing(bus)
    publisher.double(1)

    publisher.submit(events_of(request_to("sam@customer.test")))

    until(lambda: publisher.status()["published"] == 3)
    assert bus.taken == ["Email Sent", "Email Sent", "Email Delivered"]


def test_reset_drops_held_events(publishing: Callable[[RecordingBus], EventPublisher]) -> None:
    bus = RecordingBus()
    publisher = publishing(bus)
    publisher.hold()
    publisher.submit(events_of(request_to("sam@customer.test")))

    publisher.reset()
    publisher.submit(events_of(request_to("bounce+sam@customer.test")))

    until(lambda: publisher.status()["published"] == 2)
    assert bus.taken == ["Email Sent", "Email Bounced"]


class AcceptingBus(BaseHTTPRequestHandler):
    """EventBridge's HTTP face, for a bus that takes `aws.` sources, which the emulator does not."""

    entries: ClassVar[list[dict[str, Any]]] = []
    answers: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.entries.extend(request["Entries"])
        body = json.dumps({"FailedEntryCount": 0, "Entries": [self.answers.pop(0)]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""


def test_a_bus_that_takes_the_source_gets_plain_events_and_its_refusals_are_errors() -> None:
    AcceptingBus.answers = [{"EventId": "1"}, {"ErrorCode": "InternalFailure", "ErrorMessage": "again"}]
    AcceptingBus.entries = []
    with ThreadingHTTPServer(("127.0.0.1", 0), AcceptingBus) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        bus = EventBus(f"http://127.0.0.1:{server.server_address[1]}", "us-east-1")
        sent, delivered = events_of(request_to("sam@customer.test"))
        bus.put(sent)
        with pytest.raises(BusError, match="InternalFailure: again"):
            bus.put(delivered)
        server.shutdown()

    assert AcceptingBus.entries[0]["Source"] == "aws.ses"
    assert AcceptingBus.entries[0]["DetailType"] == "Email Sent"
    assert json.loads(AcceptingBus.entries[0]["Detail"])["eventType"] == "Send"
    assert "EventBusName" not in AcceptingBus.entries[0]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The local AWS with IAM on, in a bare environment of its own; yields its URL."""
    if not EMULATOR.exists():
        pytest.skip(f"the emulator is not installed at {EMULATOR.relative_to(ROOT)}")
    port = free_port()
    environment = {
        "PATH": os.defpath,
        "HOME": str(tmp_path_factory.mktemp("home")),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    log = (tmp_path_factory.mktemp("emulator") / "log").open("wb")
    url = f"http://127.0.0.1:{port}"
    with log, subprocess.Popen([EMULATOR], env=environment, stdout=log, stderr=log) as process:
        try:
            until(lambda: is_healthy(url), seconds=30)
            yield url
        finally:
            process.terminate()


def is_healthy(url: str) -> bool:
    try:
        with urlopen(f"{url}/_ministack/health") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def queue_behind_rule(url: str, name: str, detail_type: str) -> tuple[SQSClient, str]:
    """Make a queue that gets `detail_type` of aws.ses from the default bus; return its client and URL."""
    sqs, events = (
        SESSION.client("sqs", endpoint_url=url),
        SESSION.client("events", endpoint_url=url),
    )
    queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.ses"], "detail-type": [detail_type]}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    return sqs, queue_url


def received(sqs: SQSClient, queue_url: str) -> list[dict[str, Any]]:
    answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_a_delivery_reaches_a_queue_through_a_rule_on_the_default_bus(
    emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    sqs, queue_url = queue_behind_rule(emulator, "deliveries", "Email Delivered")

    with SesSandbox(events_endpoint=emulator, verified=["example.com"], region="us-east-1") as sandbox:
        ses = SESSION.client("sesv2", endpoint_url=sandbox.url)
        message_id = ses.send_email(**request_to("sam@customer.test"))["MessageId"]
        (event,) = received(sqs, queue_url)
        until(lambda: sandbox.publisher.status()["published"] == 2)

    assert (event["source"], event["detail-type"]) == ("aws.ses", "Email Delivered")
    assert event["detail"]["mail"]["messageId"] == message_id
    assert event["detail"]["mail"]["tags"]["contact"] == ["c-1"]
    assert event["resources"] == [
        "arn:aws:ses:us-east-1:000000000000:configuration-set/main",
        "arn:aws:ses:us-east-1:000000000000:identity/example.com",
    ]


def test_a_function_gets_the_part_its_rule_names_and_a_target_out_of_reach_is_warned_of(
    emulator: str, caplog: pytest.LogCaptureFixture
) -> None:
    events, logs = (
        SESSION.client("events", endpoint_url=emulator),
        SESSION.client("logs", endpoint_url=emulator),
    )
    function_arn = make_logging_function(emulator)
    events.put_rule(Name="complaints", EventPattern='{"detail-type": ["Email Complaint Received"]}')
    targets: list[TargetTypeDef] = [
        {"Id": "function", "Arn": function_arn, "InputPath": "$.detail.complaint"},
        {"Id": "fifo", "Arn": "arn:aws:sqs:us-east-1:000000000000:orders.fifo"},
    ]
    events.put_targets(Rule="complaints", Targets=targets)

    bus = EventBus(emulator, "us-east-1")
    for event in events_of(request_to("complaint+sam@customer.test")):
        bus.put(event)

    def logged() -> list[str]:
        found = logs.filter_log_events(logGroupName="/aws/lambda/note", filterPattern="complainedRecipients")
        return [line["message"] for line in found["events"]]

    until(logged, seconds=20)
    assert "complaint+sam@customer.test" in logged()[0]
    assert "eventType" not in logged()[0]
    assert "cannot hand mail events to target arn:aws:sqs:us-east-1:000000000000:orders.fifo" in caplog.text


def make_logging_function(url: str) -> str:
    """Make a function that logs its event; return its ARN."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "import json\ndef handler(event, context):\n    print(json.dumps(event))\n")
    trust = '{"Version": "2012-10-17", "Statement": []}'
    role = SESSION.client("iam", endpoint_url=url).create_role(RoleName="note", AssumeRolePolicyDocument=trust)
    SESSION.client("logs", endpoint_url=url).create_log_group(logGroupName="/aws/lambda/note")
    created = SESSION.client("lambda", endpoint_url=url).create_function(
        FunctionName="note",
        Runtime="python3.11",
        Handler="app.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": code.getvalue()},
    )
    return str(created["FunctionArn"])


def test_a_suppressed_destination_bounces_into_the_queue_once_held_events_are_released(
    emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    sqs, queue_url = queue_behind_rule(emulator, "bounces", "Email Bounced")

    with SesSandbox(events_endpoint=emulator, verified=["example.com"], region="us-east-1") as sandbox:
        arm(sandbox, {"hold_events": True})
        ses = SESSION.client("sesv2", endpoint_url=sandbox.url)
        ses.put_suppressed_destination(EmailAddress="gone@customer.test", Reason="BOUNCE")
        ses.send_email(**request_to("gone@customer.test"))
        pending = sandbox.publisher.status()["pending"]
        arm(sandbox, {"release": True})
        (event,) = received(sqs, queue_url)

    assert pending == 2
    assert event["detail"]["bounce"]["bounceSubType"] == "OnAccountSuppressionList"


def test_a_send_answers_at_once_although_the_local_aws_is_away() -> None:
    with SesSandbox(events_endpoint=f"http://127.0.0.1:{free_port()}", verified=["example.com"]) as sandbox:
        ses = SESSION.client("sesv2", endpoint_url=sandbox.url)
        started = time.monotonic()
        ses.send_email(**request_to("sam@customer.test"))
        taken_seconds = time.monotonic() - started
        until(lambda: sandbox.publisher.status()["last_error"])
        status = sandbox.publisher.status()

    assert taken_seconds < 1
    assert (status["pending"], status["published"]) == (2, 0)
    assert "Could not connect" in status["last_error"]


def arm(sandbox: SesSandbox, fault: dict[str, Any]) -> None:
    request = Request(f"{sandbox.url}/_sandbox/faults", data=json.dumps(fault).encode(), method="POST")
    urlopen(request).close()


def test_the_mailbox_shows_the_text_messages_of_the_local_aws(emulator: str) -> None:
    sns = SESSION.client("sns", endpoint_url=emulator)
    sms_id = sns.publish(
        PhoneNumber="+447700900123",
        Message="Pay <now> at example.com/p",
        MessageAttributes={"AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": "DUNWELL"}},
    )["MessageId"]

    with SesSandbox(events_endpoint=emulator) as sandbox:
        listed = urlopen(f"{sandbox.url}/?to=%2B4477").read().decode()
        shown = urlopen(f"{sandbox.url}/sms/{sms_id}").read().decode()

    assert f'href="/sms/{sms_id}?to=%2B4477"' in listed
    assert "Pay &lt;now&gt; at example.com/p" in shown
    assert "DUNWELL" in shown
