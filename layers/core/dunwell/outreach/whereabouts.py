"""Where a customer is and what their clock says, from what is known: never guessed, and with the evidence for it."""

from dataclasses import dataclass, replace

from dunwell.accounts.contact_points import PointKind
from dunwell.accounts.model import Customer
from dunwell.compliance.location import candidates
from dunwell.compliance.place import Location
from dunwell.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The time zones that a customer may be in; a contact must be timely in all of them.

    Attributes:
        zones: IANA names; empty when the facts contradict each other, and then nothing is sent.
        evidence: what they follow from, in words; empty when nothing narrows the country down.
    """

    zones: tuple[str, ...]
    evidence: tuple[str, ...]


def whereabouts(customer: Customer) -> Whereabouts:
    """The customer's time zones with their evidence: given, or derived from the address and every telephone number."""
    try:
        found = candidates(location_of(customer))
    except InvalidInputError as error:
        return Whereabouts((), (str(error),))
    return Whereabouts(found.names, tuple(_evidence(customer)) if found.known else ())


def _evidence(customer: Customer) -> list[str]:
    if customer.timezone:
        return [f"time zone {customer.timezone}, {customer.timezone_evidence or 'as the source says'}"]
    place = "-".join(part for part in (customer.country, customer.region) if part)
    return [f"address in {place}"] * bool(place) + [f"area code {code}" for code in area_codes(customer)]


def location_of(customer: Customer) -> Location:
    """The customer's place in the words of the contact rules; an unknown part stays unknown.

    Raises:
        InvalidInputError: the place makes no sense, such as a state that does not exist.
    """
    codes = area_codes(customer)
    place = Location(
        country=customer.country,
        state=customer.region or None,
        timezone=customer.timezone or None,
        area_code=codes[0] if codes else None,
    )
    if customer.timezone or len(codes) < 2:
        return place
    zones = [name for code in codes for name in candidates(replace(place, area_code=code)).names]
    return replace(place, address_zones=tuple(dict.fromkeys(zones)))


def area_codes(customer: Customer) -> tuple[str, ...]:
    """The area codes of the customer's North American numbers, the first number's first."""
    numbers = [point.address for point in customer.points(PointKind.PHONE)]
    return tuple(dict.fromkeys(number[2:5] for number in numbers if number.startswith("+1")))
