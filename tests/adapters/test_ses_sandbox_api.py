"""The SES v2 sandbox as boto3's real client meets it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.ses_sandbox import SesSandbox
from infra.local.ses_sandbox.sending import accept
from infra.local.ses_sandbox.store import Mailbox

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PDF = b"%PDF-1.7\n" + bytes(range(256))


@pytest.fixture
def sandbox() -> Iterator[SesSandbox]:
    with SesSandbox(verified=["example.com"]) as running:
        yield running


@pytest.fixture
def ses(sandbox: SesSandbox) -> SESV2Client:
    return client_for(sandbox.url)


def client_for(url: str, attempts: int = 1) -> SESV2Client:
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts})
    return boto3.client(
        "sesv2",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )


def simple(**extra: Any) -> dict[str, Any]:
    """A plain message to one recipient, as keyword arguments of send_email."""
    message = {"Subject": {"Data": "Your invoice"}, "Body": {"Text": {"Data": "Please pay."}}, **extra}
    return {
        "FromEmailAddress": "Accounts <accounts@example.com>",
        "Destination": {"ToAddresses": ["sam@customer.test"]},
        "Content": {"Simple": message},
    }


def refusal(call: Any, **arguments: Any) -> tuple[int, str, str]:
    """The HTTP status, code and message with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def messages(sandbox: SesSandbox, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.load(urlopen(f"{sandbox.url}/_sandbox/messages{query}"))
    return found


def post(sandbox: SesSandbox, path: str, body: object) -> dict[str, Any]:
    request = Request(sandbox.url + path, data=json.dumps(body).encode(), method="POST")
    found: dict[str, Any] = json.load(urlopen(request))
    return found


def raw_message(to: str = "sam@customer.test", **headers: str) -> bytes:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = "Accounts <accounts@example.com>"
    mail["To"] = to
    mail["Subject"] = "Überfällige Rechnung"
    mail["List-Unsubscribe"] = "<https://example.com/stop>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Text part")
    mail.add_alternative("<p>HTML part</p>", subtype="html")
    mail.add_attachment(PDF, maintype="application", subtype="pdf", filename="invoice.pdf")
    return mail.as_bytes()


def test_a_raw_message_is_kept_whole(sandbox: SesSandbox, ses: SESV2Client) -> None:
    message_id = ses.send_email(Content={"Raw": {"Data": raw_message(Bcc="hidden@customer.test")}})["MessageId"]

    kept = messages(sandbox)[0]
    assert kept["id"] == message_id
    assert kept["subject"] == "Überfällige Rechnung"
    assert kept["to"] == ["sam@customer.test", "hidden@customer.test"]
    assert (kept["text"].strip(), kept["html"].strip()) == ("Text part", "<p>HTML part</p>")
    assert kept["attachments"] == [
        {"name": "invoice.pdf", "content_type": "application/pdf", "size": len(PDF)},
    ]
    raw = urlopen(f"{sandbox.url}/_sandbox/messages/{message_id}/raw").read()
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["List-Unsubscribe"] == "<https://example.com/stop>"
    assert next(mail.iter_attachments()).get_content() == PDF


def test_what_is_delivered_has_the_message_id_of_ses_and_no_bcc(sandbox: SesSandbox, ses: SESV2Client) -> None:
    data = raw_message(Bcc="hidden@customer.test", Message_ID="<own@example.com>", X_SES_TENANT="a")
    message_id = ses.send_email(Content={"Raw": {"Data": data}})["MessageId"]

    headers = {header["name"]: header["value"] for header in messages(sandbox)[0]["headers"]}
    assert headers["Message-ID"] == f"<{message_id}@email.amazonses.com>"
    assert headers.keys().isdisjoint({"Bcc", "X-SES-TENANT"})
    body = data.partition(b"\r\n\r\n")[2]
    raw = urlopen(f"{sandbox.url}/_sandbox/messages/{message_id}/raw").read()
    assert raw.partition(b"\r\n\r\n")[2] == body


def test_a_simple_message_keeps_headers_attachments_and_tags(sandbox: SesSandbox, ses: SESV2Client) -> None:
    message = simple(
        Headers=[{"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"}],
        Attachments=[{"FileName": "invoice.pdf", "RawContent": PDF}],
    )
    ses.send_email(**message, EmailTags=[{"Name": "contact", "Value": "c-1"}], ConfigurationSetName="main")

    kept = messages(sandbox)[0]
    assert {"name": "List-Unsubscribe-Post", "value": "List-Unsubscribe=One-Click"} in kept["headers"]
    assert kept["attachments"][0]["size"] == len(PDF)
    assert (kept["tags"], kept["configuration_set"]) == ({"contact": "c-1"}, "main")
    assert kept["from"] == "Accounts <accounts@example.com>"
    assert kept["outcomes"] == {"sam@customer.test": "delivered"}


def test_tags_in_the_raw_headers_count_unless_the_api_gives_some(sandbox: SesSandbox, ses: SESV2Client) -> None:
    data = raw_message(X_SES_MESSAGE_TAGS="contact=c-1, stage=first", X_SES_CONFIGURATION_SET="main")
    ses.send_email(Content={"Raw": {"Data": data}})
    ses.send_email(Content={"Raw": {"Data": data}}, EmailTags=[{"Name": "contact", "Value": "c-2"}])

    first, second = messages(sandbox)
    assert first["tags"] == {"contact": "c-1", "stage": "first"}
    assert first["configuration_set"] == "main"
    assert second["tags"] == {"contact": "c-2"}


def test_messages_are_found_by_recipient_and_after_an_id(sandbox: SesSandbox, ses: SESV2Client) -> None:
    first = ses.send_email(**simple())["MessageId"]
    ses.send_email(**{**simple(), "Destination": {"CcAddresses": ["kim@customer.test"]}})
    last = ses.send_email(**simple())["MessageId"]

    assert [m["id"] for m in messages(sandbox, "?to=SAM@customer.test")] == [first, last]
    assert [m["id"] for m in messages(sandbox, f"?to=sam@customer.test&after={first}")] == [last]
    assert messages(sandbox, "?to=sam@customer") == []


def test_the_oldest_mails_give_way_when_the_mailbox_is_full() -> None:
    mailbox = Mailbox(verified=["example.com"], keep_bytes=2500)
    sent = [accept(simple(Body={"Text": {"Data": "x" * 800}}), mailbox, "us-east-1", NOW) for _ in range(3)]

    for mail in sent:
        mailbox.add(mail)

    assert [mail.id for mail in mailbox.mails()] == [mail.id for mail in sent[1:]]


@pytest.mark.parametrize("sender", ["accounts@example.org", "x@notexample.com"])
def test_a_sender_that_is_not_verified_is_rejected(ses: SESV2Client, sender: str) -> None:
    status, code, text = refusal(ses.send_email, **{**simple(), "FromEmailAddress": sender})

    assert (status, code) == (400, "MessageRejected")
    assert text == (
        f"Email address is not verified. The following identities failed the check in region US-EAST-1: {sender}"
    )


def test_the_from_header_of_a_raw_message_must_be_verified_too(sandbox: SesSandbox, ses: SESV2Client) -> None:
    data = raw_message().replace(b"accounts@example.com", b"accounts@evil.test")
    content = {"Raw": {"Data": data}}

    _, code, text = refusal(ses.send_email, Content=content, FromEmailAddress="accounts@example.com")

    assert code == "MessageRejected"
    assert "accounts@evil.test" in text
    assert messages(sandbox) == []


def test_an_identity_may_be_an_address_or_a_domain_and_covers_subdomains(ses: SESV2Client) -> None:
    assert ses.create_email_identity(EmailIdentity="owner@single.test")["IdentityType"] == "EMAIL_ADDRESS"
    assert ses.create_email_identity(EmailIdentity="whole.test")["IdentityType"] == "DOMAIN"

    assert ses.get_email_identity(EmailIdentity="whole.test")["VerifiedForSendingStatus"] is True
    for sender in ("owner@single.test", "any@whole.test", "any@mail.whole.test"):
        assert ses.send_email(**{**simple(), "FromEmailAddress": sender})["MessageId"]
    assert refusal(ses.send_email, **{**simple(), "FromEmailAddress": "other@single.test"})[1] == "MessageRejected"
    assert refusal(ses.get_email_identity, EmailIdentity="none.test")[:2] == (404, "NotFoundException")
    assert refusal(ses.create_email_identity, EmailIdentity="whole.test")[1] == "AlreadyExistsException"


def test_fifty_recipients_are_accepted_and_fifty_one_are_not(ses: SESV2Client) -> None:
    everyone = [f"c{number}@customer.test" for number in range(51)]

    assert ses.send_email(**{**simple(), "Destination": {"BccAddresses": everyone[:50]}})["MessageId"]
    split = {"ToAddresses": everyone[:25], "BccAddresses": everyone[25:]}
    _, code, text = refusal(ses.send_email, **{**simple(), "Destination": split})
    assert (code, text) == ("BadRequestException", "Recipient count exceeds 50.")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"Destination": {}}, "no recipient"),
        ({"Destination": {"ToAddresses": ["sam"]}}, "Missing final '@domain'"),
        ({"Destination": {"ToAddresses": ["sam@kündin.test"]}}, "not ASCII"),
        ({"FromEmailAddress": "nobody"}, "Missing final '@domain'"),
        (
            {"Content": {"Raw": {"Data": b"To: sam@customer.test\r\n\r\nhello"}}},
            "Missing required header 'From'",
        ),
        ({"Content": {"Template": {"TemplateName": "t"}}}, "Templates are not supported"),
        ({"ListManagementOptions": {"ContactListName": "all"}}, "ListManagementOptions are not supported"),
        ({"EmailTags": [{"Name": "a b", "Value": "c"}]}, "Invalid tag name <a b>"),
        ({"EmailTags": [{"Name": "a", "Value": "c d"}]}, "Invalid tag value <c d>"),
    ],
)
def test_what_ses_refuses_is_refused(
    sandbox: SesSandbox, ses: SESV2Client, change: dict[str, Any], complaint: str
) -> None:
    status, code, text = refusal(ses.send_email, **{**simple(), **change})

    assert (status, code) == (400, "BadRequestException")
    assert complaint in text
    assert messages(sandbox) == []


@pytest.mark.parametrize("header", [("X-Note", "a\r\nBcc: spy@evil.test"), ("Bcc", "spy@evil.test"), ("a b", "c")])
def test_a_custom_header_cannot_smuggle_another_one_in(ses: SESV2Client, header: tuple[str, str]) -> None:
    message = simple(Headers=[{"Name": header[0], "Value": header[1]}])

    assert refusal(ses.send_email, **message)[1] == "BadRequestException"


def test_forty_megabytes_are_the_limit(ses: SESV2Client) -> None:
    head = b"From: accounts@example.com\r\nTo: sam@customer.test\r\nSubject: s\r\n\r\n"
    body = b"x" * (40 * 1024 * 1024 - len(head))

    assert ses.send_email(Content={"Raw": {"Data": head + body}})["MessageId"]
    _, code, text = refusal(ses.send_email, Content={"Raw": {"Data": head + body + b"x"}})
    assert code == "BadRequestException"
    assert "Message length is more than 41943040 bytes" in text


def test_the_suppression_list_is_kept_and_filtered(ses: SESV2Client) -> None:
    ses.put_suppressed_destination(EmailAddress="Sam+a@customer.test", Reason="BOUNCE")
    ses.put_suppressed_destination(EmailAddress="kim@customer.test", Reason="COMPLAINT")

    found = ses.get_suppressed_destination(EmailAddress="sam+a@customer.test")["SuppressedDestination"]
    assert found["Reason"] == "BOUNCE"
    complaints = ses.list_suppressed_destinations(Reasons=["COMPLAINT"])["SuppressedDestinationSummaries"]
    assert [entry["EmailAddress"] for entry in complaints] == ["kim@customer.test"]
    later = ses.list_suppressed_destinations(EndDate=found["LastUpdateTime"].replace(year=2000))
    assert later["SuppressedDestinationSummaries"] == []
    page = ses.list_suppressed_destinations(PageSize=1)
    rest = ses.list_suppressed_destinations(PageSize=1, NextToken=page["NextToken"])
    assert rest["SuppressedDestinationSummaries"][0]["EmailAddress"] == "kim@customer.test"
    assert "NextToken" not in rest

    ses.delete_suppressed_destination(EmailAddress="sam+a@customer.test")
    missing = refusal(ses.get_suppressed_destination, EmailAddress="sam+a@customer.test")
    assert missing[:2] == (404, "NotFoundException")


def test_simulator_addresses_and_suppressed_ones_end_as_on_aws(sandbox: SesSandbox, ses: SESV2Client) -> None:
    ses.put_suppressed_destination(EmailAddress="gone@customer.test", Reason="BOUNCE")
    expected = {
        "bounce@simulator.amazonses.com": "bounced",
        "complaint+c1@simulator.amazonses.com": "complained",
        "suppressionlist@simulator.amazonses.com": "on the global suppression list",
        "success@simulator.amazonses.com": "delivered",
        "bounce+sam@customer.test": "bounced",
        "complaint+sam@customer.test": "complained",
        "bounce@customer.test": "delivered",
        "Gone@customer.test": "on the account suppression list",
    }

    ses.send_email(**{**simple(), "Destination": {"ToAddresses": list(expected)}})

    assert messages(sandbox)[0]["outcomes"] == expected


def test_the_account_may_send(ses: SESV2Client) -> None:
    account = ses.get_account()

    assert account["SendingEnabled"] is True
    assert account["SendQuota"]["SentLast24Hours"] == 0


def test_an_unknown_operation_says_so(sandbox: SesSandbox, ses: SESV2Client) -> None:
    status, code, text = refusal(ses.list_contact_lists)

    assert (status, code) == (404, "NotFoundException")
    assert "/v2/email/contact-lists" in text
    with pytest.raises(HTTPError) as caught:
        urlopen(sandbox.url + "/_sandbox/unknown")
    assert caught.value.code == 404
    assert "unknown" in json.load(caught.value)["message"]


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "TooManyRequestsException"), (500, "InternalServiceErrorException"), (503, "X")],
)
def test_the_next_sends_are_refused_as_a_test_asked(
    sandbox: SesSandbox, ses: SESV2Client, status: int, code: str
) -> None:
    post(sandbox, "/_sandbox/faults", {"next": 2, "status": status, "code": code})

    assert ses.get_account()["SendingEnabled"]  # other operations are not touched
    assert refusal(ses.send_email, **simple())[:2] == (status, code)
    assert refusal(ses.send_email, **simple())[:2] == (status, code)
    assert ses.send_email(**simple())["MessageId"]
    assert len(messages(sandbox)) == 1


def test_the_sdk_gets_over_throttling_by_itself(sandbox: SesSandbox) -> None:
    post(sandbox, "/_sandbox/faults", {"next": 1, "status": 429, "code": "TooManyRequestsException"})

    assert client_for(sandbox.url, attempts=2).send_email(**simple())["MessageId"]


def test_a_lost_reply_makes_the_sdk_send_twice(sandbox: SesSandbox) -> None:
    post(sandbox, "/_sandbox/faults", {"lose_reply": 1})

    client_for(sandbox.url, attempts=2).send_email(**simple())

    assert len(messages(sandbox)) == 2


def test_an_unknown_fault_is_refused(sandbox: SesSandbox) -> None:
    for body in ({"nxt": 1}, {"next": -1}, {"next": 1, "status": 418}, {}):
        with pytest.raises(HTTPError) as caught:
            post(sandbox, "/_sandbox/faults", body)
        assert caught.value.code == 400


def test_reset_forgets_mails_suppressions_faults_and_added_identities(sandbox: SesSandbox, ses: SESV2Client) -> None:
    ses.send_email(**simple())
    ses.put_suppressed_destination(EmailAddress="sam@customer.test", Reason="BOUNCE")
    ses.create_email_identity(EmailIdentity="other.test")
    post(sandbox, "/_sandbox/faults", {"next": 5, "status": 500})

    post(sandbox, "/_sandbox/reset", {})

    assert messages(sandbox) == []
    assert ses.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []
    assert refusal(ses.get_email_identity, EmailIdentity="other.test")[0] == 404
    assert ses.send_email(**simple())["MessageId"]


def test_another_host_name_is_refused(sandbox: SesSandbox) -> None:
    request = Request(sandbox.url + "/_sandbox/messages", headers={"Host": "rebound.evil.test"})

    with pytest.raises(HTTPError) as caught:
        urlopen(request)

    assert caught.value.code == 400


def test_the_command_says_when_it_is_ready_and_stops_on_sigterm() -> None:
    command = [sys.executable, "-m", "infra.local.ses_sandbox", "--port", "0", "--verified", "example.com"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        url = ready.split()[-1]
        assert url.startswith("http://127.0.0.1:")
        sent = client_for(url).send_email(**simple())
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=10)

    assert sent["MessageId"]
    assert (process.returncode, rest, errors) == (0, "", "")
