"""Whole columns of plain values, read in a few steps; a column in which anything is not plain is not read here.

What a plain value is, ``cells`` defines; here is only what most columns are: text to be kept, and numbers such as
1234.50 in the currency's major unit.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from dunwell.ingestion.cells import LONGEST_TEXT, Field
from dunwell.ingestion.fields import ValueType
from dunwell.ingestion.mapping import MAJOR
from dunwell.money import MAX_WHOLE_DIGITS, exponent


def plain_texts(one: Field, raw: Sequence[str]) -> list[str] | None:
    """The texts of a column, None when it takes more to read them than to look at their length."""
    rule = one.rule
    if one.known.type is not ValueType.TEXT or rule.values or rule.default or rule.part:
        return None
    texts = list(map(str.strip, raw))
    if (one.known.required and not all(texts)) or max(map(len, texts)) > LONGEST_TEXT:
        return None
    return texts


def plain_amounts(one: Field, raw: Sequence[str], currencies: Sequence[Any]) -> list[int] | None:
    """Minor units of a column of plain decimal numbers, None when not all of them are.

    Args:
        currencies: the value of each row's currency; what is no ISO 4217 code among them is not for this reader.
    """
    rule = one.rule
    if (rule.unit, rule.decimal, rule.default, rule.part) != (MAJOR, ".", "", "") or rule.values:
        return None
    codes = set(currencies)
    if not all(isinstance(code, str) and code for code in codes):
        return None
    places = {code: exponent(code) for code in codes}
    kinds = set(places.values())
    if len(kinds) == 1:
        found = _whole_numbers(raw, kinds.pop())
    else:
        found = _by_exponent(raw, [places[code] for code in currencies], kinds)
    return None if found is None or (one.known.positive and 0 in found) else found


def _by_exponent(raw: Sequence[str], exponents: Sequence[int], kinds: set[int]) -> list[int] | None:
    found = [0] * len(raw)
    for kind in kinds:
        rows = [at for at, places in enumerate(exponents) if places == kind]
        amounts = _whole_numbers([raw[at] for at in rows], kind)
        if amounts is None:
            return None
        for at, amount_minor in zip(rows, amounts, strict=True):
            found[at] = amount_minor
    return found


def _whole_numbers(texts: Sequence[str], places: int) -> list[int] | None:
    """The numbers without their dots; None when one is not a plain number of so many places, or fewer."""
    joined = "\n".join(texts) + "\n"
    if joined.count("\n") != len(texts):
        return None
    if _numbers(places, exact=True).fullmatch(joined):
        return list(map(int, joined.replace(".", "").split()))
    if places and _numbers(places, exact=False).fullmatch(joined):
        parts = (text.partition(".") for text in texts)
        return [int(whole + fraction.ljust(places, "0")) for whole, _, fraction in parts]
    return None


@cache
def _numbers(places: int, *, exact: bool) -> re.Pattern[str]:
    """One number a line; at most as many digits as ``parse_amount`` takes."""
    whole = f"[0-9]{{1,{MAX_WHOLE_DIGITS}}}"
    if not exact:
        return re.compile(f"(?:{whole}(?:\\.[0-9]{{1,{places}}})?\n)*+")
    return re.compile(f"(?:{whole}\\.[0-9]{{{places}}}\n)*+" if places else f"(?:{whole}\n)*+")
