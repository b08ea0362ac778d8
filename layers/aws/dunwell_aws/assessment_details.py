"""What nothing is asked by of an assessment, in as few bytes as it needs: rows without names, then packed.

A row holds its fields in their order, so new fields are added at the end of theirs. A row of reasons holds all their
words, then all effects, then all features, each as its place among the model's: of these, too, new ones come last, and
a place whose feature the model of recovery no longer asks for stays what it was.
With names of fields and features a quarter of an overdue portfolio's assessments would be two write units; so one in
seventeen is.
"""

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from dunwell.scoring.assessment import InvoiceAssessment, Recovery, ScoreReason
from dunwell.scoring.features import FEATURE_NAMES
from dunwell_aws.packing import packed, unpacked

_DETAILS = ("segment_facts", "invoices", "model_sha256", "card_id", "risk_reasons", "invoices_left_out", "recoveries")
_INVOICE = tuple(one.name for one in fields(InvoiceAssessment))
_RECOVERY = tuple(one.name for one in fields(Recovery))
_RECOVERY_PLACES = (
    *("own_pace", "overdue_months", "silence", "has_history", "recent_late_ratio", "other_overdue_share"),
    *("amount_ratio", "messages", "fresh_contact", "warned", "in_case", "no_answers"),
    *("promise_open", "promises_kept", "promises_broken"),
    "unpaid_months",  # since version 1.1.0, which gave up has_history, recent_late_ratio and amount_ratio
)
Plain = dict[str, Any]


def pack_details(plain: Plain) -> bytes:
    """The details of an assessment as plain data, as they are stored."""
    rows = plain | {
        "risk_reasons": _reason_row(plain["risk_reasons"], FEATURE_NAMES),
        "invoices": [_row(one, _INVOICE, FEATURE_NAMES) for one in plain["invoices"]],
        "recoveries": [_row(one, _RECOVERY, _RECOVERY_PLACES) for one in plain["recoveries"]],
    }
    return packed(json.dumps([rows[name] for name in _DETAILS], ensure_ascii=False, separators=(",", ":")))


def open_details(stored: bytes) -> Plain:
    """The details of a stored assessment, as plain data.

    Whoever has owed nothing since keeps an assessment until the next invoice, so one from before there were rows is
    read, too: it has names, and of a reason only the words.
    """
    found = json.loads(unpacked(stored))
    if isinstance(found, dict):
        return _with_words_alone(found)
    plain = dict(zip(_DETAILS, found, strict=False))
    return plain | {
        "risk_reasons": _reasons(plain["risk_reasons"], FEATURE_NAMES),
        "invoices": [_named(one, _INVOICE, FEATURE_NAMES) for one in plain["invoices"]],
        "recoveries": [_named(one, _RECOVERY, _RECOVERY_PLACES) for one in plain["recoveries"]],
    }


def _row(plain: Plain, names: Sequence[str], features: Sequence[str]) -> list[Any]:
    return [_reason_row(plain[name], features) if name == "reasons" else plain[name] for name in names]


def _named(row: Sequence[Any], names: Sequence[str], features: Sequence[str]) -> Plain:
    plain = dict(zip(names, row, strict=False))
    return plain | {"reasons": _reasons(plain["reasons"], features)}


def _reason_row(reasons: Sequence[Sequence[Any]], features: Sequence[str]) -> list[Any]:
    """A figure beside the ledger has no place among the features: it keeps its name."""
    kept = [ScoreReason(*one) for one in reasons]
    places = [features.index(one.feature) if one.feature in features else one.feature for one in kept]
    return [*(one.words for one in kept), *(one.effect_permille for one in kept), *places]


def _reasons(row: Sequence[Any], features: Sequence[str]) -> list[ScoreReason]:
    count = len(row) // 3
    parts = zip(row[:count], row[count : 2 * count], row[2 * count :], strict=True)
    return [
        ScoreReason(words, features[place] if isinstance(place, int) else place, effect)
        for words, effect, place in parts
    ]


def _with_words_alone(plain: Plain) -> Plain:
    own = [(one, "reasons") for one in (*plain["invoices"], *plain.get("recoveries", ()))]
    for holder, name in ((plain, "risk_reasons"), *own):
        holder[name] = [ScoreReason(words) for words in holder.get(name, ())]
    return plain
