"""Countries as people write them: English names to ISO 3166 codes."""

import importlib.resources
from functools import cache

_AS_WELL = {
    "USA": "US",
    "UNITED STATES OF AMERICA": "US",
    "UK": "GB",
    "GREAT BRITAIN": "GB",
    "UNITED KINGDOM": "GB",
    "ENGLAND": "GB",
    "SCOTLAND": "GB",
    "WALES": "GB",
    "NORTHERN IRELAND": "GB",
    "REPUBLIC OF IRELAND": "IE",
    "DEUTSCHLAND": "DE",
    "ÖSTERREICH": "AT",
    "SCHWEIZ": "CH",
    "ESPAÑA": "ES",
    "ITALIA": "IT",
    "CZECHIA": "CZ",
    "THE NETHERLANDS": "NL",
    "HOLLAND": "NL",
    "SOUTH KOREA": "KR",
    "UAE": "AE",
}


def country_code(name: str) -> str | None:
    """The code of a name in any case, or of itself when it is a code; None when nobody is called so."""
    plain = " ".join(name.upper().replace(".", "").split())
    return _codes().get(plain)


@cache
def _codes() -> dict[str, str]:
    """Name or code → code: the table that comes with the time zones, and what else people write."""
    table = importlib.resources.files("tzdata") / "zoneinfo" / "iso3166.tab"
    pairs = [
        line.split("\t")[:2] for line in table.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    return {name.upper(): code for code, name in pairs} | {code: code for code, _ in pairs} | _AS_WELL
