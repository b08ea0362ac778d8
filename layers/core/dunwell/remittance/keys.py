"""Keys under which invoices and payers are found. The writer and the reader of the index both use this file.

A reference key survives what scanning and typing do most: confusable characters (O and 0, I and 1, S and 5, B and 8, Z
and 2, G and 6) are one character, a doubled or swallowed twin counts once, leading zeros and a leading word such as INV
do not count. What it does not survive (a digit lost, two swapped) is found through the payer, or, for swaps, by asking
for the swapped keys too.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

_CONFUSABLE = str.maketrans("OQDILSBZG", "000115826")
_TWINS = re.compile(r"(.)\1+")
_PIECES = re.compile(r"[A-Z0-9]+")
_WORD_THEN_NUMBER = re.compile(r"[A-Z]+(?=[0-9])")
_PLAIN_WORD = re.compile(r"[A-Z]*[ACEFHJKMNPRTUVWXY](?=[OQDILSBZG]*[0-9])")
_YEAR = re.compile(r"20[0-9]{2}(?=[0-9]{4})")
_DIGIT = re.compile(r"[0-9]")
SHORT_PIECE = 5
"""A last piece of fewer characters, such as the 0017 of RE-2026-0017, names no invoice alone: the one before joins."""
_MIN_KEY = 3

_FORMS = (
    "gmbh ag kg ohg ug ev eg se co cie sarl sa sas sasu eurl spa srl sl slu bv nv ltd limited plc llp llc lp inc "
    "incorporated corp corporation company kk gk pty oy ab as aps mbh haftungsbeschrankt sp zoo the und and et y i de "
    "la le mr mrs ms herr frau"
)
_LEGAL_FORMS = frozenset(_FORMS.split())
_NAME_WORDS = re.compile(r"[a-z0-9]+")
_MAX_LOOKUP_WORDS = 4
_WORD_KEPT = 5


def pieces(text: str) -> list[str]:
    """Runs of letters and digits in capitals, accents dropped."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode() if not text.isascii() else text
    return _PIECES.findall(plain.upper())


def fold(text: str) -> str:
    """Capitals and digits with confusable characters made one."""
    return text.translate(_CONFUSABLE)


def core(parts: Sequence[str]) -> str:
    """The telling end of an invoice number's pieces, without a leading word: INV-2026-10023 gives 10023."""
    if not parts:
        return ""
    tail = parts[-1] if len(parts[-1]) >= SHORT_PIECE or len(parts) == 1 else parts[-2] + parts[-1]
    return without_word(tail)


def without_word(text: str) -> str:
    """INV10023 gives 10023; text that has no digit after its letters stays as it is."""
    return _WORD_THEN_NUMBER.sub("", text, count=1) if _WORD_THEN_NUMBER.match(text) else text


def squeeze(text: str) -> str:
    """Folded, without leading zeros, twins as one: what equal keys have in common."""
    return _TWINS.sub(r"\1", fold(text).lstrip("0"))


def reference_key(number: str) -> str:
    """The one key an invoice is written under, empty for a number too short to tell invoices apart."""
    key = squeeze(core(pieces(number)))
    return key if len(key) >= _MIN_KEY else ""


def lookup_keys(candidates: Iterable[str]) -> set[str]:
    """The keys under which text from a line may be found, with and without a leading word.

    The word may have swallowed a first digit that was read as a letter: INVI0023 is looked up as 10023, too. A year may
    have grown together with what follows: INV2026010023.
    """
    keys = {squeeze(form) for one in candidates for form in _readings(one)}
    return {key for key in keys if len(key) >= _MIN_KEY and _DIGIT.search(key)}


def _readings(text: str) -> Iterator[str]:
    short = without_word(text)
    yield text
    yield short
    yield _PLAIN_WORD.sub("", text, count=1)
    if year := _YEAR.match(fold(short)):
        yield short[year.end() :]


def swapped_keys(candidate: str) -> set[str]:
    """Keys of the text with two neighbours swapped back."""
    text = without_word(candidate)
    swaps = (text[:i] + text[i + 1] + text[i] + text[i + 2 :] for i in range(len(text) - 1) if text[i] != text[i + 1])
    return lookup_keys(swaps)


def name_words(name: str) -> tuple[str, ...]:
    """The telling words of a name: lower case, no accents, ü and ue alike, no legal forms."""
    plain = name.casefold().replace("ß", "ss").replace("ø", "o").replace("æ", "a").replace("&", " ")
    ascii_name = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    ascii_name = re.sub(r"\b((?:[a-z]\.\s?){2,})", lambda found: re.sub(r"[.\s]", "", found[1]) + " ", ascii_name)
    words = (word.replace("ae", "a").replace("oe", "o").replace("ue", "u") for word in _NAME_WORDS.findall(ascii_name))
    return tuple(word for word in words if word not in _LEGAL_FORMS and len(word) > 1)


def customer_keys(number: str, name: str) -> tuple[str, ...]:
    """The keys a customer is written under, at most three: its number, and its first telling word with the next two."""
    words = [word[:_WORD_KEPT] for word in name_words(name)[:3]]
    pairs = {_pair(words[0], word) for word in words[1:]} if len(words) > 1 else {f"={word}" for word in words}
    return tuple(sorted(pairs)) + tuple(customer_number_keys([number]))


def customer_number_keys(candidates: Iterable[str]) -> set[str]:
    """The keys of texts that may be a customer's number."""
    folded = (squeeze("".join(pieces(one))) for one in candidates)
    return {f"#{one}" for one in folded if len(one) >= _MIN_KEY and _DIGIT.search(one)}


def name_lookup_keys(name: str) -> tuple[str, ...]:
    """The keys under which a payer's name on a line may be found, whatever the order of its words: at most six."""
    words = [word[:_WORD_KEPT] for word in name_words(name)[:_MAX_LOOKUP_WORDS]]
    if len(words) < 2:
        return tuple(f"={word}" for word in words)
    return tuple(sorted({_pair(*two) for two in combinations(words, 2)}))


def _pair(one: str, other: str) -> str:
    return "|".join(sorted((one, other)))


def account_key(account: str) -> str:
    """The key of a payer's account: a digest, so that no account number stands in an index. Empty for an empty one."""
    plain = "".join(_PIECES.findall(account.upper()))
    return hashlib.sha256(plain.encode()).hexdigest()[:32] if plain else ""
