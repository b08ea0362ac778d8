"""What the words and layouts of one message may mention: the account's facts, written for the customer, and notices."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from markupsafe import Markup, escape

from dunwell.accounts.model import Channel, Customer, CustomerKind
from dunwell.compliance.model import Channel as RuleChannel
from dunwell.compliance.model import Party
from dunwell.compliance.notices import Notice, NoticeKind, NoticeRequest, language_of, notices_for
from dunwell.dates import business_date, days_past_due
from dunwell.hold_kinds import HoldKind
from dunwell.ledger.model import OpenInvoice
from dunwell.outreach.announced import MANNERS
from dunwell.outreach.dispatch import Message
from dunwell.outreach.policy import Creditor, Policy
from dunwell.outreach.stage import THANKS
from dunwell.outreach.whereabouts import location_of
from dunwell_aws.announced_values import AnnouncedValues
from dunwell_aws.localised import localised
from dunwell_aws.phrases import Phrases

MOST_LISTED = 100
"""Invoices in one message; some mail programs hide the end of a longer one, and with it the notices."""
_JUDGED_AS = {Channel.WHATSAPP: RuleChannel.SMS, Channel.PORTAL: RuleChannel.CHATBOT}
WORDS_KNOW = frozenset({"account_url", "count", "creditor", "name", "paid", "telephone", "total"})
"""What the words of a template may mention; those of an announcement ``ANNOUNCED_WORDS`` too."""


@dataclass(frozen=True, slots=True)
class SaidNotice:
    """A notice with its particulars, as text and as HTML."""

    notice: Notice
    text: str
    html: Markup


class MessageValues:
    """The values of one message on one channel.

    Raises:
        InvalidInputError: when asked for words that are not there.
    """

    def __init__(
        self,
        message: Message,
        channel: Channel,
        policy: Policy,
        phrases: Phrases,
        wanted: str,
        account_url: str = "",
        stop_url: str = "",
    ) -> None:
        customer, creditor = message.account.customer, policy.creditor
        self.message, self.channel, self.creditor, self.policy = message, channel, creditor, policy
        self.phrases, self.wanted = phrases, wanted
        self.language = phrases.language
        self.writer = localised(phrases.language, customer.country, plain=channel is Channel.SMS)
        self.today = business_date(message.as_of, creditor.timezone)
        manner = MANNERS.get(message.contact.stage)
        self.name = "" if manner and manner.to_former else customer.name.strip()
        self.links = {"account_url": account_url, "stop_url": stop_url}
        self._marked: Mapping[str, str] = {}
        self.announced = self._announced() if message.contact.stage in MANNERS else None

    def _announced(self) -> AnnouncedValues:
        message = self.message
        return AnnouncedValues(message.contact, message.account, self.policy, self.writer, self.today, self.phrases)

    @staticmethod
    def language_for(customer: Customer, creditor: Creditor) -> str:
        """The language to write in: the customer's, unless the law of the place prescribes another."""
        places, consumer = location_of(customer).certain, customer.kind is CustomerKind.PERSON
        return language_of(places, Party(creditor.party), consumer, customer.language or creditor.language)

    @cached_property
    def words(self) -> dict[str, Any]:
        """What texts may mention; of what there is not, nothing, so that a text that needs it fails."""
        contact, invoices = self.message.contact, self.message.invoices
        values: dict[str, Any] = {
            "name": self.name,
            "creditor": self.creditor.name,
            "telephone": self.creditor.telephone.replace(" ", "\u00a0"),  # a number is not broken between lines
            "total": self._total,
            "count": len(invoices),
        }
        if self.announced:
            values |= self.announced.words
        if self.links["account_url"]:
            values["account_url"] = self.links["account_url"]
        payments = [entry for entry in self.message.account.payments.values() if entry.currency == contact.currency]
        if payments and not self.announced:
            values["paid"] = self._money(max(payments, key=lambda entry: entry.on).amount_minor)
        return values | dict(self._marked)

    @property
    def _total(self) -> str:
        """What its list comes to."""
        if self.announced and self.announced.lines is not None:
            return self.announced.total if self.announced.lines else ""
        return self._money(sum(item.collectable_minor for item in self.message.invoices))

    @property
    def subject(self) -> str:
        """The message in a few words: nothing that a locked screen should not show."""
        return self.said("subject")

    def said(self, key: str) -> str:
        """A text of the template in the contact's tone, or of the common words; empty when there is none.

        Where a template of an announcement says nothing, the words that all announcements share come first.
        """
        contact = self.message.contact
        shared = self.phrases.common["announced"] if self.announced else {}
        if key in shared and key not in self.phrases.file(contact.template):
            return self.common("announced", key)
        return self.phrases.say(self.phrases.source(contact.template, key, contact.tone), self.words)

    def common(self, section: str, key: str, **values: Any) -> str:
        """A text of a section of the common words."""
        return self.phrases.say(str(self.phrases.common[section][key]), self.words | values)

    @cached_property
    def notices(self) -> tuple[SaidNotice, ...]:
        """What the rules ask for, in the message's language."""
        customer, now = self.message.account.customer, self.message.as_of
        place = location_of(customer)
        asked = NoticeRequest(
            channel=_JUDGED_AS.get(self.channel) or RuleChannel(self.channel.value),
            party=Party(self.creditor.party),
            consumer=customer.kind is CustomerKind.PERSON,
            jurisdictions=place.jurisdictions,
            language=self.language,
            receipt=not self.asks,
            time_barred=any(hold.kind == HoldKind.TIME_BARRED for hold in customer.holds_in_force(now)),
            on_behalf=bool(customer.legal_entity or self.creditor.owed_to) and self.creditor.party == Party.THIRD,
        )
        return tuple(self._said(notice) for notice in notices_for(asked))

    @property
    def asks(self) -> bool:
        """Whether it speaks of money that is to come; thanks and receipts do not."""
        manner = MANNERS.get(self.message.contact.stage)
        return manner.asks if manner else self.message.contact.template != THANKS

    @property
    def opening(self) -> str:
        """Who writes, where a text begins with it."""
        return next(one.text for one in self.notices if one.notice.kind is NoticeKind.IDENTITY)

    @property
    def closing(self) -> Sequence[SaidNotice]:
        """The notices after those with which a text begins."""
        return [one for one in self.notices if one.notice.kind is not NoticeKind.IDENTITY]

    def layout(self, name: str) -> dict[str, Any]:
        """What a layout may mention. Texts that it does not use are not rendered."""
        return _VALUES[name](self)

    def with_marks(self, marks: Mapping[str, str]) -> "MessageValues":
        """The same with marks in place of some values, by name."""
        marked = MessageValues(self.message, self.channel, self.policy, self.phrases, self.wanted, **self.links)
        marked._marked = marks
        return marked

    # --- parts of layouts ---

    @property
    def greeting(self) -> str:
        """By name, where there is one."""
        return self.said("greeting" if self.name else "greeting_unnamed")

    @property
    def listed(self) -> list[dict[str, str]]:
        """The invoices or instalments as lines, as many as a message holds."""
        return self.every_line[:MOST_LISTED]

    @property
    def every_line(self) -> list[dict[str, str]]:
        """The invoices or instalments as lines, all of them: paper has room."""
        if self.announced and self.announced.lines is not None:
            return self.announced.lines
        return [self._line(item) for item in self.message.invoices]

    @property
    def more(self) -> str:
        """How many lines are not listed; empty when all are."""
        left_out = len(self.every_line) - MOST_LISTED
        return self.common("table", "more", more=left_out) if left_out > 0 else ""

    @property
    def address(self) -> str:
        """The page to pay on.

        Raises:
            KeyError: it was not given.
        """
        return str(self.words["account_url"])

    @property
    def table(self) -> dict[str, str]:
        """The headings of the list."""
        table = self.phrases.common[self.announced.section if self.announced else "table"]
        return {key: str(table[key]) for key in ("caption", "invoice", "due", "amount", "total")}

    @property
    def paragraphs(self) -> list[str]:
        """What the message is about."""
        return [part.strip() for part in self.said("lead").split("\n\n") if part.strip()]

    @property
    def closing_words(self) -> list[str]:
        """What is said after the list."""
        return [part.strip() for part in self.said("close").split("\n\n") if part.strip()]

    @property
    def slip(self) -> list[str]:
        """What can be cut off a letter and sent back: what to do with it, then what can be ticked; of most, nothing."""
        if self.channel is not Channel.LETTER or "slip" not in self.phrases.file(self.message.contact.template):
            return []
        return [part.strip() for part in self.said("slip").split("\n\n")]

    @property
    def quoted(self) -> list[str]:
        """Words of the customer's consent as they stood; none in most messages."""
        return self.announced.quoted if self.announced else []

    @property
    def quote(self) -> str:
        """What is said before them; empty when there are none."""
        return self.said("quote") if self.quoted else ""

    def _said(self, notice: Notice) -> SaidNotice:
        owed_to = self.message.account.customer.legal_entity or self.creditor.owed_to or self.creditor.name
        text = notice.said({"creditor": self.creditor.name, "owed_to": owed_to, "telephone": self.creditor.telephone})
        if not notice.link:
            return SaidNotice(notice, text, escape(text))
        url = self.links["stop_url"]
        link = Markup('<a href="{}" class="link" style="color:#1d4ed8">{}</a>').format(url, notice.link)
        return SaidNotice(notice, f"{text}\n{url}", Markup("{} {}").format(text, link))

    def _line(self, item: OpenInvoice) -> dict[str, str]:
        days = days_past_due(item.due_on, self.today)
        which = "today" if days == 0 else "overdue" if days > 0 else "ahead"
        return {
            "number": item.invoice.number,
            "due_on": self.writer.short_date(item.due_on),
            "amount": self._money(item.collectable_minor),
            "when": self.common("when", which, days=abs(days)),
        }

    def _money(self, amount_minor: int) -> str:
        return self.writer.money(amount_minor, self.message.contact.currency)


def _mail(values: MessageValues) -> dict[str, Any]:
    return {
        "greeting": values.greeting,
        "lead": values.paragraphs,
        "invoices": values.listed,
        "more": values.more,
        "table": values.table,
        "colon": values.said("colon"),
        "total": values.words["total"],
        "button": values.said("button"),
        "account_url": values.address,
        "quote": values.quote,
        "quoted": values.quoted,
        "close": values.closing_words,
        "help": values.said("help"),
        "signature": values.said("signature"),
        "creditor": values.creditor,
    }


def _page(values: MessageValues) -> dict[str, Any]:
    colours = {"ink_on_colour": ink_on(values.creditor.colour)}
    return _mail(values) | {"lang": values.writer.tag, "subject": values.subject} | colours


def _text(values: MessageValues) -> dict[str, Any]:
    return {"opening": values.opening, "sms": values.said("sms")}


def _chat(values: MessageValues) -> dict[str, Any]:
    return {
        "opening": values.opening,
        "greeting": values.greeting,
        "lead": " ".join(values.paragraphs),
        "invoices": values.listed,
        "table": values.table,
        "colon": values.said("colon"),
        "total": values.words["total"],
        "button": values.said("button"),
        "account_url": values.address,
    }


def _call(values: MessageValues) -> dict[str, Any]:
    script = values.phrases.common["call"]
    said = {key: values.common("call", key) for key in ("before", "say", "ask", "listen", "after")}
    return {
        "script": said | {"steps": list(script["steps"])},
        "ask": values.said("ask"),
        "invoices": values.listed,
        "more": values.more,
        "table": values.table,
        "colon": values.said("colon"),
        "total": values.words["total"],
    }


def _portal(values: MessageValues) -> dict[str, Any]:
    announced = values.announced is not None
    return {
        "lead": " ".join(values.paragraphs),
        "lines": values.listed if announced else [],
        "table": values.table,
        "colon": values.said("colon"),
        "quote": values.quote,
        "quoted": values.quoted,
        "close": values.said("close") if announced else "",
    }


def _letter(values: MessageValues) -> dict[str, Any]:
    return {
        "greeting": values.greeting,
        "lead": "\n\n".join(values.paragraphs),
        "quote": values.quote,
        "quoted": values.quoted,
        "invoices": values.every_line if values.slip else [],
        "table": values.table,
        "colon": values.said("colon"),
        "close": "\n\n".join(values.closing_words),
        "help": values.said("help_letter"),
        "signature": values.said("signature"),
        "slip": values.slip,
    }


_VALUES: dict[str, Callable[[MessageValues], dict[str, Any]]] = {
    "email.txt": _mail,
    "email.html": _page,
    "sms.txt": _text,
    "whatsapp.txt": _chat,
    "call.txt": _call,
    "portal.txt": _portal,
    "letter.txt": _letter,
}
_LISTS = frozenset({"invoices", "more", "table", "total", "colon"})
_QUOTES = frozenset({"quote", "quoted"})
_MAIL = _LISTS | _QUOTES | {"greeting", "lead", "button", "account_url", "close", "help", "signature", "creditor"}
LAYOUTS_KNOW: dict[str, frozenset[str]] = {
    "email.txt": _MAIL,
    "email.html": _MAIL | {"lang", "subject", "ink_on_colour"},
    "sms.txt": frozenset({"opening", "sms"}),
    "whatsapp.txt": (_LISTS - {"more"}) | {"opening", "greeting", "lead", "button", "account_url"},
    "call.txt": _LISTS | {"script", "ask"},
    "portal.txt": _QUOTES | {"lead", "lines", "table", "colon", "close"},
    "letter.txt": _QUOTES | {"greeting", "lead", "invoices", "table", "colon", "close", "help", "signature", "slip"},
}
"""What each layout may mention, beside its notices; a test holds that it is what there is."""


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on a colour such as ``#1d4ed8`` (WCAG relative luminance)."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#111827" if luminance > 0.179 else "#ffffff"
