"""What is known about where the customer is."""

import re
from dataclasses import dataclass

from dunwell.compliance.regions import PROVINCE_ZONES, STATE_ZONES, US_TERRITORIES
from dunwell.errors import InvalidInputError

_COUNTRY = re.compile(r"[A-Z]{2}")
_AREA_CODE = re.compile(r"[2-9][0-9]{2}")
_SUBDIVISIONS = {"US": STATE_ZONES, "CA": PROVINCE_ZONES}


@dataclass(frozen=True, slots=True)
class Location:
    """Where a customer is, as far as known.

    Attributes:
        country: ISO 3166 alpha-2; empty when unknown, which no rule covers.
        state: state or province code within the country.
        locality: a city with rules of its own, such as ``NYC``.
        timezone: IANA name, confirmed by the customer or otherwise known; overrides everything below.
        address_zones: zones of the address's postcode or county, when the caller knows them better than its state.
        area_code: North American area code of the phone number.
        possible: further places, such as US-MA, where the customer may be as far as known: their rules apply.

    Raises:
        InvalidInputError: on creation, when a code is malformed or no such state exists.
    """

    country: str = "US"
    state: str | None = None
    locality: str | None = None
    timezone: str | None = None
    address_zones: tuple[str, ...] = ()
    area_code: str | None = None
    possible: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.country in US_TERRITORIES:
            object.__setattr__(self, "state", self.country)
            object.__setattr__(self, "country", "US")
        if self.country and not _COUNTRY.fullmatch(self.country):
            raise InvalidInputError(f"country {self.country!r} is not a two-letter ISO 3166 code", field="country")
        known_states = _SUBDIVISIONS.get(self.country)
        if self.state is not None and known_states is not None and self.state not in known_states:
            raise InvalidInputError(f"{self.country} has no state or province {self.state!r}", field="state")
        if self.area_code is not None and not _AREA_CODE.fullmatch(self.area_code):
            raise InvalidInputError(f"area code {self.area_code!r} is not three digits from 200", field="area_code")

    @property
    def certain(self) -> frozenset[str]:
        """The place and what contains it, as far as known."""
        return self.jurisdictions - self.possible

    @property
    def jurisdictions(self) -> frozenset[str]:
        """The place and what contains it, such as US, US-NY and US-NY-NYC, and every place where it may be."""
        parts = [part for part in (self.country, self.state, self.locality) if part]
        return self.possible.union("-".join(parts[: count + 1]) for count in range(len(parts)))
