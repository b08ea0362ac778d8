"""What a customer answers to a text message, as far as single words go: stop, and start again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dunwell.accounts.model import Channel
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update

_PUNCTUATION = " \t\r\n.,;:!?'\"*()[]-"
_ENGLISH = ("STOP", "STOPALL", "STOP ALL", "END", "CANCEL", "UNSUBSCRIBE", "QUIT", "REVOKE", "REMOVE")
STOP_WORDS = frozenset({*_ENGLISH, "OPTOUT", "OPT-OUT", "OPT OUT", "ARRET", "ARRÊT", "TD", "ALTO", "PARAR"})
START_WORDS = frozenset({"START", "UNSTOP"})


class Keyword(StrEnum):
    """What a single word asks for."""

    STOP = "stop"
    START = "start"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer from a number.

    Attributes:
        message_id: the message that it answers; empty when the service does not tell.
        at: when it was sent.
    """

    number: str
    text: str
    message_id: str
    channel: Channel
    at: datetime


def keyword(text: str) -> Keyword | None:
    """What a message asks for by itself, in capitals or not, with or without punctuation; None: read the sentence."""
    word = " ".join(text.strip(_PUNCTUATION).upper().split())
    if word in STOP_WORDS:
        return Keyword.STOP
    return Keyword.START if word in START_WORDS else None


def record_choice(ledger: Ledger, customer_id: str, channel: Channel, asked: Keyword, at: datetime) -> None:
    """Keep that a customer refused a channel, or agreed to it anew; again changes nothing.

    Raises:
        NotFoundError: there is no such customer.
    """
    update(ledger, customer_id, lambda account: _chosen(account, channel, asked, at))


def _chosen(account: Account, channel: Channel, asked: Keyword, at: datetime) -> Change:
    customer = account.customer
    how = f"{asked}_reply"
    if asked is Keyword.STOP:
        chosen = customer.with_refusal(channel, at, how)
    else:
        chosen = customer.with_consent(channel, at, how)
    return Change(account, customer=chosen) if chosen != customer else Change(account)
