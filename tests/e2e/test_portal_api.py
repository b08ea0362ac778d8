"""The deployed JSON API: an app signs in and pays, and whatever is thrown at it is answered as described."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.cli.openapi import DOCUMENT
from tests.support.debtors import new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually

_TIMEOUT_SECONDS = 30


def base(deployed: Deployment) -> str:
    return f"{deployed.view.urls['portal']}/api/v1"


def ask(deployed: Deployment, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
    url = base(deployed) + path
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, url, json=body, headers=sent, timeout=_TIMEOUT_SECONDS)


def session_of(deployed: Deployment, number: str) -> str:
    """The token of a reminded customer's session, by the link in the mail and the code in the next one."""
    address = deployed.account(number).customer.email
    link = re.search(r"/l/(\S+)", deployed.mails(address)[-1]["text"])
    assert link
    before = len(deployed.mails(address))
    asked = ask(deployed, "POST", "/sign-in-codes", {"link": link[1], "answer": number})
    assert asked.status_code == 202, asked.text
    mail = eventually(lambda: deployed.mails(address)[before:], WAIT_SECONDS)[0]
    code = re.search(r"\b(\d{3}) ?(\d{3})\b", mail["text"])
    assert code
    body = {"code_token": asked.json()["code_token"], "code": code[1] + code[2]}
    session = ask(deployed, "POST", "/sessions", body)
    assert session.status_code == 201, session.text
    return f"Bearer {session.json()['token']}"


@pytest.fixture(scope="module")
def reminded(deployed: Deployment) -> tuple[str, str]:
    """A customer's number and session."""
    number = new_number()
    deployed.owe(row(number))
    deployed.remind(number)
    return number, session_of(deployed, number)


def test_an_app_sees_what_is_owed_and_starts_a_payment_once(deployed: Deployment, reminded: tuple[str, str]) -> None:
    number, session = reminded
    account = ask(deployed, "GET", "/account", Authorization=session).json()
    (invoice,) = ask(deployed, "GET", "/invoices", Authorization=session).json()["items"]
    body = {"currency": "USD", "invoice_ids": [invoice["invoice_id"]]}
    keyed = {"Authorization": session, "Idempotency_Key": f"pay-{number}"}
    first, again = (ask(deployed, "POST", "/checkouts", body, **keyed) for _ in range(2))
    other = ask(deployed, "POST", "/checkouts", {"currency": "EUR"}, **keyed)
    assert account["number"] == number
    assert (first.status_code, first.json()) == (201, again.json())
    assert first.json()["amount_minor"] == invoice["open_minor"] == account["balances"][0]["open_minor"]
    assert other.status_code == 409


def test_what_nobody_knows_gets_a_problem_document_of_ours(deployed: Deployment, reminded: tuple[str, str]) -> None:
    missing = ask(deployed, "GET", "/nothing/here", Authorization=reminded[1])
    wrong = ask(deployed, "PATCH", "/account", Authorization=reminded[1])
    assert [missing.status_code, wrong.status_code] == [404, 405]
    for answer in (missing, wrong):
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_whatever_is_sent_is_answered_as_described(deployed: Deployment, reminded: tuple[str, str]) -> None:
    """Schemathesis makes requests from the description, good and bad, and holds every answer to it."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", str(DOCUMENT), "--url", base_of(deployed)]
    options = ["--header", f"Authorization: {reminded[1]}", "--max-examples", "12", "--seed", "1", "--no-color"]
    left_out = ["--exclude-operation-id", "signOut", "--exclude-operation-id", "askForCode"]
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    ran = subprocess.run(
        [*command, *options, *left_out, "--checks", checks, "--phases", "examples,coverage,fuzzing"],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert ran.returncode == 0, ran.stdout[-6_000:] + ran.stderr[-2_000:]


def base_of(deployed: Deployment) -> str:
    """Where the description's paths begin."""
    return str(deployed.view.urls["portal"])
