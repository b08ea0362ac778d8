"""Outgoing mail, the code's mail, public addresses, and the error map."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from dunwell.accounts.access import GoneError, SignInRequiredError, TooManyTriesError, WrongCodeError
from dunwell.errors import (
    ConflictError,
    DunwellError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    UnavailableError,
)
from dunwell_aws.cached import KEEP_SECONDS, Cached
from dunwell_aws.code_mail import CodeMail
from dunwell_aws.mail import Mailer
from dunwell_aws.problems import problem_of, problem_response
from dunwell_aws.urls import Urls
from functions.portal.app import portal_words
from tests.support.portal import CREDITOR, customer


class Ses:
    """The part of SES that is asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.error = error

    def send_email(self, **request: Any) -> dict[str, str]:
        if self.error:
            raise self.error
        self.sent.append(request)
        return {"MessageId": "m-1"}


def aws_error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "op")  # type: ignore[typeddict-item]


def test_a_message_carries_its_headers_tags_and_configuration_set() -> None:
    ses = Ses()
    mailer = Mailer(ses, CREDITOR.sender, "set")
    headers = {"List-Unsubscribe": "<https://p/stop/x>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    assert mailer.send("a@b.example", "Grüße", "text", "<p>html</p>", headers, {"contact_id": "con_1"}) == "m-1"
    (request,) = ses.sent
    assert request["FromEmailAddress"] == "Example Supplies <billing@example.com>"
    assert request["ConfigurationSetName"] == "set"
    assert {h["Name"] for h in request["Content"]["Simple"]["Headers"]} == set(headers)
    assert request["EmailTags"] == [{"Name": "contact_id", "Value": "con_1"}]


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (aws_error("MessageRejected"), RefusedError),
        (aws_error("BadRequestException"), RefusedError),
        (aws_error("TooManyRequestsException", 429), UnavailableError),
        (aws_error("InternalFailure", 500), OutcomeUnknownError),  # it may have left
        (aws_error("GatewayTimeout", 504), OutcomeUnknownError),
        (aws_error("ServiceUnavailable", 503), UnavailableError),
        (aws_error("SendingPausedException"), UnavailableError),
        (EndpointConnectionError(endpoint_url="https://ses"), UnavailableError),
    ],
)
def test_refusals_and_outages_of_the_mail_service_are_told_apart(error: Exception, meaning: type[Exception]) -> None:
    with pytest.raises(meaning):
        Mailer(Ses(error), "s@example.com", "set").send("a@b.example", "s", "t", "h")


def test_the_codes_mail_names_the_creditor_and_no_debt() -> None:
    ses = Ses()
    sender = CodeMail(portal_words(CREDITOR).say, lambda: Mailer(ses, CREDITOR.sender, "set"), CREDITOR)
    sender.send_code(customer(), "a@b.example", "012345")
    message = ses.sent[0]["Content"]["Simple"]
    assert "012345" not in message["Subject"]["Data"]
    for kind in ("Text", "Html"):
        body = message["Body"][kind]["Data"]
        assert "012345" in body
        assert CREDITOR.postal_address in body
        assert not {"invoice", "owe", "debt", "pay"} & set(body.lower().split())


def test_a_code_that_cannot_be_sent_does_not_tell_the_asker() -> None:
    asked: list[str] = []

    def failing() -> Mailer:
        asked.append("mailer")
        return Mailer(Ses(aws_error("MessageRejected")), "s@example.com", "set")

    CodeMail(portal_words(CREDITOR).say, failing, CREDITOR).send_code(customer(), "a@b.example", "012345")
    assert asked == ["mailer"]


class Ssm:
    """The part of SSM that is asked."""

    def __init__(self, value: str) -> None:
        self.value, self.reads = value, 0

    def get_parameter(self, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's own name
        self.reads += 1
        return {"Parameter": {"Value": self.value}}


def test_addresses_keep_their_base_path_and_are_read_once() -> None:
    ssm = Ssm(
        json.dumps({"portal": "http://h:1/_aws/execute-api/a/v1/", "console": "https://c", "webhooks": "https://w"})
    )
    urls = Urls(ssm, "p")
    assert urls.portal("/account") == "http://h:1/_aws/execute-api/a/v1/account"
    assert urls.console() == "https://c"
    assert urls.webhooks("/stripe") == "https://w/stripe"
    assert ssm.reads == 1


@pytest.mark.parametrize("value", ["", "{}", '{"portal": ""}', '{"portal": "/v1"}'])
def test_a_missing_address_is_unavailable_and_looked_for_again(value: str) -> None:
    ssm = Ssm(value)
    urls = Urls(ssm, "p")
    for _ in range(2):
        with pytest.raises(UnavailableError):
            urls.portal()
    assert ssm.reads == 2


def test_a_kept_value_is_read_again_after_five_minutes() -> None:
    now, reads = [0.0], iter(range(9))
    kept = Cached(lambda: next(reads), lambda: now[0])
    assert (kept.get(), kept.get()) == (0, 0)
    now[0] = KEEP_SECONDS + 1
    assert kept.get() == 1
    kept.forget()
    assert kept.get() == 2


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInputError("x", field="amount"), 400),
        (SignInRequiredError("x"), 401),
        (RefusedError("x"), 403),
        (WrongCodeError("x"), 403),
        (NotFoundError("x"), 404),
        (ConflictError("x"), 409),
        (GoneError("x"), 410),
        (TooManyTriesError("x"), 429),
        (UnavailableError("x"), 503),
        (DunwellError("x"), 500),
        (KeyError("secret"), 500),
    ],
)
def test_each_error_has_one_status(error: Exception, status: int) -> None:
    problem = problem_of(error)
    assert problem.status == status
    document = json.loads(problem_response(problem).body)
    assert document["status"] == status
    assert "secret" not in json.dumps(document)
    assert document.get("field") == getattr(error, "field", None)
