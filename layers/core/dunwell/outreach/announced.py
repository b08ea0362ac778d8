"""The kinds of announcements: messages about agreements and payments that urge nobody, and by which rules they go.

A reminder asks for money by a stage of the policy. An announcement tells what was agreed, what happens next or what
happened: the customer wants it, or law demands it. So the policy's stages, gaps and patience do not stop it; the
contact rules do, each kind under the purpose that fits it:

- ``STATUTORY_NOTICE`` for what must reach a consumer: the copy of what was authorised (REGE-AUTH: 12 CFR 1005.10(b))
  and a changed amount or day (REGE-VARY: ten days before, 12 CFR 1005.10(d); NACHA: seven for a day). Caps on
  collecting (NYC-3IN7, HOUSE-EMAIL-DAILY) and the UK's breathing space let it pass, and where e-mail cannot be used it
  goes by letter, which nobody can refuse for such notices (OPTOUT-LETTER), or else waits on the portal (rule DELIVERY:
  a manner that is expected to give notice, and that can be kept: so never by text message).
- ``RECEIPT`` for what confirms money or an end and asks for nothing: it may go when a debt is paid or settled
  (HOUSE-DISPUTE), and is no second message of a day (HOUSE-EMAIL-DAILY).
- ``COLLECTION`` for what speaks of money that is still to come: every rule on collecting holds.

Holds stop all of them as the hold table says. Bankruptcy (HOLD-BK), a death, identity theft: nothing goes. A cease
request (HOLD-CEASE) leaves room for one final notice only, and an attorney (HOLD-ATTY) is for a person to write to: so
what law demands cannot be said then, is a refused contact with its reason and an agent's task (``blocked``); a debit
that needs the notice must not be made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dunwell.accounts.contact_points import Channel
from dunwell.compliance.model import Purpose


class Announced(StrEnum):
    """What is announced. It takes the place of a stage, and of its template."""

    AGREEMENT_COPY = "agreement_copy"
    AGREEMENT_PROPOSED = "agreement_proposed"
    AGREEMENT_CHANGED = "agreement_changed"
    AGREEMENT_BROKEN = "agreement_broken"
    AGREEMENT_COMPLETED = "agreement_completed"
    AGREEMENT_ENDED = "agreement_ended"
    INSTALMENT_DUE = "instalment_due"
    INSTALMENT_MISSED = "instalment_missed"
    PAYMENT_FAILED = "payment_failed"
    RECEIPT = "receipt"
    REFUND = "refund"
    PAYMENT_METHOD_SAVED = "payment_method_saved"
    PAYMENT_METHOD_ENDED = "payment_method_ended"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a kind goes out.

    Attributes:
        purpose: what the contact rules are asked about.
        channels: in order; the customer's preferred one goes first.
        is_required: law demands it: it is tried on the next channel when one refuses it or brings it back.
        asks: it speaks of money still to come; else it confirms and asks for nothing.
    """

    purpose: Purpose
    channels: tuple[Channel, ...]
    is_required: bool = False
    asks: bool = True


_SHORT = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.PORTAL)
_LASTING = (Channel.EMAIL, Channel.LETTER, Channel.PORTAL)
_CONFIRMING = (Channel.EMAIL, Channel.PORTAL)

_NOTICE = Manner(Purpose.STATUTORY_NOTICE, _LASTING, is_required=True)
_COMING = Manner(Purpose.COLLECTION, _SHORT)
_CONFIRMED = Manner(Purpose.RECEIPT, _CONFIRMING, asks=False)

MANNERS: Final[Mapping[str, Manner]] = {
    Announced.AGREEMENT_COPY: _NOTICE,
    Announced.AGREEMENT_PROPOSED: _COMING,
    Announced.AGREEMENT_CHANGED: _NOTICE,
    Announced.AGREEMENT_BROKEN: Manner(Purpose.COLLECTION, (Channel.EMAIL, Channel.LETTER, Channel.PORTAL)),
    Announced.AGREEMENT_COMPLETED: _CONFIRMED,
    Announced.AGREEMENT_ENDED: _CONFIRMED,
    Announced.INSTALMENT_DUE: _COMING,
    Announced.INSTALMENT_MISSED: _COMING,
    Announced.PAYMENT_FAILED: _COMING,
    Announced.RECEIPT: _CONFIRMED,
    Announced.REFUND: _CONFIRMED,
    Announced.PAYMENT_METHOD_SAVED: Manner(Purpose.STATUTORY_NOTICE, _LASTING, is_required=True, asks=False),
    Announced.PAYMENT_METHOD_ENDED: _CONFIRMED,
}


def manner_of(stage: str) -> Manner | None:
    """How a contact's stage is announced; None for a stage of the policy and for thanks."""
    return MANNERS.get(stage)


def purpose_of(stage: str) -> Purpose:
    """What the contact rules are asked about a contact of a stage."""
    manner = manner_of(stage)
    return manner.purpose if manner else Purpose.COLLECTION
