"""Countries, states and provinces the rules know, and the time zones of each."""

_EASTERN = "America/New_York"
_CENTRAL = "America/Chicago"
_MOUNTAIN = "America/Denver"
_PACIFIC = "America/Los_Angeles"


def _each(codes: str, *zones: str) -> dict[str, tuple[str, ...]]:
    """The same zones for each of some codes."""
    return dict.fromkeys(codes.split(), zones)


STATE_ZONES: dict[str, tuple[str, ...]] = {
    **_each("CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV", _EASTERN),
    **_each("AL AR IA IL LA MN MO MS OK WI", _CENTRAL),
    **_each("CO MT NM UT WY", _MOUNTAIN),
    **_each("CA WA", _PACIFIC),
    # States that lie in two zones; Arizona's second is the Navajo Nation, which moves its clocks.
    "AK": ("America/Anchorage", "America/Adak"),
    "AZ": ("America/Phoenix", _MOUNTAIN),
    "FL": (_EASTERN, _CENTRAL),
    "HI": ("Pacific/Honolulu",),
    "ID": ("America/Boise", _PACIFIC),
    "IN": ("America/Indiana/Indianapolis", _CENTRAL),
    "KS": (_CENTRAL, _MOUNTAIN),
    "KY": (_EASTERN, _CENTRAL),
    "MI": ("America/Detroit", _CENTRAL),
    "ND": (_CENTRAL, _MOUNTAIN),
    "NE": (_CENTRAL, _MOUNTAIN),
    "NV": (_PACIFIC, "America/Boise"),
    "OR": (_PACIFIC, "America/Boise"),
    "SD": (_CENTRAL, _MOUNTAIN),
    "TN": (_EASTERN, _CENTRAL),
    "TX": (_CENTRAL, _MOUNTAIN),
    # Territories.
    "PR": ("America/Puerto_Rico",),
    "VI": ("America/St_Thomas",),
    "GU": ("Pacific/Guam",),
    "AS": ("Pacific/Pago_Pago",),
    "MP": ("Pacific/Saipan",),
}

PROVINCE_ZONES: dict[str, tuple[str, ...]] = {
    "AB": ("America/Edmonton",),
    "BC": ("America/Vancouver", "America/Edmonton", "America/Fort_Nelson"),
    "MB": ("America/Winnipeg",),
    "NB": ("America/Moncton",),
    "NL": ("America/St_Johns", "America/Goose_Bay"),
    "NS": ("America/Halifax",),
    "NT": ("America/Edmonton",),
    "NU": ("America/Iqaluit", "America/Rankin_Inlet", "America/Cambridge_Bay", "America/Resolute"),
    "ON": ("America/Toronto", "America/Winnipeg", "America/Atikokan"),
    "PE": ("America/Halifax",),
    "QC": ("America/Toronto", "America/Halifax", "America/Blanc-Sablon"),
    "SK": ("America/Regina", "America/Edmonton"),
    "YT": ("America/Whitehorse",),
}

# A customer of whom nothing is known may be anywhere from the first to the last of these.
ALL_US_ZONES = (
    _EASTERN,
    _CENTRAL,
    _MOUNTAIN,
    "America/Phoenix",
    _PACIFIC,
    "America/Anchorage",
    "America/Adak",
    "Pacific/Honolulu",
)
ALL_CANADIAN_ZONES = tuple(dict.fromkeys(name for names in PROVINCE_ZONES.values() for name in names))

# Where consumers are protected by more than the country's own law. Who may be in any of them is protected by all.
PLACES_WITH_RULES = {
    "US": frozenset({"US-CA", "US-DC", "US-FL", "US-MA", "US-NY", "US-NY-NYC"}),
    "CA": frozenset({"CA-BC", "CA-ON", "CA-QC"}),
    "US-NY": frozenset({"US-NY-NYC"}),
}

# Territories that address books often give as countries of their own.
US_TERRITORIES = frozenset({"PR", "VI", "GU", "AS", "MP"})

# Where the rules, or the house hours, have been thought about. Anywhere else a contact is refused.
_EUROPEAN = """
    AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"""
EUROPEAN_COUNTRIES = frozenset(_EUROPEAN.split())
COVERED_COUNTRIES = frozenset({"US", "CA", "GB"}) | EUROPEAN_COUNTRIES
