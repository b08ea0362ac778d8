"""Which invoices a line's text mentions, and how surely."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache

from dunwell.remittance.keys import core, fold, lookup_keys, pieces, squeeze, swapped_keys, without_word
from dunwell.remittance.model import OpenInvoice
from dunwell.remittance.names import one_edit_apart

_MAX_WINDOW = 4
_MAX_PIECES = 160
_LONGEST = 24
_TYPO_FROM = 6
_SUFFIX_FROM = 2
_CORE_FROM = 4
MAX_RANGE = 60
_UNTIL = r"(?:-|\u2013|\u2014|\.\.|bis|to|thru|through|au|à|al|hasta)"
_RANGE = re.compile(
    rf"([0-9]{{3,12}})\s?{_UNTIL}\s?(?:[A-Z]{{1,5}}[- ]?)?([0-9]{{2,12}})(?![0-9])",
    re.IGNORECASE,
)
_DEDUCTION = re.compile(
    r"\b(less|minus|deduct\w*|short\s?paid|damag\w*|abz[uü]g\w*|abzgl|gek[uü]rzt|k[uü]rzung|"
    r"m[aä]ngel|credit note|gutschrift|moins|d[eé]duction|menos)\b",
    re.IGNORECASE,
)
_ADVANCE = re.compile(
    r"\b(deposit|down\s?payment|pre-?pay\w*|in advance|anzahlung|vorkasse|vorauszahlung|acompte|anticipo)\b",
    re.IGNORECASE,
)
_NO_ID = {"NOTPROVIDED", "NONREF", "NOREF"}


class Level(IntEnum):
    """How an invoice's number stands in a text, weakest first."""

    SUFFIX = 1
    RANGE = 2
    TYPO = 3
    TWINS = 4
    CONFUSED = 5
    CORE = 6
    FULL = 7


@dataclass(frozen=True, slots=True)
class Window:
    """Neighbouring pieces of a text read as one."""

    start: int
    stop: int
    text: str
    folded: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of text and the invoices that it may name: more than one when it fits them equally."""

    start: int
    stop: int
    level: Level
    invoices: tuple[OpenInvoice, ...]


@dataclass(frozen=True, slots=True)
class _Number:
    full: str
    core: str
    full_folded: str
    core_folded: str
    squeezed: str
    suffix: str
    serial: int


class Text:
    """A line's texts cut into windows once, to be compared with many invoices."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.raw = " ".join(text for text in texts if text.strip() and text.strip().upper() not in _NO_ID)
        self.pieces = pieces(self.raw)[:_MAX_PIECES]
        self.windows = tuple(self._cut())

    def _cut(self) -> Iterable[Window]:
        for start in range(len(self.pieces)):
            joined = ""
            for stop in range(start + 1, min(start + _MAX_WINDOW, len(self.pieces)) + 1):
                joined += self.pieces[stop - 1]
                if len(joined) > _LONGEST:
                    break
                if sum(map(str.isdigit, joined)) >= _SUFFIX_FROM:
                    yield Window(start, stop, joined, fold(joined))

    @cached_property
    def keys(self) -> set[str]:
        """Reference keys to look up."""
        return lookup_keys(window.text for window in self.windows)

    @cached_property
    def swapped_keys(self) -> set[str]:
        """Further keys, for neighbours swapped; single pieces only, because each has many."""
        long = (w.text for w in self.windows if w.stop - w.start == 1 and len(w.text) >= _TYPO_FROM - 1)
        return {key for text in long for key in swapped_keys(text)}

    @cached_property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """First and last serial of every range such as 10023-10027, 10023-27 or 10023 bis 10027."""
        found = []
        for match in _RANGE.finditer(self.raw):
            first, last = match[1], match[2]
            last = first[: len(first) - len(last)] + last if len(last) < len(first) else last
            if 0 < int(last) - int(first) <= MAX_RANGE:
                found.append((int(first), int(last)))
        return tuple(found)

    @cached_property
    def _by_form(self) -> dict[str, list[Window]]:
        """Windows by every form in which a number is compared for equality."""
        forms: dict[str, list[Window]] = {}
        for window in self.windows:
            short = without_word(window.text)
            for form in {window.text, short, "~" + window.folded, "~" + fold(short).lstrip("0"), "^" + squeeze(short)}:
                forms.setdefault(form, []).append(window)
        return forms

    @cached_property
    def _typo_windows(self) -> dict[int, list[tuple[str, Window]]]:
        """Windows long enough for a typo to be told, by length: whole and without their leading word."""
        by_length: dict[int, list[tuple[str, Window]]] = {}
        for window in self.windows:
            for form in {window.folded, fold(without_word(window.text)).lstrip("0")}:
                if len(form) >= _TYPO_FROM - 1:
                    by_length.setdefault(len(form), []).append((form, window))
        return by_length

    @property
    def deducts(self) -> bool:
        """Whether the payer says that something was taken off."""
        return bool(_DEDUCTION.search(self.raw))

    @property
    def in_advance(self) -> bool:
        """Whether the payer says that it pays for what is not billed yet."""
        return bool(_ADVANCE.search(self.raw))

    def grade(self, invoice: OpenInvoice) -> list[tuple[Level, Window]]:
        """Where the text mentions this invoice, by the strongest level at which it does; empty when it does not."""
        number = _forms(invoice.number)
        for level, form in (
            (Level.FULL, number.full),
            (Level.CORE, number.core),
            (Level.CONFUSED, "~" + number.full_folded),
            (Level.CONFUSED, "~" + number.core_folded),
            (Level.TWINS, "^" + number.squeezed),
        ):
            if len(form) > _CORE_FROM - 1 and (found := self._by_form.get(form)):
                return [(level, window) for window in found]
        return self._typos(number) or self._suffixes(number)

    def _typos(self, number: _Number) -> list[tuple[Level, Window]]:
        found = []
        for mine in {number.full_folded, number.core_folded}:
            if len(mine) >= _TYPO_FROM - 1:
                near = (pair for size in (-1, 0, 1) for pair in self._typo_windows.get(len(mine) + size, ()))
                found += [(Level.TYPO, window) for form, window in near if one_edit_apart(form, mine)]
        return found

    def _suffixes(self, number: _Number) -> list[tuple[Level, Window]]:
        if len(number.suffix) < _SUFFIX_FROM:
            return []
        found = self._by_form.get("~" + number.suffix, ())
        return [(Level.SUFFIX, window) for window in found if window.stop - window.start == 1]

    def mentions(self, invoices: Sequence[OpenInvoice]) -> list[Mention]:
        """What the text mentions of these invoices; a stretch that one fits better is not left to others."""
        graded = [(level, window, invoice) for invoice in invoices for level, window in self.grade(invoice)]
        graded.sort(key=lambda one: (-one[0], one[1].start - one[1].stop, one[1].start))
        mentions: list[Mention] = []
        named: set[str] = set()
        for level, window, invoice in graded:
            place = next((i for i, m in enumerate(mentions) if m.start < window.stop and window.start < m.stop), None)
            if place is None:
                if invoice.invoice_id not in named:
                    mentions.append(Mention(window.start, window.stop, level, (invoice,)))
                    named.add(invoice.invoice_id)
            elif _ties(mentions[place], level, window, invoice):
                old = mentions[place]
                mentions[place] = Mention(old.start, old.stop, old.level, (*old.invoices, invoice))
                named.add(invoice.invoice_id)
        return mentions + self._in_ranges(invoices, named)

    def _in_ranges(self, invoices: Sequence[OpenInvoice], named: set[str]) -> list[Mention]:
        """Invoices between the ends of a range, when both ends are among the invoices."""
        found = []
        for first, last in self.ranges:
            size = 10 ** len(str(last))
            inside = [one for one in invoices if first <= _forms(one.number).serial % size <= last]
            serials = {_forms(one.number).serial % size for one in inside}
            if {first, last} <= serials:
                found += [Mention(0, 0, Level.RANGE, (one,)) for one in inside if one.invoice_id not in named]
        return found

    def unexplained(self, mentions: Sequence[Mention], known: frozenset[str]) -> int:
        """Pieces that look like numbers of invoices and belong to no mention; ``known`` are those that are none."""
        covered = {i for mention in mentions for i in range(mention.start, mention.stop)}
        return sum(
            1
            for i, piece in enumerate(self.pieces)
            if i not in covered and piece not in known and 4 < sum(map(str.isdigit, piece)) == len(piece) < 11
        )


def _ties(old: Mention, level: Level, window: Window, invoice: OpenInvoice) -> bool:
    same_place = (old.start, old.stop) == (window.start, window.stop)
    return same_place and old.level == level and invoice not in old.invoices


@lru_cache(maxsize=50_000)
def _forms(number: str) -> _Number:
    parts = pieces(number)
    whole, end = "".join(parts), core(parts)
    digits = parts[-1] if len(parts) > 1 and parts[-1].isdigit() else "".join(re.findall(r"[0-9]+$", end))
    suffix = digits.lstrip("0")
    return _Number(whole, end, fold(whole), fold(end).lstrip("0"), squeeze(end), suffix, int(suffix or "-1"))
