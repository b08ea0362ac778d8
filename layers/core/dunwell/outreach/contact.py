"""A contact: one message or call to a customer, from plan to delivery."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from dunwell.accounts.model import Channel
from dunwell.events import Scalar
from dunwell.ids import stable_id
from dunwell.outreach.policy import Attachment, Tone


class ContactStatus(StrEnum):
    """Where a contact is. Each transition is a conditional write, so that two dispatchers never both send.

    planned → sending → sent → delivered | bounced | complained
    planned → refused (not lawful now) | cancelled (nothing left to say)
    sending → unconfirmed (the sender died between sending and recording: never sent twice)
    sending → handed_over (a call, waiting for an agent) → delivered (spoken) | missed | bounced | cancelled
    """

    PLANNED = "planned"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    SENDING = "sending"
    SENT = "sent"
    UNCONFIRMED = "unconfirmed"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    HANDED_OVER = "handed_over"
    MISSED = "missed"


class CallOutcome(StrEnum):
    """What came of a call. The contact rules count what was tried, and reckon from the last conversation."""

    REACHED = "reached"
    PROMISED = "promised"
    REFUSED = "refused"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    NOT_NEEDED = "not_needed"
    THEY_CALLED = "they_called"
    """The customer called: a conversation that the rules count, and no call of ours."""


REACHED_CUSTOMER = frozenset(
    {ContactStatus.SENT, ContactStatus.UNCONFIRMED, ContactStatus.DELIVERED, ContactStatus.COMPLAINED}
)
"""Counted by gaps and caps: who complains about a message has read it, and one in doubt may have arrived."""
SURELY_SENT = REACHED_CUSTOMER - {ContactStatus.UNCONFIRMED}
"""Counted as a warning: a channel's service took it, or a report says that it arrived."""
UNDER_WAY = frozenset({ContactStatus.PLANNED, ContactStatus.SENDING, ContactStatus.HANDED_OVER})
LOST_AFTER = timedelta(days=2)
"""What is under way for longer has lost its event or its sender: it no longer blocks the customer, nor is it sent."""
CALL_WAITS = timedelta(days=14)
"""So long a call waits on the worklist before the customer is written to again."""


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """Why a contact was or was not made: kept with every contact, at planning and again at dispatch.

    Attributes:
        reason_code: ``OK`` or the first rule that failed.
        next_allowed: the first minute at which time alone no longer forbids it, or None.
        rules: ids of the rules behind the reason; policy and tzdata versions: what they were read from.
        decision_id: where the decision is kept with all it was made from (``outreach.decisions``); empty: nowhere.
    """

    allowed: bool
    reason_code: str
    decided_at: datetime
    next_allowed: datetime | None
    rules: tuple[str, ...]
    policy_version: str
    tzdata_version: str
    decision_id: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """One message: which stage, about which invoices, on which channel.

    Attributes:
        contact_id: made from customer, currency, stage and date, so that planning twice plans once.
        risk_permille: the customer's risk at planning in thousandths, and the model that said so.
        template, tone, attachments: how the stage is said, so that what is sent is what was planned.
        send_after: the minute that planning chose; None: it may leave now.
        about: of an announcement, what it is about: ids, codes and amounts, as its event has them.
        decisions: at planning, then at dispatch.
        message_id: the sending service's name for the message, once it took it.
        call_outcome: of a call, what came of it; None before, and for other channels.
        address_id: the name of the address where the customer was noted before it left (``accounts.shared``); empty:
            nowhere, or an earlier message's note stands.
        opened_at, clicked_at, replied_at: when the customer first did, as far as anybody can tell; None: not known.
    """

    contact_id: str
    customer_id: str
    currency: str
    channel: Channel
    stage: str
    invoice_ids: tuple[str, ...]
    planned_on: date
    status: ContactStatus
    policy_version: str
    risk_permille: int | None
    model_version: str
    template: str
    tone: Tone = Tone.NEUTRAL
    attachments: tuple[Attachment, ...] = ()
    decisions: tuple[DecisionRecord, ...] = ()
    sent_at: datetime | None = None
    message_id: str = ""
    call_outcome: CallOutcome | None = None
    opened_at: datetime | None = None
    clicked_at: datetime | None = None
    replied_at: datetime | None = None
    send_after: datetime | None = None
    about: Mapping[str, Scalar] = field(default_factory=dict)
    address_id: str = ""

    def is_lost(self, on: date) -> bool:
        """Whether it should long have left, as of a business date; a call waits for an agent."""
        most = CALL_WAITS if self.status is ContactStatus.HANDED_OVER else LOST_AFTER
        return self.status in UNDER_WAY and on - self.planned_on >= most

    @property
    def may_have_reached(self) -> bool:
        """Whether the customer has had it, or may have: a sender that died may have died after sending."""
        return self.status in REACHED_CUSTOMER or self.status is ContactStatus.SENDING

    @property
    def was_against_rules(self) -> bool:
        """Whether it is a call that was made although the rules, asked as of then, did not allow it."""
        return bool(self.call_outcome and self.sent_at and self.decisions) and not self.decisions[-1].allowed


def contact_id(customer_id: str, currency: str, stage: str, on: date) -> str:
    """The id of the one contact of a stage, currency and day."""
    return stable_id("con", customer_id, currency, stage, on.isoformat())
