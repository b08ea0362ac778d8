"""Messages in the customer's language, rendered from ``infra/messages/``: words by language, layouts by channel."""

import hashlib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from dunwell.accounts.model import Channel
from dunwell.compliance.model import MessageFacts
from dunwell.compliance.notices import Notice, facts_of
from dunwell.errors import InvalidInputError
from dunwell.outreach.dispatch import Message
from dunwell.outreach.policy import Attachment, Policy
from dunwell.outreach.text_size import plain_text, text_size
from dunwell.reporting.statement import last_months, statement
from dunwell_aws.announced_values import SAID_IN_WORDS
from dunwell_aws.message_values import MessageValues, SaidNotice
from dunwell_aws.observability import logger
from dunwell_aws.phrases import Phrases, layout_environment

MOST_TEXT_PARTS = 2
PDF = "application/pdf"
_SOME_URL = "https://example.com/"


class AttachedFile(NamedTuple):
    """A file that goes with a message: its name in ASCII, its media type and its content."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Words:
    """A finished message.

    Attributes:
        subject: of a mail, a letter or a notice; empty for a text message and a call.
        html: of a mail; empty for everything else.
        language: what it is written in (ISO 639-1).
        instead_of: the customer's language, when there are no words in it; empty otherwise.
        notices: what stands in it because a rule asks for it.
    """

    subject: str
    text: str
    html: str = ""
    language: str = ""
    instead_of: str = ""
    notices: tuple[Notice, ...] = ()
    attachments: tuple[AttachedFile, ...] = ()

    @property
    def facts(self) -> MessageFacts:
        """What it contains, for the contact rules to judge."""
        return facts_of(self.notices)


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A message that the chat's provider approves before it is sent.

    Attributes:
        name: names the body, so that other words are approved anew.
        body: with ``{{1}}``, ``{{2}}`` and so on; parameters: what stands there in this message.
    """

    name: str
    language: str
    body: str
    parameters: tuple[str, ...]
    notices: tuple[Notice, ...] = ()

    @property
    def text(self) -> str:
        """The message as the customer reads it."""
        said = self.body
        for number, value in enumerate(self.parameters, 1):
            said = said.replace(f"{{{{{number}}}}}", value)
        return said

    @property
    def facts(self) -> MessageFacts:
        """What it contains, for the contact rules to judge."""
        return facts_of(self.notices)


class Renderer:
    """Renders a contact's message for each channel. Nothing is ever half said: a gap or a lost notice is an error.

    Every method raises InvalidInputError when the message cannot be said: words are missing, or a variable, or what the
    channel needs, such as a name on a letter.
    """

    def __init__(self, folder: Path, policy: Policy) -> None:
        self._folder = folder
        self._policy = policy
        self._layouts = layout_environment(folder)
        self._phrases: dict[str, Phrases] = {}

    @cached_property
    def languages(self) -> list[str]:
        """What there are words in."""
        return sorted(path.parent.name for path in self._folder.glob("*/common.yaml"))

    def email(self, message: Message, account_url: str, stop_url: str) -> Words:
        """The e-mail, with the pages to pay and to stop on, and the statement where the stage asks for it."""
        values = self._values(message, Channel.EMAIL, account_url, stop_url)
        text = self._laid_out("email.txt", values, values.notices)
        html = self._laid_out("email.html", values, values.notices)
        return self._words(values, text, html, self._attachments(message, values))

    def sms(self, message: Message, account_url: str) -> Words:
        """The text message, in two parts at most. Stopping is by answering STOP."""
        values = self._values(message, Channel.SMS, account_url)
        text = plain_text(self._laid_out("sms.txt", values, values.closing))
        return self._words(values, _in_two_parts(text))

    def whatsapp(self, message: Message, account_url: str) -> ChatTemplate:
        """The chat message, as the provider approves it and sends it."""
        values = self._values(message, Channel.WHATSAPP, account_url)
        return chat_template(values, lambda marked: self._laid_out("whatsapp.txt", marked, marked.closing))

    def letter(self, message: Message, account_url: str = "") -> bytes:
        """The letter as PDF, its address where an envelope's window is; with a code that leads to the account."""
        from dunwell_aws.letter_pdf import letter_pdf  # the library for PDF is imported when a letter is made

        values = self._values(message, Channel.LETTER, account_url)
        said = self._words(values, self._laid_out("letter.txt", values, values.notices))
        return letter_pdf(values, said.subject, account_url, self._letter_address(message))

    def letter_words(self, message: Message) -> Words:
        """What the letter says, without its form."""
        values = self._values(message, Channel.LETTER)
        return self._words(values, self._laid_out("letter.txt", values, values.notices))

    def call(self, message: Message) -> Words:
        """What an agent says and asks, and what they do with the answer."""
        values = self._values(message, Channel.CALL)
        if not values.name:
            raise InvalidInputError(
                "the customer has no name to ask for: a call would tell a stranger about the account"
            )
        return self._words(values, self._laid_out("call.txt", values, values.notices))

    def portal(self, message: Message) -> Words:
        """What the customer's own page says when they come by."""
        values = self._values(message, Channel.PORTAL)
        return self._words(values, self._laid_out("portal.txt", values, values.notices))

    def statement(self, message: Message) -> bytes:
        """The statement of account of the last months as PDF, in the customer's language."""
        values = self._values(message, Channel.EMAIL)
        return self._statement(message, values)

    def facts(self, message: Message) -> MessageFacts:
        """What the message contains on its contact's channel, as read from its rendered words."""
        bare = replace(message, contact=replace(message.contact, attachments=()))
        return self._on_channel[message.contact.channel](bare).facts

    @cached_property
    def _on_channel(self) -> dict[Channel, Callable[[Message], Words | ChatTemplate]]:
        """The words on each channel, with addresses in place of links that are made when a message leaves."""
        return {
            Channel.EMAIL: lambda message: self.email(message, _SOME_URL, _SOME_URL),
            Channel.SMS: lambda message: self.sms(message, _SOME_URL),
            Channel.WHATSAPP: lambda message: self.whatsapp(message, _SOME_URL),
            Channel.LETTER: self.letter_words,
            Channel.CALL: self.call,
            Channel.PORTAL: self.portal,
        }

    def phrases(self, language: str) -> Phrases:
        """The words in a language."""
        if language not in self._phrases:
            self._phrases[language] = Phrases(self._folder, language)
        return self._phrases[language]

    # --- the parts ---

    def _values(self, message: Message, channel: Channel, account_url: str = "", stop_url: str = "") -> MessageValues:
        creditor = self._policy.creditor
        wanted = MessageValues.language_for(message.account.customer, creditor)
        template = message.contact.template
        for language in dict.fromkeys((wanted, creditor.language)):
            if language in self.languages and self.phrases(language).has(template):
                return MessageValues(
                    message, channel, self._policy, self.phrases(language), wanted, account_url, stop_url
                )
        path = f"infra/messages/{creditor.language}/{template}.yaml"
        raise InvalidInputError(f"the message {template!r} has no words: write {path}")

    def _laid_out(self, layout: str, values: MessageValues, notices: Sequence[SaidNotice]) -> str:
        said = self._layouts.get_template(layout).render(values.layout(layout), notices=notices)
        for notice in values.notices:
            if (notice.html if layout.endswith(".html") else notice.text) not in said:
                rule = notice.notice.rule_id
                raise InvalidInputError(f"the layout {layout} leaves no place for the notice that {rule} asks for")
        return said

    def _words(
        self, values: MessageValues, text: str, html: str = "", attachments: tuple[AttachedFile, ...] = ()
    ) -> Words:
        if values.wanted != values.language:
            template = values.message.contact.template
            logger.warning("no words in that language", wanted=values.wanted, used=values.language, template=template)
        return Words(
            subject="" if values.channel in _WITHOUT_SUBJECT else values.subject,
            text=text.strip() + "\n" if values.channel not in _ONE_LINE else text.strip(),
            html=html,
            language=values.language,
            instead_of=values.wanted if values.wanted != values.language else "",
            notices=tuple(notice.notice for notice in values.notices),
            attachments=attachments,
        )

    def _attachments(self, message: Message, values: MessageValues) -> tuple[AttachedFile, ...]:
        if Attachment.STATEMENT not in message.contact.attachments:
            return ()
        title = "".join(_base(letter) for letter in str(values.phrases.common["statement"]["title"]))
        name = f"{title} {values.today.isoformat()}.pdf".replace(" ", "-").encode("ascii", "ignore").decode()
        return (AttachedFile(name, PDF, self._statement(message, values)),)

    def _statement(self, message: Message, values: MessageValues) -> bytes:
        from dunwell_aws.statement_pdf import statement_pdf  # as above

        made = statement(message.account, *last_months(values.today))
        return statement_pdf(made, self._policy.creditor, values.phrases, values.writer, with_number=False)

    @staticmethod
    def _letter_address(message: Message) -> list[str]:
        name, lines = message.account.customer.name.strip(), message.address.strip().splitlines()
        if not name or not lines:
            raise InvalidInputError("a letter needs the customer's name and postal address, and one of them is missing")
        return [name, *lines]


_WITHOUT_SUBJECT = frozenset({Channel.SMS, Channel.WHATSAPP, Channel.CALL})
_ONE_LINE = frozenset({Channel.SMS, Channel.PORTAL})


def _in_two_parts(text: str) -> str:
    """The text, with accents taken off those letters that make it too long.

    Raises:
        InvalidInputError: it is too long all the same.
    """
    if text_size(text).parts > MOST_TEXT_PARTS:
        text = "".join(letter if text_size(letter).alphabet == "GSM-7" else _base(letter) for letter in text)
    size = text_size(text)
    if size.parts > MOST_TEXT_PARTS:
        parts = f"{size.parts} parts ({size.units} units of {size.alphabet})"
        raise InvalidInputError(
            f"the text message would take {parts}; {MOST_TEXT_PARTS} are the most: shorten its words"
        )
    return text


def _base(letter: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(one))


def chat_template(values: MessageValues, lay_out: Callable[[MessageValues], str]) -> ChatTemplate:
    """A message with numbers in place of what differs from customer to customer."""
    differ = ("name", "paid", "total", "account_url", *sorted(SAID_IN_WORDS))
    marks = {key: f"\x00{key}\x00" for key in differ if values.words.get(key)}
    body = lay_out(values.with_marks(marks)).strip()
    used = sorted((body.index(mark), key) for key, mark in marks.items() if mark in body)
    for number, (_, key) in enumerate(used, 1):
        body = body.replace(marks[key], f"{{{{{number}}}}}")
    contact = values.message.contact
    digest = hashlib.sha256(body.encode()).hexdigest()[:8]
    return ChatTemplate(
        name=f"{contact.template}_{contact.tone}_{digest}".lower(),
        language=values.language,
        body=body,
        parameters=tuple(str(values.words[key]) for _, key in used),
        notices=tuple(notice.notice for notice in values.notices),
    )
