"""What a postcode or a written-out name says about the state, province or city: for addresses that name no code."""

from typing import Final

_FIRST_DIGITS = """
    005 NY; 006-007 PR; 008 VI; 009 PR; 010-027 MA; 028-029 RI; 030-038 NH; 039-049 ME; 050-054 VT; 055 MA; 056-059 VT;
    060-069 CT; 070-089 NJ; 100-149 NY; 150-196 PA; 197-199 DE; 200 DC; 201 VA; 202-205 DC; 206-212 MD; 214-219 MD;
    220-246 VA; 247-268 WV; 270-289 NC; 290-299 SC; 300-319 GA; 320-339 FL; 341-349 FL; 350-369 AL; 370-385 TN;
    386-397 MS; 398-399 GA; 400-427 KY; 430-459 OH; 460-479 IN; 480-499 MI; 500-528 IA; 530-549 WI; 550-567 MN; 569 DC;
    570-577 SD; 580-588 ND; 590-599 MT; 600-629 IL; 630-658 MO; 660-679 KS; 680-693 NE; 700-714 LA; 716-729 AR;
    730-732 OK; 733 TX; 734-749 OK; 750-799 TX; 800-816 CO; 820-831 WY; 832-838 ID; 840-847 UT; 850-865 AZ; 870-884 NM;
    885 TX; 889-898 NV; 900-961 CA; 967-968 HI; 969 GU; 970-979 OR; 980-994 WA; 995-999 AK
"""
"""States by the first three digits of their ZIP codes (USPS L005). Those of the armed forces, 090-098, 340 and 962-966,
are nowhere."""


def _states() -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in _FIRST_DIGITS.split(";"):
        digits, state = entry.split()
        first, _, last = digits.partition("-")
        found |= dict.fromkeys((f"{number:03d}" for number in range(int(first), int(last or first) + 1)), state)
    return found


_STATE_OF: Final = _states()
_PROVINCE_OF: Final = {
    letter: province
    for province, letters in {
        **{"NL": "A", "NS": "B", "PE": "C", "NB": "E", "QC": "GHJ", "ON": "KLMNP"},
        **{"MB": "R", "SK": "S", "AB": "T", "BC": "V", "YT": "Y"},
    }.items()
    for letter in letters
}
_NYC_FIRST_DIGITS = frozenset({*range(100, 105), *range(111, 115), 116})
_NYC_AMONG_OTHERS = frozenset({"11001", "11004", "11005"})
"""Parts of Queens whose codes begin like those of Nassau County."""

_NAMES: Final = {
    "US": """AL Alabama; AK Alaska; AZ Arizona; AR Arkansas; CA California; CO Colorado; CT Connecticut; DE Delaware;
        DC District of Columbia; DC Washington DC; DC Washington D.C.; FL Florida; GA Georgia; HI Hawaii; ID Idaho;
        IL Illinois; IN Indiana; IA Iowa; KS Kansas; KY Kentucky; LA Louisiana; ME Maine; MD Maryland;
        MA Massachusetts; MI Michigan; MN Minnesota; MS Mississippi; MO Missouri; MT Montana; NE Nebraska; NV Nevada;
        NH New Hampshire; NJ New Jersey; NM New Mexico; NY New York; NC North Carolina; ND North Dakota; OH Ohio;
        OK Oklahoma; OR Oregon; PA Pennsylvania; RI Rhode Island; SC South Carolina; SD South Dakota; TN Tennessee;
        TX Texas; UT Utah; VT Vermont; VA Virginia; WA Washington; WV West Virginia; WI Wisconsin; WY Wyoming;
        PR Puerto Rico; VI Virgin Islands; VI U.S. Virgin Islands; GU Guam; AS American Samoa;
        MP Northern Mariana Islands""",
    "CA": """AB Alberta; BC British Columbia; BC Colombie-Britannique; MB Manitoba; NB New Brunswick;
        NB Nouveau-Brunswick; NL Newfoundland and Labrador; NL Terre-Neuve-et-Labrador; NS Nova Scotia;
        NS Nouvelle-Écosse; NT Northwest Territories; NU Nunavut; ON Ontario; PE Prince Edward Island; QC Quebec;
        QC Québec; SK Saskatchewan; YT Yukon""",
}
_CODE_OF: Final = {
    (country, name.casefold()): code
    for country, listed in _NAMES.items()
    for code, name in (" ".join(one.split()).split(" ", 1) for one in listed.split(";"))
}


def state_called(country: str, region: str) -> str:
    """The code of a state or province that is written as a code, in full, or as in ISO 3166-2 (``US-MA``).

    What is neither comes back as it was, for the rules to refuse.
    """
    plain = " ".join(region.split())
    bare = plain.upper().removeprefix(f"{country}-")
    return _CODE_OF.get((country, plain.casefold()), bare)


def state_of_postcode(country: str, postcode: str) -> str:
    """The state or province of a postcode; empty where it tells none."""
    plain = postcode.strip().upper()
    if country == "US":
        return _STATE_OF.get(plain[:3], "") if _is_zip(plain) else ""
    return _PROVINCE_OF.get(plain[:1], "") if country == "CA" else ""


def is_in_new_york_city(zip_code: str) -> bool:
    """Whether a ZIP code, or its first three digits alone, is of New York City."""
    plain = zip_code.strip()
    if not _is_zip(plain):
        return False
    return int(plain[:3]) in _NYC_FIRST_DIGITS or plain[:5] in _NYC_AMONG_OTHERS


def rough_postcode(country: str, postcode: str) -> str:
    """As much of a postcode as the rules look at: three digits in the United States, a letter in Canada, else none."""
    if country == "US":
        return "100" if is_in_new_york_city(postcode) else postcode.strip()[:3]
    return postcode.strip()[:1].upper() if country == "CA" else ""


def _is_zip(text: str) -> bool:
    """Whether it begins like a ZIP code; three digits are as much of one as is kept with a decision."""
    return len(text) >= 3 and text[:3].isascii() and text[:3].isdigit() and (len(text) == 3 or text[:5].isdigit())
