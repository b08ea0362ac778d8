"""Where a customer can be reached, and what is known about each place: proved, bounced, or no longer theirs."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dunwell.ids import stable_id


class Channel(StrEnum):
    """Ways of reaching a customer."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    LETTER = "letter"
    CALL = "call"
    PORTAL = "portal"


class PartOfDay(StrEnum):
    """When a message arrives, on the clock it is read by."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class PointKind(StrEnum):
    """Kinds of contact points; a telephone serves three channels, and to the portal customers come by themselves."""

    EMAIL = "email"
    PHONE = "phone"
    POSTAL = "postal"
    PORTAL = "portal"


KIND_OF = {
    Channel.EMAIL: PointKind.EMAIL,
    Channel.SMS: PointKind.PHONE,
    Channel.WHATSAPP: PointKind.PHONE,
    Channel.CALL: PointKind.PHONE,
    Channel.LETTER: PointKind.POSTAL,
    Channel.PORTAL: PointKind.PORTAL,
}
"""The kind of contact point that a channel leads to."""


def address_id(kind: PointKind, address: str) -> str:
    """The name of an address, the same however its letters are capitalised; it does not tell the address."""
    return stable_id(kind.value, address.strip().casefold())


class PointState(StrEnum):
    """What is known about a contact point; whether it is opted out, the consent records say."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    BOUNCED = "bounced"
    OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True)
class PointStatus:
    """The state of a contact point, since when (None when that is not known) and why."""

    state: PointState
    since: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """One place where a customer can be reached.

    Attributes:
        address: an e-mail address, a telephone number (E.164), a postal address of several lines, or the name under
            which the customer signs in to the portal.
        source: who told of it; empty for the source that describes the customer.
        retired: that source no longer lists it. It is kept for what is known about it and never used.
        verified_at: when the customer proved that it is theirs.
        bounced_at: when it turned out to take nothing any more, or its owner complained; it is not used after that.
        bounce_reason: a code such as ``bounced`` or ``complained``.
    """

    kind: PointKind
    address: str
    source: str = ""
    retired: bool = False
    verified_at: datetime | None = None
    bounced_at: datetime | None = None
    bounce_reason: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether it works, as far as is known; whether the customer permits it is another matter."""
        return not self.retired and self.bounced_at is None

    @property
    def is_theirs(self) -> bool:
        """Whether it is still the customer's, as far as is known; it may not work."""
        return not self.retired and self.bounce_reason != REPLACED

    @property
    def is_learnt(self) -> bool:
        """Whether there is anything about it that its source did not tell."""
        return bool(self.source or self.bounced_at or self.verified_at)

    def is_same(self, other: "ContactPoint") -> bool:
        """Whether both are the same place, however its letters are capitalised."""
        return self.kind is other.kind and self.address.casefold() == other.address.casefold()

    def joined(self, other: "ContactPoint") -> "ContactPoint":
        """This with all that is known about the other, which is the same place; the earliest bounce and proof stand."""
        bounces = [(one.bounced_at, one.bounce_reason) for one in (self, other) if one.bounced_at is not None]
        bounced_at, bounce_reason = min(bounces, default=(None, ""))
        proofs = [one.verified_at for one in (self, other) if one.verified_at is not None]
        return replace(
            self,
            retired=self.retired and other.retired,
            verified_at=min(proofs, default=None),
            bounced_at=bounced_at,
            bounce_reason=bounce_reason,
        )


REPLACED = "replaced"
"""Why a point is not used any more: its owner gave another in its place. Its source may go on listing it."""
FROM_CUSTOMER = "customer"
"""The source of a point that the customer told us of."""

Points = tuple[ContactPoint, ...]


def contact_points(*, email: str = "", phone: str = "", postal: str = "", portal: str = "") -> Points:
    """The contact points of a source's plain fields, those that are not empty."""
    given = {PointKind.EMAIL: email, PointKind.PHONE: phone, PointKind.POSTAL: postal, PointKind.PORTAL: portal}
    return tuple(ContactPoint(kind, address) for kind, address in given.items() if address)


def postal_address(*, street: str = "", postcode: str = "", city: str = "", region: str = "", country: str = "") -> str:
    """A postal address in lines; empty when there is no street, because nothing arrives without one."""
    if not street:
        return ""
    lines = (street, " ".join(part for part in (postcode, city) if part), region, country)
    return "\n".join(line for line in lines if line)


def joined_points(first: Points, second: Iterable[ContactPoint]) -> Points:
    """The points of both, each place once: those of the first in front."""
    found = list(first)
    for point in second:
        known = next((index for index, one in enumerate(found) if one.is_same(point)), None)
        if known is None:
            found.append(point)
        else:
            found[known] = found[known].joined(point)
    return tuple(found)


def redescribed_points(known: Points, new: Points) -> Points:
    """The points after their source listed them anew.

    What it lists comes first, with what contact taught us about it. What others told stays. What the source lists no
    longer is retired if anything was learnt about it, so that an address that comes back is still known not to work.
    The order of what is not listed follows from itself, so that the order of descriptions makes no difference.
    """
    kept = [point for point in known if point.is_learnt or any(point.is_same(one) for one in new)]
    others = [point if point.source else replace(point, retired=True) for point in kept]
    others.sort(key=lambda point: (point.kind, point.address.casefold()))
    learnt = {(point.kind, point.address.casefold()): point.source for point in kept}
    listed = tuple(replace(one, source=learnt.get((one.kind, one.address.casefold()), one.source)) for one in new)
    return joined_points(listed, others)


def bounced_points(points: Points, kind: PointKind, address: str, at: datetime, reason: str) -> Points:
    """The points after one turned out not to work; one that is not known any more is kept as retired.

    What the customer gave us afterwards, and proved, works: then the report is about what was.
    """
    bounced = ContactPoint(kind, address, retired=True, bounced_at=at, bounce_reason=reason)
    given = (one for one in points if one.source == FROM_CUSTOMER and one.is_same(bounced))
    if any(one.verified_at and one.verified_at > at for one in given):
        return points
    return joined_points(points, [bounced])


def verified_points(points: Points, kind: PointKind, address: str, at: datetime) -> Points:
    """The points after the customer proved that one is theirs; unchanged when it is not known or was proved before."""
    proved = ContactPoint(kind, address, retired=True, verified_at=at)
    return tuple(point.joined(proved) if point.is_same(proved) else point for point in points)


def former_address(points: Points, kind: PointKind, at: datetime) -> str:
    """The address that another one was given in place of at an instant; empty when none that worked was."""
    replaced = (one for one in points if (one.kind, one.bounce_reason, one.bounced_at) == (kind, REPLACED, at))
    return next((one.address for one in replaced), "")


def replaced_points(points: Points, kind: PointKind, address: str, at: datetime) -> Points:
    """The points after the customer proved an address and gave it in place of those of its kind; it comes first."""
    new = ContactPoint(kind, address, FROM_CUSTOMER, verified_at=at)
    old = (replace(one, bounced_at=one.bounced_at or at, bounce_reason=REPLACED) for one in points if one.kind is kind)
    others = tuple(one for one in points if one.kind is not kind)
    return (new, *others, *(one for one in old if not one.is_same(new)))
