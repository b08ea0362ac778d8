"""What no model may ask about a person: the bases on which credit law forbids to tell people apart, and their proxies.

15 USC 1691 and 12 CFR 1002 cover collection, too. A dispute is no such basis but a right, and no score may rest on it.
"""

import re
from collections.abc import Iterable

# As a word of its own: "age" is one in `age_years`, and none in `average`.
FORBIDDEN_WORDS = frozenset({"age", "sex", "race", "color", "colour", "zip", "name", "origin", "country", "born"})
# Wherever it stands.
FORBIDDEN_PARTS = (
    *("gender", "birth", "marital", "married", "spouse", "ethnic", "religio", "national", "citizen", "immigra"),
    *("forename", "surname", "postcode", "postal", "zip_code", "zipcode", "language", "locale", "email", "phone"),
    *("income", "benefit", "welfare", "public_assist", "disabilit", "disput"),
)


def forbidden_among(names: Iterable[str]) -> list[str]:
    """Those of a model's inputs that are, or stand for, what the law forbids; whatever their spelling."""
    return [name for name in names if _is_forbidden(name)]


def _is_forbidden(name: str) -> bool:
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace(" ", "_").replace("-", "_")
    return not FORBIDDEN_WORDS.isdisjoint(re.split(r"[^a-z]+", plain)) or any(part in plain for part in FORBIDDEN_PARTS)
