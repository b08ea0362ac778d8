"""One field of one mapping, ready to read: from the source's cells to a value."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dunwell.errors import InvalidInputError
from dunwell.ingestion import values
from dunwell.ingestion.day import day_reader
from dunwell.ingestion.fields import EXTERNAL_ID, FIELDS, CanonicalField, ValueType, canonical
from dunwell.ingestion.mapping import ANY_OTHER, MINOR, STRIPE, FieldRule, TableMapping
from dunwell.ingestion.paths import members, text_at
from dunwell.ingestion.records import Reject
from dunwell.ingestion.values import RefusedValueError, ZeroAmountError

LONGEST_TEXT = 500
"""Longer cells are mistakes, such as a lost quote; a customer must fit into one item of the ledger."""
SHOWN = 60
_MORE_THAN_ZERO = "an amount must be more than zero; send credits as credit notes"
_PLACE = re.compile(r"{([^{}]+)}")

Row = Mapping[str, Any]
"""Source column or path → text; a path with members (``FieldRule.each``) → the list that stands there."""


class Exact(str):
    """A cell that the file itself typed: an ISO date or a plain decimal number, whatever the mapping says of text."""

    __slots__ = ()


class Field:
    """Reads one field. Every method raises ``RefusedValueError``.

    Attributes:
        name: canonical; known: what the field is; rule: where it comes from.
        money: reading needs the row's currency.
    """

    def __init__(self, name: str, known: CanonicalField, rule: FieldRule) -> None:
        self.name, self.known, self.rule = name, known, rule
        self.money = known.type is ValueType.AMOUNT
        self._part = re.compile(rule.part) if rule.part else None
        self._amount = amount_reader(rule)
        self._read = _reader(known.type, rule)
        self._exact = _exact_reader(known.type)

    def raw(self, row: Row) -> str:
        """What stands in the source for this field."""
        rule = self.rule
        if rule.column:
            return row.get(rule.column) or ""
        if rule.first:
            return next((found for column in rule.first if (found := row.get(column) or "").strip()), "")
        return filled_in(rule.template, row) if rule.template else rule.value

    def plain(self, raw: str) -> str:
        """The raw text with default and map of values applied."""
        text = raw.strip() or self.rule.default
        if self._part and (found := self._part.search(text)):
            text = (found[1] or "").strip()
        if len(text) > LONGEST_TEXT:
            raise RefusedValueError(f"is longer than {LONGEST_TEXT} characters", "shorten it, or add a lost quote")
        if not text:
            if self.known.required:
                raise RefusedValueError("is empty", "every row needs a value here")
            return text
        mapped = self.rule.values
        if not mapped:
            return text
        if text not in mapped and ANY_OTHER not in mapped:
            known = sorted(mapped)
            raise RefusedValueError("is not a value that the mapping knows", f"use one of {known}")
        return mapped.get(text, mapped.get(ANY_OTHER, ""))

    def value(self, raw: str) -> Any:
        """The value of a field that is no amount; None for an empty date."""
        text = self.plain(raw)
        try:
            if type(raw) is Exact and self._exact:
                return self._exact(text)
            return self._read(text)
        except RefusedValueError:
            if self.rule.if_bad == "empty":
                return self._read("")
            raise

    def amount(self, raw: str, currency: str) -> int | None:
        """Minor units; None when it is empty and may be."""
        text = self.plain(raw)
        if not text:
            return None
        if type(raw) is Exact and self.rule.unit not in (MINOR, STRIPE):
            found = values.amount(text, currency)
        else:
            found = self._amount(text, currency)
        return self.sound(found)

    def sound(self, found: int) -> int:
        """The amount, when it is one that the field may have."""
        if found == 0 and self.known.positive:
            raise ZeroAmountError(_MORE_THAN_ZERO)
        if found < 0 and self.known.positive:
            raise RefusedValueError(_MORE_THAN_ZERO)
        if found < 0:
            raise RefusedValueError("is less than zero")
        return found

    def reject(self, line: int, row: Row, error: RefusedValueError) -> Reject:
        """The reject of a row that this field costs."""
        columns = self.rule.source_columns
        found = row.get(columns[0], "") if columns else ""
        text = found if isinstance(found, str) else ""
        shown = "***" if self.known.personal and text else text[:SHOWN]
        return Reject(line, columns[0] if columns else self.name, shown, str(error), error.fix)


class ListField(Field):
    """Reads the members of a list in one row."""

    def items(self, row: Row) -> Sequence[Any]:
        """The members; the row itself when the rule names no list."""
        return members(row.get(self.rule.each), "") if self.rule.each else [row]

    def at(self, item: Any, path: str) -> str:
        """A member's text; empty without a path."""
        if not path:
            return ""
        return (text_at(item, path) if self.rule.each else item.get(path) or "").strip()


class SumField(ListField):
    """An amount that is the sum of a list's."""

    def total(self, row: Row, currency: str) -> int | None:
        """Minor units."""
        texts = [self.at(item, self.rule.amount) for item in self.items(row)]
        return self.sound(sum(self._amount(text, currency) for text in texts if text))


class AddedField(SumField):
    """An amount that is the sum of several columns; the first of them is needed."""

    def total(self, row: Row, currency: str) -> int | None:
        """Minor units; None when the first column is empty and may be."""
        if not self.plain(row.get(self.rule.sum[0]) or ""):
            return None
        texts = [(row.get(column) or "").strip() for column in self.rule.sum]
        return self.sound(sum(self._amount(text, currency) for text in texts if text))


class PairsField(ListField):
    """A list from one row: what a payment pays, or instalments; each member is a key and an amount."""

    def pairs(self, row: Row, currency: str, whole_minor: int) -> tuple[tuple[Any, int], ...]:
        """The pairs; a member without a key is passed over, one without an amount has the whole."""
        found = []
        for item in self.items(row):
            key, text = self.at(item, self.rule.key), self.at(item, self.rule.amount)
            if not key:
                continue
            amount_minor = self._amount(text, currency) if text else whole_minor
            if amount_minor < 0:
                raise RefusedValueError("is less than zero")
            if amount_minor:
                found.append((self._read(key), amount_minor))
        return tuple(found)


def fields_of(table: TableMapping) -> list[Field]:
    """The fields of a table in the order in which faults are looked for; numbers in other sources come last."""
    order = [name for name in FIELDS[table.makes] if name in table.fields] + table.external_ids()
    return [_field(table, name) for name in order]


def _field(table: TableMapping, name: str) -> Field:
    known = canonical(table.makes, name)
    if known is None:
        raise InvalidInputError(f"table {table.name}: no field {name}")
    rule = table.fields[name]
    if rule.key:
        return PairsField(name, known, rule)
    if rule.sum:
        return AddedField(name, known, rule)
    return (SumField if rule.each else Field)(name, known, rule)


def filled_in(template: str, row: Row) -> str:
    """The template with the row's cells in its places; empty when all of them are."""
    cells = [(row.get(name) or "").strip() for name in _PLACE.findall(template)]
    if cells and not any(cells):
        return ""
    remaining = iter(cells)
    return _PLACE.sub(lambda _: next(remaining), template)


def amount_reader(rule: FieldRule) -> Callable[[str, str], int]:
    """A reader of amounts by a rule: text and currency to minor units."""
    if rule.unit == MINOR:
        return values.minor_units
    if rule.unit == STRIPE:
        return values.stripe_units
    if rule.decimal == "." and not rule.thousands:
        return values.amount
    return lambda text, currency: values.amount(text, currency, rule.decimal, rule.thousands)


def _reader(kind: ValueType, rule: FieldRule) -> Callable[[str], Any]:
    if kind in (ValueType.DATE, ValueType.INSTALMENTS):
        read = day_reader(rule.date, rule.zone)
        return lambda text: read(text) if text else None
    if kind is ValueType.NUMBER:
        return lambda text: values.number(text, rule.decimal, rule.thousands)
    if kind is ValueType.COUNTRY and rule.country == "name":
        return values.country_by_name
    if kind is ValueType.PHONE and rule.calling_code:
        return lambda text: values.phone(text, rule.calling_code)
    return values.SIMPLE.get(kind, str)


def _exact_reader(kind: ValueType) -> Callable[[str], Any] | None:
    return day_reader("iso") if kind is ValueType.DATE else None


def external_ids(found: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The customer's numbers in other sources, of a row's values."""
    return tuple(
        (name.removeprefix(EXTERNAL_ID), text) for name, text in found.items() if name.startswith(EXTERNAL_ID) and text
    )
