"""The customer: the one who owes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dunwell.accounts.consent import ConsentAct, ConsentRecord, added_consent, refused_channels, standing
from dunwell.accounts.contact_points import (
    KIND_OF,
    Channel,
    ContactPoint,
    PartOfDay,
    PointKind,
    PointState,
    PointStatus,
    bounced_points,
    replaced_points,
    verified_points,
)
from dunwell.accounts.holds import Hold, lifted, placed
from dunwell.accounts.refused_times import RefusedTime
from dunwell.ids import stable_id

__all__ = ["Channel", "Customer", "CustomerKind", "Hold", "Relation", "RelationKind", "customer_id_of"]


class CustomerKind(StrEnum):
    """Consumer law protects persons; a business is anything else that owes.

    Suspense is an internal account for money whose owner is not known: nobody is behind it.
    """

    PERSON = "person"
    BUSINESS = "business"
    SUSPENSE = "suspense"


class RelationKind(StrEnum):
    """What one customer's record became to another's."""

    MERGED_INTO = "merged_into"
    ABSORBED = "absorbed"
    SPLIT_INTO = "split_into"
    SPLIT_FROM = "split_from"


@dataclass(frozen=True, slots=True)
class Relation:
    """One merge or split, kept with both customers: with whom, when, and who did it."""

    kind: RelationKind
    customer_id: str
    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Customer:
    """A person or business that owes: as the source system describes them, and what contact taught us.

    Attributes:
        customer_id: made from the creditor, the source and the source's own number (``customer_id_of``).
        number: the source's own number for the customer, printed on its invoices.
        contact_points: where they can be reached, first what is used first.
        consents: what they agreed to and refused; only ever added to.
        preferred_channel: used first where policy leaves the choice; None when they did not say.
        preferred_hours: the part of their day in which they want to hear from us; None when they did not say.
        refused_times: times of the week in which they do not want to be contacted, on whatever channel.
        language: ISO 639-1; what messages are written in when a translation exists.
        country, region: ISO 3166 alpha-2 and subdivision code; empty when unknown.
        timezone: IANA name when known, else empty and derived from the address and numbers (``outreach.whereabouts``).
        timezone_evidence: how it is known; empty when the source says so. With evidence it outlives the source's word.
        holds: every hold there ever was.
        legal_entity: the creditor's company that the customer owes to, as the source names it.
        group: of customers, such as key accounts, as the source names it; policy may have other terms for it.
        credit_limit_minor: minor units of ``credit_currency``; None when there is no limit.
        external_ids: source and number under which others know the same customer.
        parent_id: the customer that this one belongs to; empty when it stands alone.
        removed: the source deleted or archived it.
        source_version: orders the source's descriptions; empty when it has none.
        relations: merges and splits, oldest first.
        chosen: names of the fields that the customer set by themselves (``accounts.choices``): sources leave them be.
    """

    customer_id: str
    creditor_id: str
    source: str
    number: str
    kind: CustomerKind
    name: str
    contact_points: tuple[ContactPoint, ...] = ()
    consents: tuple[ConsentRecord, ...] = ()
    preferred_channel: Channel | None = None
    preferred_hours: PartOfDay | None = None
    refused_times: tuple[RefusedTime, ...] = ()
    language: str = "en"
    country: str = ""
    region: str = ""
    postcode: str = ""
    timezone: str = ""
    timezone_evidence: str = ""
    holds: tuple[Hold, ...] = ()
    legal_entity: str = ""
    group: str = ""
    credit_limit_minor: int | None = None
    credit_currency: str = ""
    external_ids: tuple[tuple[str, str], ...] = ()
    parent_id: str = ""
    removed: bool = False
    source_version: str = ""
    relations: tuple[Relation, ...] = ()
    chosen: tuple[str, ...] = ()

    # --- who it is ---

    @property
    def is_internal(self) -> bool:
        """Whether nobody is behind it: never contacted, scored, reported or shown to anybody outside."""
        return self.kind is CustomerKind.SUSPENSE

    @property
    def merged_into(self) -> str:
        """The customer that this one became part of; empty when it did not."""
        return next((one.customer_id for one in self.relations if one.kind is RelationKind.MERGED_INTO), "")

    # --- where it is reached ---

    def points(self, kind: PointKind) -> list[ContactPoint]:
        """The contact points of a kind that the customer has now, those that bounced included."""
        return [point for point in self.contact_points if point.kind is kind and point.is_theirs]

    @property
    def email(self) -> str:
        """The first e-mail address, whether it works or not; empty when there is none."""
        return next((point.address for point in self.points(PointKind.EMAIL)), "")

    @property
    def phone(self) -> str:
        """The first telephone number (E.164), whether it works or not; empty when there is none."""
        return next((point.address for point in self.points(PointKind.PHONE)), "")

    @property
    def suppressed(self) -> frozenset[str]:
        """Addresses, former ones too, that bounced or whose owner complained."""
        return frozenset(point.address for point in self.contact_points if point.bounced_at)

    def point(self, channel: Channel) -> ContactPoint | None:
        """Where a channel leads, or None: there is nothing, or it bounced or complained."""
        return next((point for point in self.points(KIND_OF[channel]) if point.is_usable), None)

    def address(self, channel: Channel) -> str:
        """The address to which a channel leads, or empty: there is none, or it bounced or complained."""
        point = self.point(channel)
        return point.address if point else ""

    def reachable(self, channels: Iterable[Channel]) -> list[Channel]:
        """The channels on which there is a usable address: the preferred one first, the others in the order given."""
        found = [channel for channel in channels if self.point(channel)]
        return sorted(found, key=lambda channel: channel is not self.preferred_channel)

    def status(self, point: ContactPoint) -> PointStatus:
        """What is known about one of the contact points; opted out when no channel to it is left.

        To the portal customers come by themselves: what stands there nobody has to refuse.
        """
        channels = [channel for channel, kind in KIND_OF.items() if kind is point.kind is not PointKind.PORTAL]
        refusals = [standing(self.consents, channel).refusal_at(channel, point.address) for channel in channels]
        if refusals and refusals[-1] and all(refusals):
            return PointStatus(PointState.OPTED_OUT, refusals[-1].at, refusals[-1].how)
        if point.bounced_at:
            return PointStatus(PointState.BOUNCED, point.bounced_at, point.bounce_reason)
        if point.verified_at:
            return PointStatus(PointState.VERIFIED, point.verified_at)
        return PointStatus(PointState.UNVERIFIED)

    def with_bounce(self, address: str, at: datetime, reason: str, kind: PointKind = PointKind.EMAIL) -> "Customer":
        """After an address turned out not to work or its owner complained; again changes nothing."""
        return replace(self, contact_points=bounced_points(self.contact_points, kind, address, at, reason))

    def with_proof(self, address: str, at: datetime, kind: PointKind = PointKind.EMAIL) -> "Customer":
        """After the customer proved that an address is theirs; again changes nothing."""
        return replace(self, contact_points=verified_points(self.contact_points, kind, address, at))

    def with_address(self, address: str, at: datetime, kind: PointKind = PointKind.EMAIL) -> "Customer":
        """After the customer proved an address that is to be used in place of those of its kind."""
        return replace(self, contact_points=replaced_points(self.contact_points, kind, address, at))

    # --- what it agreed to ---

    @property
    def opted_out(self) -> frozenset[Channel]:
        """The channels that the customer refused, or that were refused at the address to which they lead now."""
        shared = {one.channel for one in self.consents if one.act is ConsentAct.ADDRESS_REFUSED}
        there = [channel for channel in shared if self.refuses(channel, self.address(channel))]
        return refused_channels(self.consents).union(there)

    def refuses(self, channel: Channel, address: str) -> bool:
        """Whether a channel is refused, or at least at an address, by somebody who has it too."""
        return standing(self.consents, channel).refusal_at(channel, address) is not None

    def consent(self, channel: Channel) -> ConsentRecord | None:
        """The consent to be contacted on a channel at the address to which it leads now, or None."""
        point = self.point(channel) if self.consents else None
        return standing(self.consents, channel).consent_for(point) if point else None

    def with_consent(self, channel: Channel, at: datetime, how: str, words: str = "") -> "Customer":
        """After the customer agreed to a channel at the address to which it leads now; lifts an earlier refusal."""
        record = ConsentRecord(channel, ConsentAct.GIVEN, how, at, self.address(channel), words=words)
        return replace(self, consents=added_consent(self.consents, record))

    def with_refusal(self, channel: Channel, at: datetime, how: str, words: str = "") -> "Customer":
        """After the customer refused a channel."""
        record = ConsentRecord(channel, ConsentAct.WITHDRAWN, how, at, self.address(channel), words=words)
        return replace(self, consents=added_consent(self.consents, record))

    def with_refusal_there(self, channel: Channel, where: str, at: datetime, how: str) -> "Customer":
        """After somebody at an address refused what goes there; what changes nothing is not recorded.

        Args:
            where: the address's name (``contact_points.address_id``); it need not be the customer's now.
        """
        records = added_consent(self.consents, ConsentRecord(channel, ConsentAct.ADDRESS_REFUSED, how, at, where))
        before, after = (standing(one, channel).closed for one in (self.consents, records))
        is_news = {one.address for one in after} != {one.address for one in before}
        return replace(self, consents=records) if is_news else self

    # --- what must not be done to it ---

    def holds_in_force(self, at: datetime) -> list[Hold]:
        """The holds that stop something at an instant."""
        return [hold for hold in self.holds if hold.in_force(at)]

    def with_hold(self, hold: Hold) -> "Customer":
        """After a hold was placed; again changes nothing. Raises InvalidInputError: see ``holds.placed``."""
        return replace(self, holds=placed(self.holds, hold))

    def without_hold(self, hold_id: str, at: datetime, who: str) -> "Customer":
        """After a hold was lifted, which stays in the history. Raises NotFoundError: see ``holds.lifted``."""
        return replace(self, holds=lifted(self.holds, hold_id, at, who))


def customer_id_of(creditor_id: str, source: str, number: str) -> str:
    """The customer's id, the same at every import."""
    return stable_id("cus", creditor_id, source, number)
