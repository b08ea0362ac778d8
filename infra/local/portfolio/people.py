"""Who the customers are: names, places, and addresses that can reach nobody.

E-mail goes to the reserved domains of RFC 2606; phone numbers come from ranges their regulators keep for
fiction (555-01xx in North America, Ofcom, ARCEP, Bundesnetzagentur, ComReg). Spain and Japan keep none, so
customers there have no phone: a number that may ring at someone's home is worse than none.
"""

import random
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A place to live in: where, which money and language, and how its fictional phone numbers begin.
    `phone` holds an `x` for each free digit, empty where no range is reserved for fiction.
    """

    weight: float
    country: str
    region: str
    timezone: str
    postcode: str
    phone: str
    currency: str
    languages: tuple[tuple[str, float], ...]


_EN = (("en", 1.0),)
_EN_ES = (("en", 0.75), ("es", 0.25))

PLACES: tuple[Place, ...] = (
    Place(8, "US", "NY", "America/New_York", "100##", "+121255501xx", "USD", _EN_ES),
    Place(6, "US", "FL", "America/New_York", "331##", "+130555501xx", "USD", _EN_ES),
    Place(3, "US", "FL", "America/Chicago", "325##", "+185055501xx", "USD", _EN),
    Place(5, "US", "IL", "America/Chicago", "606##", "+131255501xx", "USD", _EN),
    Place(6, "US", "TX", "America/Chicago", "787##", "+151255501xx", "USD", _EN_ES),
    Place(2, "US", "TX", "America/Denver", "799##", "+191555501xx", "USD", _EN_ES),
    Place(3, "US", "CO", "America/Denver", "802##", "+130355501xx", "USD", _EN),
    Place(2, "US", "AZ", "America/Phoenix", "850##", "+160255501xx", "USD", _EN_ES),
    Place(8, "US", "CA", "America/Los_Angeles", "941##", "+141555501xx", "USD", _EN_ES),
    Place(3, "US", "WA", "America/Los_Angeles", "981##", "+120655501xx", "USD", _EN),
    Place(1, "US", "HI", "Pacific/Honolulu", "968##", "+180855501xx", "USD", _EN),
    Place(2, "US", "MA", "America/New_York", "021##", "+161755501xx", "USD", _EN),
    Place(5, "CA", "ON", "America/Toronto", "M5V #A#", "+141655501xx", "CAD", _EN),
    Place(3, "CA", "QC", "America/Toronto", "H2X #B#", "+151455501xx", "CAD", (("fr", 0.8), ("en", 0.2))),
    Place(3, "CA", "BC", "America/Vancouver", "V6B #C#", "+160455501xx", "CAD", _EN),
    Place(7, "GB", "", "Europe/London", "EC#A #BB", "+447700900xxx", "GBP", _EN),
    Place(3, "GB", "", "Europe/London", "M# #EQ", "+441614960xxx", "GBP", _EN),
    Place(8, "DE", "", "Europe/Berlin", "101##", "+493023125xxx", "EUR", (("de", 1.0),)),
    Place(3, "DE", "", "Europe/Berlin", "803##", "+498999998xxx", "EUR", (("de", 1.0),)),
    Place(7, "FR", "", "Europe/Paris", "750##", "+33639981xxx", "EUR", (("fr", 1.0),)),
    Place(5, "ES", "", "Europe/Madrid", "280##", "", "EUR", (("es", 1.0),)),
    Place(2, "IE", "", "Europe/Dublin", "D0# X2F#", "+35320910xxxx", "EUR", _EN),
    Place(5, "JP", "13", "Asia/Tokyo", "100-00##", "", "JPY", _EN),
)

MOBILE_COUNTRIES = {
    "US",
    "CA",
    "GB",
    "FR",
}  # whose reserved range can be, or is, mobile: only these may take texts


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    """
    Amara Ben Carla Dmitri Elena Farid Grace Hiro Ines Jonas Keiko Liam Marta Noor Oscar Priya Quentin
    Rosa Samir Tess Ulrich Vera Wen Ximena Yusuf Zoe André Beatriz Chidi Dana Emil Fleur Gael Hanna Idris
    Judit Kofi Lena
"""
)
LAST_NAMES = _words(
    """
    Adeyemi Bauer Castillo Dubois Evans Fischer García Huang Ivanova Jensen Kowalski Laurent Müller
    Nakamura Okafor Patel Quinn Rossi Schmidt Tanaka Usman Vargas Walsh Xu Young Zimmermann Brooks Clarke
    Diaz Ellis Flores Grant
"""
)
TRADES = _words(
    """
    Bakery Cycles Dental Electrical Fabrics Gardens Hardware Interiors Joinery Kitchens Logistics Motors
    Nurseries Optics Plumbing Roofing Studios Textiles Veterinary Windows Catering Print Marine Freight
"""
)
FORMS = {
    "US": "LLC",
    "CA": "Inc.",
    "GB": "Ltd",
    "DE": "GmbH",
    "FR": "SARL",
    "ES": "S.L.",
    "IE": "Ltd",
    "JP": "K.K.",
}


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as the template's first eleven columns show it."""

    number: str
    name: str
    kind: str
    email: str
    phone: str
    language: str
    sms_consent: str
    place: Place
    postcode: str
    timezone: str


def _fill(pattern: str, mark: str, rng: random.Random) -> str:
    return "".join(str(rng.randrange(10)) if c == mark else c for c in pattern)


def _slug(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return ".".join("".join(c for c in word if c.isalnum()) for word in ascii_name.lower().split())


def make_customer(index: int, rng: random.Random) -> Customer:
    """Makes the customer with this index (0, 1, …). About one in twelve lacks a phone or an e-mail
    address, one in six a time zone.
    """
    place = rng.choices(PLACES, weights=[p.weight for p in PLACES])[0]
    kind = "business" if rng.random() < 0.42 else "person"
    last = rng.choice(LAST_NAMES)
    person = f"{rng.choice(FIRST_NAMES)} {last}"
    name = f"{last} {rng.choice(TRADES)} {FORMS[place.country]}" if kind == "business" else person
    phone = "" if rng.random() < 0.08 else _fill(place.phone, "x", rng)
    has_email = not phone or rng.random() > 0.05
    texts = bool(phone) and place.country in MOBILE_COUNTRIES and rng.random() < 0.6
    domain = rng.choice(("example.com", "example.org", "example.net"))
    return Customer(
        number=f"C{10001 + index}",
        name=name,
        kind=kind,
        email=f"{_slug(name)}.{10001 + index}@{domain}" if has_email else "",
        phone=phone,
        language=rng.choices([k for k, _ in place.languages], [w for _, w in place.languages])[0],
        sms_consent="yes" if texts else "no",
        place=place,
        postcode=_fill(place.postcode, "#", rng),
        timezone=place.timezone if rng.random() > 0.16 else "",
    )
