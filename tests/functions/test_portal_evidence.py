"""Files with a dispute: what a customer may send, and what becomes of it."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import HTTPResponse

from dunwell.outreach.evidence import MOST_BYTES
from functions.portal import app as portal_app
from tests.support.browser import Browser, hidden, multipart, text
from tests.support.invocation import lambda_context, proxy_event
from tests.support.portal_app import BASE, PortalWorld

PATH = "/invoices/inv_a1/dispute"
MOST_OF_AN_INVOCATION = 6 * 1024 * 1024
ROOM_FOR_THE_GATEWAYS_OWN = 64 * 1024  # headers, and what it says of the request
PDF = b"%PDF-1.7\r\n\r\n--not-a-boundary\r\n\x00\xff\r\n"
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256))
PNG = b"\x89PNG\r\n\x1a\n" + b"\r\n" * 9


@pytest.fixture
def world() -> Iterator[PortalWorld]:
    yield PortalWorld()
    portal_app.use(None)


def send(browser: Browser, *files: tuple[str, bytes], **fields: str) -> HTTPResponse:
    page = browser.get(PATH)
    told = {"csrf": hidden(page, "csrf"), "reason": "not_received", "part": "whole", "text": "It never came."}
    return browser.post_files(PATH, told | {"key": hidden(page, "key")} | fields, files)


def disputed_minor(world: PortalWorld) -> int:
    return world.ledger.accounts["cus_anna"].disputed_minor("inv_a1")


def test_two_files_are_kept_byte_for_byte_and_the_agents_task_names_them(world: PortalWorld) -> None:
    browser = world.signed_in()
    answer = send(browser, (r"C:\My files\Lieferschein über 3.PDF", PDF), ("../../photo.exe", JPEG))
    assert answer.headers["Location"] == f"{BASE}{PATH}?done=raised_with_files"
    assert "We have your dispute and your files" in text(browser.get(f"{PATH}?done=raised_with_files"))
    assert disputed_minor(world) == 123_450
    (task,) = world.contacts.open_tasks(9)
    assert [(one.name, one.media_type, one.size) for one in task.files] == [
        ("Lieferschein über 3.PDF", "application/pdf", len(PDF)),
        ("photo.exe.jpg", "image/jpeg", len(JPEG)),
    ]
    assert world.evidence.kept == {
        ("cus_anna", task.task_id, hashlib.sha256(content).hexdigest()): content for content in (PDF, JPEG)
    }


def test_a_form_in_which_no_file_was_chosen_is_a_dispute_without_files(world: PortalWorld) -> None:
    assert send(world.signed_in(), ("", b"")).headers["Location"].endswith("done=raised")
    assert world.contacts.open_tasks(9)[0].files == ()


def test_the_same_file_twice_and_the_same_form_twice_are_one(world: PortalWorld) -> None:
    browser = world.signed_in()
    send(browser, ("a.png", PNG), ("b.png", PNG), key="k", part="part", amount="1")
    send(browser, ("c.pdf", PDF), key="k", part="part", amount="1")
    (task,) = world.contacts.open_tasks(9)
    assert [one.media_type for one in task.files] == ["image/png"]
    assert list(world.evidence.kept.values()) == [PNG]
    assert disputed_minor(world) == 100


REFUSED: dict[str, Any] = {
    "These are too many files": [(f"{number}.pdf", PDF) for number in range(4)],
    "These files are too large": [("a.pdf", PDF), ("b.pdf", b"%PDF-" + b"x" * 4 * 1024 * 1024)],
    "is not a PDF, JPEG or PNG": [("a.pdf", PDF), ("evil.pdf", b"MZ\x90\x00%PDF-1.7")],
    "One of the files is empty": [("a.pdf", b"")],
}


@pytest.mark.parametrize("said", REFUSED)
def test_files_that_cannot_be_taken_are_told_and_nothing_is_kept(world: PortalWorld, said: str) -> None:
    answer = send(world.signed_in(), *REFUSED[said], part="part", amount="10.50", text="Two boxes were broken.")
    assert answer.status_code == 400
    page = answer.body.decode()
    assert said in page
    assert "Please choose the files again" in page
    assert 'value="10.50"' in page
    assert "Two boxes were broken.</textarea>" in page
    assert (world.evidence.kept, world.contacts.open_tasks(9), disputed_minor(world)) == ({}, [], 0)


@pytest.mark.parametrize("language", ["de", "es", "fr"])
def test_each_language_says_what_is_wrong_with_a_file(world: PortalWorld, language: str) -> None:
    browser = world.signed_in()
    browser.cookies["dunwell_language"] = language
    key = "problems.details.file_kind"
    said = world.portal.words.say(language, "")(key)
    assert said != world.portal.words.say("en", "")(key)
    assert said in text(send(browser, ("a.gif", b"GIF89a")))


def test_files_of_a_dispute_that_is_refused_are_not_kept(world: PortalWorld) -> None:
    browser = world.signed_in()
    assert send(browser, ("a.pdf", PDF), part="part", amount="1234.51").status_code == 400
    send(browser)
    csrf = hidden(browser.get("/account"), "csrf")
    fields = {"csrf": csrf, "reason": "other", "part": "whole", "text": "x", "key": "later"}
    assert browser.post_files(PATH, fields, [("a.pdf", PDF)]).status_code == 409
    assert world.evidence.kept == {}


def test_nobody_adds_files_to_what_is_not_theirs_or_without_their_token(world: PortalWorld) -> None:
    browser = world.signed_in()
    fields = {"csrf": hidden(browser.get(PATH), "csrf"), "reason": "other", "part": "whole", "text": "x", "key": "k"}
    others = browser.post_files("/invoices/inv_b1/dispute", fields, [("a.pdf", PDF)])
    forged = browser.post_files(PATH, fields | {"csrf": "0" * 64}, [("a.pdf", PDF)])
    signed_out = world.browser().post_files(PATH, fields, [("a.pdf", PDF)])
    assert [one.status_code for one in (others, forged, signed_out)] == [404, 403, 401]
    assert (world.evidence.kept, world.contacts.open_tasks(9), disputed_minor(world)) == ({}, [], 0)


PART = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nx\r\n'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", PART + b"--b--\r\n"),
        ("multipart/form-data; boundary=b", PART),
        ("multipart/form-data; boundary=b", PART + b"--b"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", PART.replace(b"x\r\n", b"\xff\r\n") + b"--b--\r\n"),
        ("multipart/form-data; boundary=b", PART * 200 + b"--b--\r\n"),
        ("multipart/form-data; boundary=\xe9", PART),
        ("multipart/form-data; boundary=b", b""),
    ],
)
def test_what_is_no_form_is_refused(world: PortalWorld, content_type: str, body: bytes) -> None:
    browser = world.signed_in()
    answer = browser._request("POST", PATH, body, {"Content-Type": content_type})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.body.decode() or "That did not work" in text(answer)


def test_as_much_as_may_be_sent_fits_into_an_invocation(world: PortalWorld) -> None:
    browser = world.signed_in()
    fields = {"csrf": hidden(browser.get(PATH), "csrf"), "reason": "other", "part": "whole", "text": "ä" * 2_000}
    files = [("a" * 200 + ".pdf", b"%PDF-".ljust(MOST_BYTES - len(PNG), b"\x00")), ("b.png", PNG)]
    content_type, body = multipart(fields | {"key": "k"}, files)
    event = proxy_event(
        "POST",
        "/{proxy+}",
        pathParameters={"proxy": PATH[1:]},
        headers={"accept": "text/html", "content-type": content_type, "cookie": browser.cookie_header()},
        body=base64.b64encode(body).decode(),
        isBase64Encoded=True,
    )
    assert len(json.dumps(event)) + ROOM_FOR_THE_GATEWAYS_OWN < MOST_OF_AN_INVOCATION
    assert portal_app.handler(event, lambda_context(), parts=world.portal)["statusCode"] == 303
    assert sum(map(len, world.evidence.kept.values())) == MOST_BYTES
