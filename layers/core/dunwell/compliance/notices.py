"""Which notices a message must carry, by whom it is sent, to whom, where and how. Not legal advice: counsel confirms.

Words that the law or the carriers ask for are no template's business: a template leaves a place, and what stands in it
follows from this table. Text that a creditor must print beside the demand (validation information, model form B-1) is a
document of its own and no notice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dunwell.compliance.catalogue_us import third_party
from dunwell.compliance.model import Channel, MessageFacts, Party
from dunwell.compliance.notice_words import WORDS
from dunwell.compliance.regions import EUROPEAN_COUNTRIES
from dunwell.compliance.rule import Scope, Situation, situation_in
from dunwell.errors import InvalidInputError

_WRITTEN = frozenset({Channel.EMAIL, Channel.LETTER})
_TEXTS = frozenset({Channel.SMS, Channel.SOCIAL})
_ELECTRONIC = _TEXTS | {Channel.EMAIL}
_UK = frozenset({"GB"})


class NoticeKind(StrEnum):
    """What a notice says; a message carries one of each kind at most, in this order."""

    IDENTITY = "identity"
    COLLECTOR = "collector"
    TIME_BARRED = "time_barred"
    ADVICE = "advice"
    DATA = "data"
    OPT_OUT = "opt_out"


@dataclass(frozen=True, slots=True)
class NoticeRequest:
    """A message that is to be written.

    Attributes:
        jurisdictions: the customer's place and what contains it (``Location.jurisdictions``).
        language: ISO 639-1, of the message: a notice is written in the language of what it stands with.
        initial: nothing was said about the debt before, as far as known.
        receipt: it thanks for a payment and asks for nothing.
        time_barred: the time in which one could sue has run out.
        on_behalf: the one who is owed has another name than the one who writes, and it is known.
    """

    channel: Channel
    party: Party
    consumer: bool
    jurisdictions: frozenset[str]
    language: str
    initial: bool = True
    receipt: bool = False
    time_barred: bool = False
    on_behalf: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Words that must stand in a message, and why.

    Attributes:
        text: with the names of ``FIELDS`` in braces.
        link: what a link that belongs to it says, such as the one to stop e-mail; empty when there is none.
    """

    kind: NoticeKind
    rule_id: str
    citation: str
    text: str
    link: str = ""

    def said(self, values: Mapping[str, str]) -> str:
        """The words with the creditor's particulars in them.

        Raises:
            KeyError: a value is missing.
        """
        return self.text.format_map(values)


FIELDS: Final = ("creditor", "owed_to", "telephone")
"""What the text of a notice may name: who writes, who is owed, where to call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A rule of the table: which words, on what authority, for which messages."""

    kind: NoticeKind
    rule_id: str
    citation: str
    words: str
    scopes: tuple[Scope, ...] = (Scope(),)
    later: str = ""
    on_behalf: bool | None = None
    time_barred: bool = False
    receipt: bool | None = None

    def covers(self, request: NoticeRequest, situation: Situation) -> bool:
        if self.receipt is not None and self.receipt is not request.receipt:
            return False
        if self.time_barred and not request.time_barred:
            return False
        if self.on_behalf is not None and self.on_behalf is not request.on_behalf:
            return False
        return any(scope.covers(situation) for scope in self.scopes)


_IDENTITY = NoticeKind.IDENTITY
_OPT_OUT = NoticeKind.OPT_OUT
_EU = EUROPEAN_COUNTRIES

# The first row of a kind that covers a message gives its notice.
_ROWS: Final = (
    _Row(
        kind=_IDENTITY,
        rule_id="CARRIER-3P",
        citation="provider policy and 12 CFR 1006.18: the one who is owed is clearly named",
        words="identity_for_other",
        scopes=(Scope(party=Party.THIRD),),
        on_behalf=True,
        receipt=False,
    ),
    _Row(
        kind=_IDENTITY,
        rule_id="UK-CONTACT",
        citation="CONC 7.9, 7.11",
        words="identity",
        receipt=False,
        scopes=(Scope(within=_UK, consumer=True, party=Party.FIRST),),
    ),
    _Row(
        kind=_IDENTITY,
        rule_id="MA-2IN7",
        citation="940 CMR 7.04 (name of the caller and of the creditor)",
        words="identity",
        receipt=False,
        scopes=(Scope(within=frozenset({"US-MA"}), consumer=True, party=Party.FIRST),),
    ),
    _Row(
        kind=_IDENTITY,
        rule_id="CASL",
        citation="S.C. 2010, c. 23, s. 6(2) (identification of the sender)",
        words="identity",
        receipt=False,
        scopes=(Scope(within=frozenset({"CA"}), channels=_ELECTRONIC, party=Party.FIRST),),
    ),
    _Row(
        kind=_IDENTITY,
        rule_id="SCOPE-FIRST-PARTY",
        citation="12 USC 5531, 5536; 15 USC 1692a(6): in its own name, and no other",
        words="identity",
        receipt=False,
        scopes=(Scope(party=Party.FIRST),),
    ),
    _Row(
        kind=_IDENTITY,
        rule_id="HOUSE-IDENTITY",
        citation="house policy (whoever writes says who)",
        words="identity_sender",
    ),
    _Row(
        kind=NoticeKind.COLLECTOR,
        rule_id="MINI-MIRANDA",
        citation="12 CFR 1006.18(e); 15 USC 1692e(11)",
        words="collector_first",
        later="collector_later",
        scopes=(third_party(),),
    ),
    _Row(
        kind=NoticeKind.TIME_BARRED,
        rule_id="TIME-BARRED",
        citation="12 CFR 1006.26(b)",
        words="time_barred",
        scopes=(third_party(),),
        time_barred=True,
    ),
    _Row(
        kind=NoticeKind.ADVICE,
        rule_id="UK-FORBEAR",
        citation="CONC 7.3; PRIN 2A (where free debt advice is found)",
        words="advice_uk",
        scopes=(Scope(within=_UK, consumer=True, channels=_WRITTEN),),
    ),
    _Row(
        kind=NoticeKind.DATA,
        rule_id="GDPR-15-17",
        citation="GDPR and UK GDPR, arts 12, 15-17",
        words="data",
        scopes=(Scope(within=_UK | _EU, consumer=True, channels=_WRITTEN),),
    ),
    _Row(
        kind=_OPT_OUT,
        rule_id="OPTOUT-NOTICE",
        citation="12 CFR 1006.6(e)",
        words="opt_out",
        scopes=(third_party(_ELECTRONIC),),
    ),
    _Row(
        kind=_OPT_OUT,
        rule_id="TCPA-REVOKE",
        citation="47 CFR 64.1200(a)(10); CTIA",
        words="opt_out",
        scopes=(Scope(within=frozenset({"US"}), channels=_TEXTS),),
    ),
    _Row(
        kind=_OPT_OUT,
        rule_id="CASL",
        citation="S.C. 2010, c. 23, ss. 6(2), 11 (unsubscribing)",
        words="opt_out",
        scopes=(Scope(within=frozenset({"CA"}), channels=_ELECTRONIC),),
    ),
    _Row(
        kind=_OPT_OUT,
        rule_id="HOUSE-OPTOUT",
        citation="house policy (every electronic message says how to stop it)",
        words="opt_out",
        scopes=(Scope(channels=_ELECTRONIC),),
    ),
)


def notices_for(request: NoticeRequest) -> tuple[Notice, ...]:
    """The notices that a message must carry, in the order in which they are said.

    Raises:
        InvalidInputError: there are no words in the language.
    """
    if request.language not in WORDS:
        raise InvalidInputError(f"there are no notices in {request.language!r}; use one of: {', '.join(WORDS)}")
    situation = situation_in(request.jurisdictions, request.party, request.consumer, request.channel)
    found: dict[NoticeKind, _Row] = {}
    for row in _ROWS:
        if row.kind not in found and row.covers(request, situation):
            found[row.kind] = row
    return tuple(_notice(found[kind], request) for kind in NoticeKind if kind in found)


def language_of(jurisdictions: frozenset[str], party: Party, consumer: bool, wanted: str) -> str:
    """The language to write in: the customer's, unless the place prescribes one (rule QC-TIME: Quebec, French)."""
    return "fr" if consumer and party is Party.THIRD and "CA-QC" in jurisdictions else wanted


def facts_of(notices: Iterable[Notice]) -> MessageFacts:
    """What the words contain, for the contact rules to judge, by the notices that stand in them."""
    kinds = {notice.kind for notice in notices}
    return MessageFacts(opt_out_notice=_OPT_OUT in kinds, disclosure=NoticeKind.COLLECTOR in kinds)


def _notice(row: _Row, request: NoticeRequest) -> Notice:
    words = WORDS[request.language]
    key = row.later if row.later and (request.receipt or not request.initial) else row.words
    for name in (f"{key}_{request.channel}", f"{key}_short" if request.channel in _TEXTS else key):
        if name in words:
            return Notice(row.kind, row.rule_id, row.citation, words[name], words.get(f"{name}_link", ""))
    return Notice(row.kind, row.rule_id, row.citation, words[key])
