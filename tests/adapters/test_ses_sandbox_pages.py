"""The mailbox page: it shows what was sent, and never lets a mail run anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from infra.local.ses_sandbox import SesSandbox
from infra.local.ses_sandbox.mail_html import for_frame
from infra.local.ses_sandbox.markup import linked
from infra.local.ses_sandbox.sending import accept

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PIXEL = b"\x89PNG\r\n\x1a\n"
HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def sandbox() -> Iterator[SesSandbox]:
    with SesSandbox(verified=["example.com"]) as running:
        yield running


class Tags(HTMLParser):
    """Collects the start tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


def send(
    sandbox: SesSandbox,
    to: str = "sam@customer.test",
    minute: int = 0,
    html: str = "<p>Hello</p>",
    **extra: Any,
) -> str:
    """Put a mail into the mailbox; return its id."""
    message = {
        "Subject": {"Data": "Your invoice"},
        "Body": {"Text": {"Data": "Hello in text"}, "Html": {"Data": html}},
        **extra,
    }
    request = {
        "FromEmailAddress": "Accounts <accounts@example.com>",
        "Destination": {"ToAddresses": [to]},
        "Content": {"Simple": message},
    }
    mail = accept(request, sandbox.mailbox, "us-east-1", START + timedelta(minutes=minute))
    sandbox.mailbox.add(mail)
    return mail.id


def page(sandbox: SesSandbox, path: str) -> str:
    return str(urlopen(sandbox.url + path).read().decode())


def test_the_list_shows_the_newest_mail_first(sandbox: SesSandbox) -> None:
    late = send(sandbox, "late@customer.test", minute=5)
    early = send(sandbox, "early@customer.test", minute=1)

    links = [str(a["href"]) for a in Tags(page(sandbox, "/")).named("a")]

    assert [link for link in links if link.startswith("/message/")] == [
        f"/message/{late}",
        f"/message/{early}",
    ]


def test_the_search_keeps_only_the_recipients_that_contain_its_text(sandbox: SesSandbox) -> None:
    send(sandbox, "sam@customer.test")
    kept = send(sandbox, "kim+b2b@customer.test")

    html = page(sandbox, "/?to=KIM%2Bb2b")

    assert "sam@customer.test" not in html
    assert f'href="/message/{kept}?to=KIM%2Bb2b"' in html
    assert 'value="KIM+b2b"' in html
    assert "Nothing was sent to “nobody”." in page(sandbox, "/?to=nobody")


def test_a_long_list_comes_in_pages(sandbox: SesSandbox) -> None:
    for number in range(101):
        send(sandbox, f"c{number}@customer.test", minute=number)

    first, second = page(sandbox, "/"), page(sandbox, "/?page=2")

    assert (first.count('class="subject"'), second.count('class="subject"')) == (100, 1)
    assert 'href="/?page=2"' in first
    assert "c0@customer.test" in second


def test_a_mail_shows_its_subject_parts_headers_and_attachments(sandbox: SesSandbox) -> None:
    mail_id = send(sandbox, Attachments=[{"FileName": "Rechnung März.pdf", "RawContent": "JVBERi0x"}])

    html = page(sandbox, f"/message/{mail_id}")

    assert "<h2>Your invoice</h2>" in html
    assert "Hello in text" in html
    assert "Rechnung März.pdf" in html
    assert 'scope="row">Message-ID</th>' in html
    answer = urlopen(f"{sandbox.url}/message/{mail_id}/attachment/1")
    assert answer.read() == b"%PDF-1"
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{quote('Rechnung März.pdf')}"
    assert urlopen(f"{sandbox.url}/message/{mail_id}/raw").read().startswith(b"From: Accounts")


def test_a_mails_html_is_shown_only_in_a_frame_that_can_run_nothing(sandbox: SesSandbox) -> None:
    mail_id = send(sandbox, html=f"<p>hi</p>{HOSTILE}")

    shown = Tags(page(sandbox, f"/message/{mail_id}"))
    frame = urlopen(f"{sandbox.url}/message/{mail_id}/html")

    assert shown.named("script") == []
    assert shown.named("iframe")[0]["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "allow-scripts" not in policy


def test_everything_a_sender_writes_is_escaped(sandbox: SesSandbox) -> None:
    mail_id = send(
        sandbox,
        Subject={"Data": HOSTILE},
        Body={"Text": {"Data": HOSTILE}},
        Headers=[{"Name": "X-Note", "Value": HOSTILE}],
        Attachments=[{"FileName": '"><script>.txt', "RawContent": "aGk="}],
    )

    for path in ("/", f"/message/{mail_id}", f"/?to={quote(HOSTILE)}", f"/message/{quote(HOSTILE)}-"):
        try:
            html = page(sandbox, path)
        except HTTPError as error:
            html = error.read().decode()
        assert Tags(html).named("script") == [], path
        assert HOSTILE.split("alert")[0] not in html, path


def test_web_addresses_in_a_text_are_links_and_nothing_else_is() -> None:
    text = linked("Pay (https://example.com/p?a=1&b=2). Not javascript:alert(1) or <b>")

    url = "https://example.com/p?a=1&amp;b=2"
    link = f'<a href="{url}" target="_blank" rel="noopener noreferrer">{url}</a>'
    assert text == f"Pay ({link}). Not javascript:alert(1) or &lt;b&gt;"


def test_the_pages_themselves_allow_no_script(sandbox: SesSandbox) -> None:
    policy = urlopen(sandbox.url + "/").headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>hi</p>", '<base target="_blank"><p>hi</p>'),
        ("<!DOCTYPE html><p>hi", '<!DOCTYPE html><base target="_blank"><p>hi'),
        ("<html><head lang=en><title>", '<html><head lang=en><base target="_blank"><title>'),
        ("<header>x", '<base target="_blank"><header>x'),
    ],
)
def test_links_of_a_mail_open_in_a_new_tab(html: str, expected: str) -> None:
    assert for_frame(html, "id") == expected


def test_an_image_inside_the_mail_is_shown_from_the_mail(sandbox: SesSandbox) -> None:
    logo = {
        "FileName": "logo.png",
        "RawContent": "iVBORw0KGgo=",
        "ContentId": "logo",
        "ContentDisposition": "INLINE",
    }
    mail_id = send(sandbox, html='<img src="cid:logo">', Attachments=[logo])

    source = str(Tags(page(sandbox, f"/message/{mail_id}/html")).named("img")[0]["src"])
    answer = urlopen(sandbox.url + source)

    assert (answer.headers["Content-Type"], answer.read()) == ("image/png", PIXEL)


def test_an_inline_part_that_is_no_image_is_not_served_in_the_mailboxs_origin(sandbox: SesSandbox) -> None:
    page_part = {"FileName": "a.html", "RawContent": "aGk=", "ContentId": "a", "ContentType": "text/html"}
    mail_id = send(sandbox, Attachments=[page_part])

    with pytest.raises(HTTPError) as caught:
        urlopen(f"{sandbox.url}/message/{mail_id}/inline/a")

    assert caught.value.code == 404


def test_every_page_has_a_language_a_heading_a_main_part_and_labelled_fields(sandbox: SesSandbox) -> None:
    mail_id = send(sandbox)

    for path in ("/", f"/message/{mail_id}"):
        tags = Tags(page(sandbox, path))
        assert tags.named("html")[0]["lang"] == "en"
        assert len(tags.named("h1")) == len(tags.named("main")) == 1
        labelled = {label["for"] for label in tags.named("label")}
        assert {field["id"] for field in tags.named("input")} == labelled
        assert all(frame["title"] for frame in tags.named("iframe"))


def test_refreshing_is_a_choice(sandbox: SesSandbox) -> None:
    assert 'http-equiv="refresh"' not in page(sandbox, "/")
    assert 'http-equiv="refresh"' in page(sandbox, "/?refresh=1")


def test_a_mail_that_bounced_says_so_in_the_list(sandbox: SesSandbox) -> None:
    send(sandbox, "bounce+sam@customer.test")

    assert '<span class="problem">Bounced</span>' in page(sandbox, "/")


def test_the_mailbox_says_why_text_messages_are_missing() -> None:
    with SesSandbox(events_endpoint="http://127.0.0.1:9") as sandbox:
        assert "Text messages are not shown." in page(sandbox, "/")


def test_an_unknown_message_is_a_page_that_leads_back(sandbox: SesSandbox) -> None:
    with pytest.raises(HTTPError) as caught:
        page(sandbox, "/message/none")

    html = caught.value.read().decode()
    assert caught.value.code == 404
    assert "There is no message" in html
    assert 'href="/"' in html


def test_the_style_sheet_is_part_of_the_package(sandbox: SesSandbox) -> None:
    answer = urlopen(sandbox.url + "/style.css")

    assert answer.headers["Content-Type"].startswith("text/css")
    package = Path(__file__).resolve().parents[2] / "infra" / "local" / "ses_sandbox"
    assert answer.read() == (package / "mailbox.css").read_bytes()
