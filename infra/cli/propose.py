"""Proposing a mapping from a file's headers and what stands below them."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dunwell.errors import InvalidInputError
from dunwell.ingestion import values
from dunwell.ingestion.fields import FIELDS, RecordKind, ValueType, required_fields
from dunwell.ingestion.mapping import ISO, FieldRule, SourceMapping, TableMapping
from dunwell.ingestion.reading.infer import amount_styles, date_formats
from infra.cli.sample import Sample
from infra.cli.synonyms import SYNONYMS

ENOUGH = 0.8
"""The share of a column's cells that must look like what the column is taken for."""
_AMOUNT = re.compile(r"[-(]?\s*(?:[A-Z]{3}|[$€£¥])?\s*[0-9][0-9.,' \u00a0\u202f]*\s*(?:[A-Z]{3}|[$€£¥])?\)?-?")
_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}


@dataclass(slots=True)
class Proposal:
    """A mapping, as data and as itself, and what a person should look at.

    Attributes:
        questions: what must be answered before the mapping is right; a mapping with questions is not written.
    """

    data: dict[str, Any]
    mapping: SourceMapping | None = None
    notes: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answers:
    """What the user says beside the file: field → column, and the rest empty for "find out"."""

    columns: Mapping[str, str]
    currency: str = ""
    kind: str = ""
    date: str = ""
    decimal: str = ""


def propose(name: str, sample: Sample, answers: Answers) -> Proposal:
    """A mapping for a sample, with a rule for every column that is recognised."""
    kind = RecordKind(answers.kind) if answers.kind else kind_of(sample)
    proposal = Proposal({})
    chosen = _chosen(sample, kind, answers.columns)
    _fill_in(chosen, proposal)
    rules = {field: _rule(field, chosen[field], kind, sample, answers, proposal) for field in chosen}
    if "currency" in FIELDS[kind] and "currency" not in rules:
        _currency(rules, sample.columns.get(chosen.get("amount", ""), ()), answers.currency, proposal)
    missing = [one for one in required_fields(kind) if one not in rules and one != "currency"]
    proposal.questions += [f"no column looks like {one}: name it with --field {one}=COLUMN" for one in missing]
    unread = [column for column in sample.columns if column not in chosen.values()]
    if unread:
        proposal.notes.append(f"not read: {', '.join(unread)}")
    proposal.data = {"name": name, "tables": [{"name": f"{kind}s", "makes": str(kind), "fields": rules}]}
    if not proposal.questions:
        proposal.mapping = _built(name, kind, rules, proposal)
    return proposal


def kind_of(sample: Sample) -> RecordKind:
    """What a file's rows are, by the columns that only one kind has."""
    names = {plain(column) for column in sample.columns}

    def has(one: str) -> bool:
        return bool(names & set(SYNONYMS[one]))

    if has("credit_number"):
        return RecordKind.CREDIT_NOTE
    if has("reference") and not has("due_on"):
        return RecordKind.PAYMENT
    if has("invoice_number") or has("due_on"):
        described = has("customer_name") or has("email")
        return RecordKind.RECEIVABLE if described else RecordKind.INVOICE
    return RecordKind.CUSTOMER


def plain(name: str) -> str:
    """A header in lower case, its words apart, without accents and punctuation."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name.replace("°", " "))
    ascii_only = unicodedata.normalize("NFKD", apart).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+", ascii_only.lower()))


def _chosen(sample: Sample, kind: RecordKind, given: Mapping[str, str]) -> dict[str, str]:
    """Field → column: what the user says, then the best names, each column once."""
    unknown = [column for column in given.values() if column not in sample.columns]
    fields_unknown = [one for one in given if one not in FIELDS[kind]]
    if unknown or fields_unknown:
        known = ", ".join(sample.columns) if unknown else ", ".join(FIELDS[kind])
        raise InvalidInputError(f"there is no {', '.join(unknown or fields_unknown)}; there are {known}")
    scored = sorted(
        (SYNONYMS[one].index(plain(column)), at, one, column)
        for one in FIELDS[kind]
        if one in SYNONYMS and one not in given
        for at, column in enumerate(sample.columns)
        if plain(column) in SYNONYMS[one] and looks_like(FIELDS[kind][one].type, sample.columns[column])
    )
    chosen = dict(given)
    for _, _, one, column in scored:
        if one not in chosen and column not in chosen.values():
            chosen[one] = column
    _by_looks(chosen, sample, kind)
    return {one: chosen[one] for one in FIELDS[kind] if one in chosen}


def _by_looks(chosen: dict[str, str], sample: Sample, kind: RecordKind) -> None:
    """Columns that no name tells, but their cells do: addresses and currencies."""
    for one, kind_of_value in (("email", ValueType.EMAIL), ("currency", ValueType.CURRENCY)):
        if one in FIELDS[kind] and one not in chosen:
            left = [column for column in sample.columns if column not in chosen.values()]
            found = next(
                (c for c in left if any(sample.columns[c]) and looks_like(kind_of_value, sample.columns[c])), ""
            )
            if found:
                chosen[one] = found


def looks_like(kind: ValueType, cells: Sequence[str]) -> bool:
    """Whether most of a column's cells can be of a type; an empty column can be anything."""
    test: Callable[[str], bool] | None = {
        ValueType.AMOUNT: lambda text: _AMOUNT.fullmatch(text) is not None,
        ValueType.DATE: lambda text: bool(date_formats([text])),
        ValueType.EMAIL: lambda text: _reads(values.email, text),
        ValueType.CURRENCY: lambda text: _reads(values.currency, text),
        ValueType.COUNTRY: lambda text: _reads(values.country_by_name, text),
        ValueType.DELIVERY: lambda text: _reads(values.delivery, text),
        ValueType.BOOLEAN: lambda text: _reads(values.boolean, text),
    }.get(kind)
    filled = list(dict.fromkeys(text for text in cells if text))[:200]
    return test is None or not filled or sum(1 for text in filled if test(text)) >= ENOUGH * len(filled)


def _reads(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except InvalidInputError:
        return False
    return True


def _fill_in(chosen: dict[str, str], proposal: Proposal) -> None:
    """A customer without a number is known by what names them best."""
    if "customer_number" not in chosen:
        other = chosen.get("customer_name") or chosen.get("email")
        if other:
            chosen["customer_number"] = other
            proposal.notes.append(f"customers have no number here: {other!r} tells them apart")


def _rule(
    name: str, column: str, kind: RecordKind, sample: Sample, answers: Answers, proposal: Proposal
) -> dict[str, Any]:
    """The rule of one column, with the formats that its cells have."""
    rule: dict[str, Any] = {"column": column}
    cells = list(dict.fromkeys(text for text in sample.columns[column] if text))
    known = FIELDS[kind][name]
    if known.type is ValueType.DATE:
        _date(rule, name, cells, answers.date, proposal)
    elif known.type is ValueType.AMOUNT:
        _amount(rule, cells, sample, answers.decimal, proposal)
    elif known.type is ValueType.COUNTRY and not all(_reads(values.country, text) for text in cells):
        rule["country"] = "name"
    if known.type in (ValueType.EMAIL, ValueType.PHONE, ValueType.COUNTRY):
        rule["if_bad"] = "empty"
    return rule


def _date(rule: dict[str, Any], name: str, cells: Sequence[str], given: str, proposal: Proposal) -> None:
    formats = [given] if given else date_formats(cells)
    if len(formats) > 1:
        shown = " and ".join(formats)
        proposal.questions.append(f"the dates of {rule['column']!r} fit {shown}: say which with --date '{formats[0]}'")
    elif not formats:
        proposal.questions.append(f"the dates of {rule['column']!r} are in no known format: --date '%d.%m.%Y' names it")
    elif formats[0] != ISO or any(len(text) != len("2026-10-31") for text in cells):
        rule["date"] = formats[0]


def _amount(rule: dict[str, Any], cells: Sequence[str], sample: Sample, given: str, proposal: Proposal) -> None:
    styles = [] if sample.typed else amount_styles(cells)
    if given:
        styles = [(given, "," if given == "." else ".")]
    if len(styles) > 1:
        proposal.questions.append(f"the amounts of {rule['column']!r}: say --decimal . or --decimal ,")
    elif styles and not all(re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) for text in cells):
        rule["decimal"], rule["thousands"] = styles[0]


def _currency(rules: dict[str, Any], amounts: Sequence[str], given: str, proposal: Proposal) -> None:
    symbols = {_SYMBOLS[symbol] for text in amounts for symbol in _SYMBOLS if symbol in text}
    code = given or (symbols.pop() if len(symbols) == 1 else "")
    if code:
        rules["currency"] = {"value": code.upper()}
        proposal.notes.append(f"every amount is in {code.upper()}")
    else:
        proposal.questions.append("no column tells the currency: say it with --currency USD")


def _built(name: str, kind: RecordKind, rules: Mapping[str, Any], proposal: Proposal) -> SourceMapping | None:
    try:
        table = TableMapping(f"{kind}s", kind, {one: FieldRule(**rule) for one, rule in rules.items()})
        return SourceMapping(name, (table,))
    except InvalidInputError as error:
        proposal.questions.append(str(error))
        return None
