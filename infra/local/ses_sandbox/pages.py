"""The mailbox page: what customers received, for people. No script; everything is escaped by `fill`."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from urllib.parse import quote, urlencode

from infra.local.ses_sandbox.listing import Entry, Listing
from infra.local.ses_sandbox.markup import Markup, fill, join, linked
from infra.local.ses_sandbox.sms import Sms
from infra.local.ses_sandbox.store import StoredMail

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
REFRESH_SECONDS = 5
STYLE = files(__package__).joinpath("mailbox.css").read_bytes()

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}
<link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css"></head>
<body class="{body_class}"><a class="skip" href="#content">Skip to the content</a>
<header><div class="brand"><h1><a href="/">Mailbox</a></h1>
<p>What customers received from this local Dunwell. Nothing leaves this machine.</p></div>
<search><form action="/" method="get" role="search"><label for="to">Recipient contains</label>
<div class="field"><input id="to" name="to" type="search" value="{recipient}" autocomplete="off"
 placeholder="sam@ or +44"><button>Search</button></div></form></search></header>
{content}</body></html>"""

_LIST = """<div class="list-head"><h2 id="list-title">{heading}</h2>{refresh_link}</div>{notice}
<ul class="messages">{items}</ul>{empty}{pager}"""

_HOME = """<main class="panes" id="content">
<section class="list" aria-labelledby="list-title">{list}</section>
<section class="detail hint-pane" aria-label="Message"><p class="hint">{hint}</p></section></main>"""

_ITEM = """<li><a href="{href}"{current}><span class="row"><span class="badge {css}">{channel}</span>
<time datetime="{iso}">{time}</time></span><span class="recipient">{recipient}</span>
<span class="subject">{title}</span>{problem}</a></li>"""

_MAIL = """<p class="back"><a href="/{query}">All messages</a></p><h2>{subject}</h2>
<dl class="facts">{facts}</dl>{html}{text}{attachments}
<details><summary>Headers</summary><div class="scroll" tabindex="0" role="region" aria-label="Headers"><table>
<thead><tr><th scope="col">Header</th><th scope="col">Value</th></tr></thead><tbody>{headers}</tbody>
</table></div></details>
<p class="more"><a href="/message/{id}/raw" download="{id}.eml">Download the whole message (.eml)</a></p>"""

_FRAME = """<h3>As the customer sees it</h3>
<iframe class="mail" title="The mail's HTML part" src="/message/{id}/html" loading="lazy"
 sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>
<p class="more"><a href="/message/{id}/html" target="_blank" rel="noopener">Open in its own tab</a></p>"""

_ATTACHMENT = """<li><a href="/message/{id}/attachment/{number}" download="{name}">{name}</a>
<span>{size}</span></li>"""

_SMS = """<p class="back"><a href="/{query}">All messages</a></p><h2>Text messages to {number}</h2>
<p class="hint">In the order of sending. The time is when this mailbox first saw the message.</p>
<ol class="phone" aria-label="Conversation">{bubbles}</ol>"""

_BUBBLE = """<li{current}><p class="from">{sender} <time datetime="{iso}">{time}</time></p>
<p class="bubble">{text}</p>{details}</li>"""


def list_page(listing: Listing, refreshing: bool) -> Markup:
    """Return the page that opens the mailbox."""
    content = fill(
        _HOME,
        list=_list(listing, refreshing=refreshing),
        hint="Choose a message to read it." if listing.entries else "Messages appear here once they are sent.",
    )
    return _page("Mailbox", listing, content, "home", refreshing)


def mail_page(listing: Listing, mail: StoredMail) -> Markup:
    """Return the page that shows one mail beside the list."""
    detail = fill(
        _MAIL,
        id=mail.id,
        query=_query(listing),
        subject=mail.subject or "(no subject)",
        facts=_facts(mail),
        html=fill(_FRAME, id=mail.id) if mail.parsed.html is not None else Markup(""),
        text=_text_part(mail),
        attachments=_attachments(mail),
        headers=join(
            fill('<tr><th scope="row">{name}</th><td>{value}</td></tr>', name=name, value=value)
            for name, value in mail.parsed.headers
        ),
    )
    return _two_panes(mail.subject or "(no subject)", listing, f"/message/{mail.id}", detail)


def sms_page(listing: Listing, thread: list[Sms], sms_id: str) -> Markup:
    """Return the page that shows the text messages to one number as a phone would."""
    number = thread[0].number
    bubbles = join(_bubble(sms, sms.id == sms_id) for sms in thread)
    detail = fill(_SMS, number=number, query=_query(listing), bubbles=bubbles)
    return _two_panes(f"SMS to {number}", listing, f"/sms/{sms_id}", detail)


def error_page(title: str, message: str) -> Markup:
    """Return a page that says what is wrong."""
    content = fill(
        """<main class="panes" id="content"><article class="detail"><h2>{title}</h2><p>{message}</p>
<p><a href="/">All messages</a></p></article></main>""",
        title=title,
        message=message,
    )
    return _page(title, Listing((), 0, "", 1), content, "open", False)


def _page(title: str, listing: Listing, content: Markup, body_class: str, refreshing: bool) -> Markup:
    refresh = fill('<meta http-equiv="refresh" content="{n}">', n=REFRESH_SECONDS) if refreshing else Markup("")
    return fill(
        _PAGE,
        title=title if title == "Mailbox" else f"{title} - Mailbox",
        refresh=refresh,
        body_class=body_class,
        recipient=listing.recipient,
        content=content,
    )


def _two_panes(title: str, listing: Listing, path: str, detail: Markup) -> Markup:
    content = fill(
        """<div class="panes"><nav class="list" aria-labelledby="list-title">{list}</nav>
<main class="detail" id="content">{detail}</main></div>""",
        list=_list(listing, selected=path),
        detail=detail,
    )
    return _page(title, listing, content, "open", False)


def _list(listing: Listing, selected: str = "", refreshing: bool = False) -> Markup:
    plural = "message" if listing.total == 1 else "messages"
    filtered = f" to “{listing.recipient}”" if listing.recipient else ""
    empty = Markup("")
    if not listing.entries:
        nothing = f"Nothing was sent{filtered}." if listing.recipient else "Nothing was sent yet."
        empty = fill('<p class="hint">{nothing}</p>', nothing=nothing)
    return fill(
        _LIST,
        heading=f"{listing.total:,} {plural}{filtered}",
        refresh_link=Markup("") if selected else _refresh_link(listing, refreshing),
        notice=fill('<p class="notice" role="status">{n}</p>', n=listing.notice) if listing.notice else Markup(""),
        items=join(_item(entry, listing, selected) for entry in listing.entries),
        empty=empty,
        pager=_pager(listing),
    )


def _refresh_link(listing: Listing, refreshing: bool) -> Markup:
    href = "/" + _query(listing, refresh="" if refreshing else "1")
    label = "Stop refreshing" if refreshing else f"Refresh every {REFRESH_SECONDS} s"
    return fill('<a class="refresh" href="{href}">{label}</a>', href=href, label=label)


def _item(entry: Entry, listing: Listing, selected: str) -> Markup:
    problem = fill('<span class="problem">{p}</span>', p=entry.problem.capitalize()) if entry.problem else Markup("")
    return fill(
        _ITEM,
        href=entry.path + _query(listing),
        current=Markup(' aria-current="page"') if entry.path == selected else Markup(""),
        css="sms" if entry.channel == "SMS" else "email",
        channel=entry.channel,
        recipient=entry.recipient,
        iso=entry.at.isoformat(),
        time=_short(entry.at),
        title=entry.title,
        problem=problem,
    )


def _pager(listing: Listing) -> Markup:
    links = []
    if listing.page > 1:
        links.append(fill('<a href="/{q}">Newer</a>', q=_query(listing, page=listing.page - 1)))
    if listing.page < listing.pages:
        links.append(fill('<a href="/{q}">Older</a>', q=_query(listing, page=listing.page + 1)))
    if not links:
        return Markup("")
    where = fill("<span>Page {page} of {pages}</span>", page=listing.page, pages=listing.pages)
    return fill('<p class="pager">{where}{links}</p>', where=where, links=join(links))


def _query(listing: Listing, page: int | None = None, refresh: str = "") -> str:
    page = listing.page if page is None else page
    values = {"to": listing.recipient, "page": str(page) if page > 1 else "", "refresh": refresh}
    given = {name: value for name, value in values.items() if value}
    return f"?{urlencode(given)}" if given else ""


def _facts(mail: StoredMail) -> Markup:
    facts = [("From", mail.sender), ("To", ", ".join(mail.recipients)), ("Sent", _long(mail.sent_at))]
    outcomes = dict.fromkeys(str(outcome) for outcome in mail.outcomes.values())
    if len(outcomes) == 1:
        facts.append(("Outcome", next(iter(outcomes)).capitalize()))
    else:
        facts.append(("Outcome", "; ".join(f"{to}: {outcome}" for to, outcome in mail.outcomes.items())))
    if mail.tags:
        facts.append(("Tags", ", ".join(f"{name}={value}" for name, value in mail.tags.items())))
    return join(fill("<div><dt>{name}</dt><dd>{value}</dd></div>", name=n, value=v) for n, v in facts)


def _text_part(mail: StoredMail) -> Markup:
    if mail.parsed.text is None:
        return Markup('<p class="hint">This mail has no text part.</p>')
    text = fill('<pre class="text">{text}</pre>', text=linked(mail.parsed.text))
    if mail.parsed.html is None:
        return fill("<h3>Text</h3>{text}", text=text)
    return fill("<details><summary>Text part</summary>{text}</details>", text=text)


def _attachments(mail: StoredMail) -> Markup:
    if not mail.parsed.attachments:
        return Markup("")
    items = join(
        fill(
            _ATTACHMENT,
            id=quote(mail.id),
            number=number,
            name=attachment.name,
            size=_size(len(attachment.content)),
        )
        for number, attachment in enumerate(mail.parsed.attachments, 1)
    )
    return fill('<h3>Attachments</h3><ul class="attachments">{items}</ul>', items=items)


def _bubble(sms: Sms, selected: bool) -> Markup:
    rows = join(fill("<div><dt>{n}</dt><dd>{v}</dd></div>", n=n, v=v) for n, v in sms.attributes.items())
    details = Markup("")
    if sms.attributes:
        details = fill('<details><summary>Attributes</summary><dl class="facts">{rows}</dl></details>', rows=rows)
    return fill(
        _BUBBLE,
        current=Markup(' aria-current="true"') if selected else Markup(""),
        sender=sms.sender,
        iso=sms.seen_at.isoformat(),
        time=_short(sms.seen_at),
        text=linked(sms.text),
        details=details,
    )


def _short(moment: datetime) -> str:
    return moment.astimezone().strftime("%d %b, %H:%M")


def _long(moment: datetime) -> str:
    return moment.astimezone().strftime("%A, %d %B %Y, %H:%M:%S %Z")


def _size(length: int) -> str:
    if length < 1024:
        return f"{length} bytes"
    kilobytes = length / 1024
    return f"{kilobytes:.0f} KB" if kilobytes < 1024 else f"{kilobytes / 1024:.1f} MB"
