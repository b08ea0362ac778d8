"""Where a customer is and what their clock says, from what is known: never guessed, and with the evidence for it."""

from dataclasses import dataclass, replace
from functools import lru_cache

from dunwell.accounts.contact_points import PointKind
from dunwell.accounts.model import Customer
from dunwell.compliance.location import candidates
from dunwell.compliance.place import Location
from dunwell.compliance.postcodes import is_in_new_york_city, state_called, state_of_postcode
from dunwell.compliance.regions import PLACES_WITH_RULES
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
    found = location_of(customer)
    place = "-".join(part for part in (found.country, found.state, found.locality) if part)
    return [f"address in {place}"] * bool(place) + [f"area code {code}" for code in area_codes(customer)]


def location_of(customer: Customer) -> Location:
    """The customer's place in the words of the contact rules.

    Where the address names no state its postcode tells it. Who may be in any state has the protection of all of them.

    Raises:
        InvalidInputError: the place makes no sense, such as a state that does not exist.
    """
    return _location(customer.country, customer.region, customer.postcode, customer.timezone, area_codes(customer))


@lru_cache(maxsize=65536)
def _location(country: str, region: str, postcode: str, timezone: str, codes: tuple[str, ...]) -> Location:
    state = state_called(country, region) or state_of_postcode(country, postcode)
    unknown = country if not state else "US-NY" if (country, state) == ("US", "NY") and not postcode else ""
    place = Location(
        country=country,
        state=state or None,
        locality="NYC" if (country, state) == ("US", "NY") and is_in_new_york_city(postcode) else None,
        timezone=timezone or None,
        area_code=codes[0] if codes else None,
        possible=PLACES_WITH_RULES.get(unknown, frozenset()),
    )
    if timezone or len(codes) < 2:
        return place
    zones = [name for code in codes for name in candidates(replace(place, area_code=code)).names]
    return replace(place, address_zones=tuple(dict.fromkeys(zones)))


def area_codes(customer: Customer) -> tuple[str, ...]:
    """The area codes of the customer's North American numbers, the first number's first."""
    numbers = [point.address for point in customer.points(PointKind.PHONE)]
    return tuple(dict.fromkeys(number[2:5] for number in numbers if number.startswith("+1")))
