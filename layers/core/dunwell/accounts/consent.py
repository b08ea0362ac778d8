"""What a customer agreed to and refused: records that are only ever added, and what follows from them.

A refusal (withdrawn consent) is of the whole channel and outlives a change of address. Only the customer's own consent
lifts it: a source that says "consents" again repeats itself. A consent is for an address. What somebody else refused
at an address that the customer shares is refused there: another address is free.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dunwell.accounts.contact_points import KIND_OF, Channel, ContactPoint, address_id

FROM_SOURCE = "source"
"""How a consent is known that the customer's source system reports."""

_MERGED = "source:"
_NOWHERE = "unknown"


class ConsentAct(StrEnum):
    """What was done.

    Lapsed: the source that reported a consent or a refusal reports it no longer. Address refused: somebody at an
    address that others have too refused what goes there.
    """

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    ADDRESS_REFUSED = "address_refused"
    LAPSED = "lapsed"


class ConsentPurpose(StrEnum):
    """What contact is for; Dunwell does no marketing, and consents to it neither permit nor forbid collecting."""

    ANY = "any"
    COLLECTION = "collection"
    MARKETING = "marketing"


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One act of consent.

    Attributes:
        how: how it is known, such as ``stop_link``, ``sms_reply``, ``agent``, or ``source`` for the source system.
        at: with a time zone; None when the source does not say.
        address: of a consent, the address that it is for; empty for those that the customer's source lists. Of a
            refused address, its name (``contact_points.address_id``), which does not tell it.
        words: what the customer was shown and said yes or no to, in the language shown; empty where that is not known.
    """

    channel: Channel
    act: ConsentAct
    how: str
    at: datetime | None = None
    address: str = ""
    purpose: ConsentPurpose = ConsentPurpose.ANY
    words: str = ""

    @property
    def is_from_source(self) -> bool:
        """Whether a source system says so, and not the customer to us."""
        return self.how == FROM_SOURCE or self.how.startswith(_MERGED)


Records = tuple[ConsentRecord, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a channel stands: refused by a record, or permitted by some, or neither; and refused at some addresses."""

    refused: ConsentRecord | None = None
    given: Records = ()
    closed: Records = ()

    def after(self, record: ConsentRecord) -> "Standing":
        """The standing after one more record."""
        if record.act is ConsentAct.WITHDRAWN:
            return Standing(record, closed=self.closed)
        if record.act is ConsentAct.ADDRESS_REFUSED:
            return replace(self, closed=(*(one for one in self.closed if one.address != record.address), record))
        if record.act is ConsentAct.LAPSED:
            return replace(self, given=tuple(one for one in self.given if one.how != record.how))
        if record.is_from_source and self.refused:
            return self
        return Standing(None, (*self.given, record), self._opened_by(record))

    def _opened_by(self, consent: ConsentRecord) -> Records:
        """The refused addresses after a consent: the customer's own to one of them opens it again."""
        if not self.closed or consent.is_from_source:
            return self.closed
        opened = address_id(KIND_OF[consent.channel], consent.address)
        return tuple(one for one in self.closed if one.address != opened)

    def refusal_at(self, channel: Channel, address: str) -> ConsentRecord | None:
        """The record by which the channel is refused, or refused at an address; None: it is not."""
        if self.refused or not self.closed:
            return self.refused
        where = address_id(KIND_OF[channel], address)
        return next((one for one in self.closed if one.address == where), None)

    def consent_for(self, point: ContactPoint) -> ConsentRecord | None:
        """The newest consent that covers a contact point."""
        covering = (one for one in reversed(self.given) if one.address == point.address)
        unbound = (one for one in reversed(self.given) if not one.address and not point.source)
        return next(covering, None) or next(unbound, None)


def standing(records: Records, channel: Channel, purpose: ConsentPurpose = ConsentPurpose.COLLECTION) -> Standing:
    """Where a channel stands for a purpose; for any purpose is for collecting too."""
    other = ConsentPurpose.COLLECTION if purpose is ConsentPurpose.MARKETING else ConsentPurpose.MARKETING
    found = Standing()
    for record in records:
        if record.channel is channel and record.purpose is not other:
            found = found.after(record)
    return found


def refused_channels(records: Records) -> frozenset[Channel]:
    """The channels that the customer refuses, wherever they lead."""
    if not records:
        return frozenset()
    return frozenset([channel for channel in {one.channel for one in records} if standing(records, channel).refused])


def added_consent(records: Records, new: ConsentRecord) -> Records:
    """The records with one more, put where its time belongs; of two at one instant the refusal counts as the later."""
    if new in records:
        return records
    place = next((index for index, known in enumerate(records) if _is_later(known, new)), len(records))
    return (*records[:place], new, *records[place:])


def _is_later(known: ConsentRecord, new: ConsentRecord) -> bool:
    if known.at is None or new.at is None:
        return False
    refuses = known.act in (ConsentAct.WITHDRAWN, ConsentAct.ADDRESS_REFUSED)
    refuses_at_once = refuses and new.act is ConsentAct.GIVEN and known.at == new.at
    return known.at > new.at or refuses_at_once


def source_consents(channels: Iterable[Channel], at: datetime | None = None) -> Records:
    """The consents of a description: what a source's own yes to some channels becomes."""
    return tuple(ConsentRecord(channel, ConsentAct.GIVEN, FROM_SOURCE, at) for channel in sorted(set(channels)))


def redescribed_consents(known: Records, new: Records) -> Records:
    """The records after the source described the customer anew: what it says differently is added.

    A refusal counts whenever the source reports it, so that the order in which its descriptions come does not matter.
    """
    records = known
    for channel in Channel:
        for purpose in ConsentPurpose:
            said = [one for one in new if _is_consent_of_source(one, channel, purpose)]
            before, now = _stated(known, channel, purpose), {one.address for one in said}
            if before != now:
                lapsed = ConsentRecord(channel, ConsentAct.LAPSED, FROM_SOURCE, purpose=purpose)
                records = (*records, *([lapsed] if before else []), *said)
    for record in new:
        if record.how != FROM_SOURCE:
            records = added_consent(records, record)
    return reported_refusals(records, new)


def reported_refusals(known: Records, description: Records) -> Records:
    """The records with a description's refusals, where the channel is not refused already."""
    records = known
    for record in description:
        refuses = record.how == FROM_SOURCE and record.act is ConsentAct.WITHDRAWN
        if refuses and not standing(records, record.channel, record.purpose).refused:
            records = (*records, record)
    return records


def _is_consent_of_source(record: ConsentRecord, channel: Channel, purpose: ConsentPurpose) -> bool:
    of_source = record.how == FROM_SOURCE and record.act is ConsentAct.GIVEN
    return of_source and record.channel is channel and record.purpose is purpose


def _stated(records: Records, channel: Channel, purpose: ConsentPurpose) -> set[str]:
    """The addresses for which the source itself last reported consent to a channel."""
    stated: set[str] = set()
    for record in records:
        if _is_consent_of_source(record, channel, purpose):
            stated.add(record.address)
        elif (record.act, record.how, record.channel, record.purpose) == (
            ConsentAct.LAPSED,
            FROM_SOURCE,
            channel,
            purpose,
        ):
            stated.clear()
    return stated


def bound_consents(records: Records, addresses: dict[Channel, str], source: str) -> Records:
    """Records of a customer that becomes part of another: consents for their own addresses, from their own source."""
    return tuple(
        replace(
            record,
            how=f"{_MERGED}{source}" if record.how == FROM_SOURCE else record.how,
            address=record.address
            or ("" if record.act is not ConsentAct.GIVEN else addresses.get(record.channel) or _NOWHERE),
        )
        for record in records
    )


def merged_consents(kept: Records, absorbed: Records, at: datetime) -> Records:
    """All records of both; refused is exactly what one of the two refused, whatever the other agreed to."""
    records = (*kept, *absorbed)
    lost = (refused_channels(kept) | refused_channels(absorbed)) - refused_channels(records)
    opened = (_closed(kept) | _closed(absorbed)) - _closed(records)
    withdrawn = [ConsentRecord(one, ConsentAct.WITHDRAWN, "merge", at) for one in sorted(lost)]
    closed = [ConsentRecord(one, ConsentAct.ADDRESS_REFUSED, "merge", at, where) for one, where in sorted(opened)]
    return (*records, *withdrawn, *closed)


def _closed(records: Records) -> set[tuple[Channel, str]]:
    """The addresses at which something is refused, each with the channel."""
    channels = {one.channel for one in records if one.act is ConsentAct.ADDRESS_REFUSED}
    return {(channel, one.address) for channel in channels for one in standing(records, channel).closed}
