"""What a customer answers to a text message: stop, in a word or a few; start again; or words that a person reads.

Until somebody has read them, no text message goes to the customer: they may be a wish to be left alone (rule KEYWORDS).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dunwell.accounts.contact_points import KIND_OF, Channel, address_id
from dunwell.accounts.holds import Hold
from dunwell.accounts.shared import AddressBook, Said, Word
from dunwell.hold_kinds import HoldKind
from dunwell.ledger.change import Change
from dunwell.ledger.holding import hold
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update
from dunwell.outreach.requests import LONGEST, clean_text, request_task
from dunwell.outreach.tasks import TaskStore

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_PUNCTUATION = " \t\r\n.,;:!?'\"*()[]-"
_ENGLISH = ("STOP", "STOPALL", "STOP ALL", "END", "CANCEL", "UNSUBSCRIBE", "QUIT", "REVOKE", "REMOVE")
STOP_WORDS = frozenset({*_ENGLISH, "OPTOUT", "OPT-OUT", "OPT OUT", "ARRET", "ARRÊT", "TD", "ALTO", "PARAR"})
START_WORDS = frozenset({"START", "UNSTOP"})
_STOPPING = STOP_WORDS - {"END", "CANCEL", "QUIT", "REMOVE", "TD"} | {
    *("STOPP", "ABMELDEN", "ABBESTELLEN", "AUFHÖREN", "ARRETEZ", "ARRÊTEZ", "DESINSCRIRE", "DÉSINSCRIRE"),
    *("DÉSABONNER", "BAJA", "PAREN"),
}
"""Words that mean it among others too; ``end`` or ``cancel`` may be about something else."""
_DENYING = frozenset(
    {"NO", "NOT", "NEVER", "DON'T", "DONT", "NICHT", "KEIN", "KEINE", "NIE", "PAS", "NE", "JAMAIS", "NUNCA"}
)
_FEW_WORDS = 6
"""A wish to stop in so many words is obeyed; what is longer, or denies, is read by a person (rule KEYWORDS)."""

REPLY = "reply"
"""The reason of the task of reading an answer."""
BY_CUSTOMER = "customer"


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
        reply_id: the service's name of the answer itself; empty when it tells none.
    """

    number: str
    text: str
    message_id: str
    channel: Channel
    at: datetime
    reply_id: str = ""


def keyword(text: str) -> Keyword | None:
    """What a message asks for, in capitals or not, with or without punctuation; None: a person reads it."""
    word = " ".join(text.strip(_PUNCTUATION).upper().split())
    if word in STOP_WORDS:
        return Keyword.STOP
    if word in START_WORDS:
        return Keyword.START
    words = _WORD.findall(word.replace("\u2019", "'"))
    means_it = len(words) <= _FEW_WORDS and not _DENYING.intersection(words)
    return Keyword.STOP if means_it and _STOPPING.intersection(words) else None


def record_choice(
    addresses: AddressBook, ledger: Ledger, number: str, channel: Channel, asked: Keyword, at: datetime
) -> list[str]:
    """Keep that a channel was refused at a number, or agreed to anew; again changes nothing.

    It is obeyed for all who were written to there, and for those who will be: nobody can tell whose wish it was.

    Returns:
        Those who were written to there.
    """
    where = address_id(KIND_OF[channel], number)
    said = Said.REFUSED if asked is Keyword.STOP else Said.AGREED
    customers = addresses.note_word(where, Word(channel, said, f"{asked}_reply", at))
    for customer_id in customers:
        update(ledger, customer_id, lambda account: _chosen(account, channel, asked, at, where))
    return customers


def _chosen(account: Account, channel: Channel, asked: Keyword, at: datetime, where: str) -> Change:
    """A refusal counts wherever the customer is now; who is elsewhere now has agreed to nothing there."""
    customer = account.customer
    how = f"{asked}_reply"
    if asked is Keyword.STOP:
        chosen = customer.with_refusal(channel, at, how)
    elif address_id(KIND_OF[channel], customer.address(channel)) == where:
        chosen = customer.with_consent(channel, at, how)
    else:
        chosen = customer
    return Change(account, customer=chosen) if chosen != customer else Change(account)


def have_read(ledger: Ledger, tasks: TaskStore, customer_id: str, reply: Reply) -> None:
    """Have a person read an answer; until they have, no text message goes to the customer. Again changes nothing.

    The hold first, which the task's end lifts (``TaskDesk``): nobody can finish what is not open yet, so that the hold
    never comes after its end, and one that was lifted is not placed anew. A crash in between is repaired by the
    answer's next delivery. Each answer has a hold of its own: of several, all have to be read.

    Raises:
        NotFoundError: there is no such customer.
    """
    words = clean_text(reply.text[:LONGEST], required=False)
    if not words:
        return
    task = request_task(customer_id, REPLY, reply.reply_id or reply.at.isoformat(), words, reply.at)
    unread = Hold(HoldKind.REPLY_UNREAD, None, reply.at, placed_by=BY_CUSTOMER, task_id=task.task_id)
    update(ledger, customer_id, lambda account: hold(account, unread, reply.at))
    tasks.open_task(task)
