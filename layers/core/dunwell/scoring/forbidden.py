"""What no model may ask about a person: the bases on which credit law forbids to tell people apart, and their proxies.

15 USC 1691 and 12 CFR 1002 cover collection, too. A dispute is no such basis but a right, and no score may rest on it.
"""

import re
from collections.abc import Iterable

# As a word of its own: "age" is one in `age_years`, and none in `average`.
FORBIDDEN_WORDS = frozenset(
    (
        *("age", "race", "color", "colour", "zip", "name", "origin", "country", "nation", "born", "dob", "yob", "ssn"),
        *(
            "ssi",
            "snap",
            "caste",
            "faith",
            "tribe",
            "skin",
            "accent",
            "alien",
            "visa",
            "kids",
            "town",
            "city",
            "county",
        ),
        *("title", "mr", "mrs", "ms", "lang", "senior", "elderly", "black", "white", "aid", "fname", "lname"),
    )
)
# Wherever it stands.
FORBIDDEN_PARTS = (
    *("gender", "sex", "birth", "marital", "marri", "spouse", "widow", "divorc", "pregnan", "matern", "depend"),
    *("child", "household", "ethnic", "racial", "hispanic", "latino", "ancestr", "descent", "tribal", "religio"),
    *("church", "muslim", "jewish", "christian", "national", "citizen", "immigra", "naturali", "forename", "surname"),
    *("firstname", "lastname", "first_name", "last_name", "maiden", "given_name", "salutation", "postcode", "postal"),
    *("zip_code", "zipcode", "language", "locale", "dialect", "tongue", "email", "phone", "address", "street"),
    *("neighbo", "census", "latitude", "longitude", "educat", "ageband", "agein", "years_old", "yearsold", "income"),
    *("benefit", "welfare", "public_a", "social_sec", "food_stamp", "pension", "disabilit", "veteran", "disput"),
    "ccpa",
)


def forbidden_among(names: Iterable[str]) -> list[str]:
    """Those of a model's inputs that by their name are, or stand for, what the law forbids; whatever their spelling.

    Names only: an input under another name passes. What a model may ask for at all is a list (`gate.py`).
    """
    return [name for name in names if _is_forbidden(name)]


def _is_forbidden(name: str) -> bool:
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace(" ", "_").replace("-", "_")
    return not FORBIDDEN_WORDS.isdisjoint(re.split(r"[^a-z]+", plain)) or any(part in plain for part in FORBIDDEN_PARTS)
