"""Which rows the ledger has taken already, so that a row repeated unchanged costs neither a read nor a write of it.

Per customer and source there is a fingerprint of the last content taken of each fact (an invoice, a credit note, a
payment, the customer's description). It does not depend on the order of rows, nor on the file that they stood in. It is
a cache: without it every row is compared with the account, with the same outcome.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Protocol

from dunwell.ingestion.records import (
    CreditNoteRecord,
    CustomerRecord,
    FigureRecord,
    InvoiceRecord,
    PaymentRecord,
    Receivable,
    Record,
    Row,
)

EDITION = "2"
"""Raise it when importing makes something else of the same row: everything is compared afresh then."""
MOST_FACTS = 20_000
"""Of a customer; beyond it (280 KB) nothing more is remembered."""

_KEY_BYTES, _CONTENT_BYTES = 6, 8
_SIZE = _KEY_BYTES + _CONTENT_BYTES
_TOMBSTONE = bytes(_CONTENT_BYTES)
"""Content that no row has: the fact has to be compared."""

Print = tuple[bytes, bytes]
"""Key and content of one fact."""


@dataclass(frozen=True, slots=True)
class Known:
    """The facts known of one customer.

    Attributes:
        token: names this state of the cache; empty when nothing is stored yet.
        content: key → content.
    """

    token: str = ""
    content: Mapping[bytes, bytes] = field(default_factory=dict)

    def packed(self) -> bytes:
        """For a store."""
        return b"".join(key + content for key, content in sorted(self.content.items()))

    @classmethod
    def unpacked(cls, token: str, packed: bytes) -> "Known":
        """What ``packed`` gave."""
        places = range(0, len(packed), _SIZE)
        return cls(token, {packed[at : at + _KEY_BYTES]: packed[at + _KEY_BYTES : at + _SIZE] for at in places})


class KnownFacts(Protocol):
    """Keeps what is known of customers."""

    def load(self, source: str, customer_ids: Sequence[str]) -> dict[str, Known]:
        """Of each customer of whom a source's facts are known, as it stands now."""
        ...

    def keep(self, source: str, customer_id: str, known: Known) -> str | None:
        """Keep this content instead of that which had its token; the new token, or None: something else is there."""
        ...


class NothingKnown:
    """``KnownFacts`` that forget at once: every row is compared."""

    def load(self, source: str, customer_ids: Sequence[str]) -> dict[str, Known]:
        """See the port."""
        return {}

    def keep(self, source: str, customer_id: str, known: Known) -> str | None:
        """See the port."""
        return known.token


def news(rows: Sequence[Row], known: Known) -> Sequence[Row]:
    """One customer's rows without those that are known; none is left when all are.

    A fact told more than once in the rows is left out only when all its rows are known, and a new description of the
    customer brings every row: then the outcome is that of all rows, whichever was last.
    """
    if not known.content:
        return rows
    printed = [(row, tuple(prints(row))) for row in rows]
    new = {key for _, found in printed for key, content in found if known.content.get(key) != content}
    if not new:
        return ()
    if _DESCRIPTION in new:
        return rows
    return [row for row, found in printed if any(key in new for key, _ in found)]


def changed(rows: Iterable[Row], known: Known) -> set[bytes]:
    """Facts that are known with another content than the rows tell."""
    found = (fact for row in rows for fact in prints(row))
    return {key for key, content in found if known.content.get(key, content) not in (content, _TOMBSTONE)}


def without(known: Known, keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """What is known after some facts became doubtful."""
    return {**known.content, **dict.fromkeys(keys, _TOMBSTONE)}


def learnt(known: Known, taken: Iterable[Row], lasting: Iterable[Row]) -> dict[bytes, bytes]:
    """What is known after rows were taken, in this order; those that may say more another day are not known."""
    for_good = {id(row) for row in lasting}
    last = {key: content if id(row) in for_good else _TOMBSTONE for row in taken for key, content in prints(row)}
    after = {**known.content, **last}
    return after if len(after) <= MOST_FACTS else dict(known.content)


def merged(stored: Known, own: Mapping[bytes, bytes], before: Known) -> dict[bytes, bytes]:
    """What is known after somebody else kept something meanwhile: where the two disagree, nothing."""
    mine = {key: content for key, content in own.items() if before.content.get(key) != content}
    doubtful = {key for key, content in mine.items() if stored.content.get(key, content) != content}
    return {**stored.content, **mine, **dict.fromkeys(doubtful, _TOMBSTONE)}


def prints(row: Row) -> Iterator[Print]:
    """The fingerprints of the facts that a row tells."""
    if isinstance(row, Receivable):
        yield _DESCRIPTION, _description(_VALUES[CustomerRecord](row.customer))
        yield _key("invoice", row.invoice.invoice_number), _content(row.invoice)
    elif isinstance(row, CustomerRecord):
        yield _DESCRIPTION, _description(_VALUES[CustomerRecord](row))
    elif isinstance(row, InvoiceRecord):
        yield _key("invoice", row.invoice_number), _content(row)
    elif isinstance(row, CreditNoteRecord):
        yield _key("credit note", row.credit_number), _content(row)
    elif isinstance(row, PaymentRecord):
        yield _key("payment", row.method, row.reference), _content(row)
    elif isinstance(row, FigureRecord):
        yield _key("figure", row.name, row.period, f"{row.published_on}"), _content(row)


def _key(*parts: str) -> bytes:
    return blake2b(repr(parts).encode(), digest_size=_KEY_BYTES).digest()


def _values_of(kind: type[Any]) -> "attrgetter[Any]":
    return attrgetter(*(one.name for one in fields(kind) if one.name != "line"))


_DESCRIPTION = _key("customer")
_KINDS = (CustomerRecord, InvoiceRecord, CreditNoteRecord, PaymentRecord, FigureRecord)
_VALUES = {kind: _values_of(kind) for kind in _KINDS}


@lru_cache(1_000)
def _description(values: tuple[Any, ...]) -> bytes:
    """Remembered, because every row of a customer's invoices repeats it."""
    return _hashed(CustomerRecord, values)


def _content(record: Record) -> bytes:
    return _hashed(type(record), _VALUES[type(record)](record))


def _hashed(kind: type[Any], values: tuple[Any, ...]) -> bytes:
    text = f"{EDITION}{kind.__name__}{values!r}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_CONTENT_BYTES).digest()
