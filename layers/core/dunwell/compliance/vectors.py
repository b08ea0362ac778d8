"""Contact vectors: decisions worked out by hand, kept as JSON, against which the engine is checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dunwell.compliance.decide import decide
from dunwell.compliance.model import (
    Account,
    Channel,
    Consents,
    ContactRequest,
    CustomerFacts,
    DebtKind,
    HistoryEntry,
    HistoryKind,
    Hold,
    InconvenientTime,
    MessageFacts,
    Party,
    Purpose,
    known,
)
from dunwell.compliance.place import Location
from dunwell.compliance.policy import Policy, Profile
from dunwell.errors import InvalidInputError
from dunwell.hold_kinds import HoldKind

Json = Mapping[str, Any]

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
_HOLD_ALIASES = {"uk_breathing_space": "breathing_space", "chapter13_codebtor": "chapter_13_codebtor"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The three parts of a decision that a vector fixes."""

    allowed: bool
    reason_code: str
    next_allowed: datetime | None

    def __str__(self) -> str:
        opens = None if self.next_allowed is None else self.next_allowed.strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"allowed={self.allowed} reason={self.reason_code} next={opens}"


@dataclass(frozen=True, slots=True)
class Vector:
    """One case with the decision expected of it."""

    vector_id: str
    request: ContactRequest
    expected: Outcome


def load_vectors(path: Path) -> list[Json]:
    """The raw vectors of a file.

    Raises:
        InvalidInputError: the file is not a JSON array of objects.
    """
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise InvalidInputError(f"cannot read contact vectors from {path}: {exc}") from exc
    if not isinstance(loaded, list) or not all(isinstance(item, dict) for item in loaded):
        raise InvalidInputError(f"{path} is not a JSON array of contact vectors")
    return loaded


def parse_vector(raw: Json) -> Vector:
    """One vector as a request and its expected outcome.

    Raises:
        InvalidInputError: something is missing, malformed or unknown; nothing is silently ignored.
    """
    try:
        expect = _only(raw["expect"], "expect", "allowed", "reason_code", "next_allowed_utc")
        expected = Outcome(expect["allowed"], expect["reason_code"], _moment(expect["next_allowed_utc"]))
        return Vector(str(raw["id"]), parse_request(raw["given"]), expected)
    except KeyError as exc:
        raise InvalidInputError(f"contact vector {raw.get('id')}: {exc.args[0]!r} is missing") from exc


def actual(request: ContactRequest) -> Outcome:
    """What the engine decides, in the vector's terms."""
    decision = decide(request)
    return Outcome(decision.allowed, decision.reason_code, decision.next_allowed)


def parse_request(given: Json) -> ContactRequest:
    """The ``given`` part of a vector.

    Raises:
        InvalidInputError: a key or value is unknown or malformed.
        KeyError: a required key is missing.
    """
    _only(
        given,
        "given",
        *("channel", "now_utc", "debtor", "party", "debt_id", "profile", "purpose"),
        *("account", "message", "provider"),
    )
    provider = _only(given.get("provider") or {}, "provider", "third_party_sms_permitted")
    return ContactRequest(
        channel=known(Channel, given["channel"], "channel"),
        now=_required_moment(given["now_utc"]),
        party=known(Party, given["party"], "party"),
        debt_ids=(given["debt_id"],),
        customer=_customer(given["debtor"]),
        purpose=known(Purpose, given.get("purpose", "collection"), "purpose"),
        policy=Policy(known(Profile, given.get("profile", "house_default"), "profile")),
        account=_account(given.get("account")),
        message=_message(given.get("message")),
        third_party_sms_permitted=_flag(provider, "third_party_sms_permitted", default=True),
    )


def _customer(debtor: Json) -> CustomerFacts:
    _only(
        debtor,
        "debtor",
        *("timezone", "address_country", "address_state", "address_locality", "address_zones", "area_code"),
        *("consumer", "consents", "opted_out", "holds", "history", "inconvenient"),
        *("email_kind", "at_work", "employer_prohibits"),
    )
    kind = debtor.get("email_kind")
    if kind not in (None, "personal", "work"):
        raise InvalidInputError(f"email_kind {kind!r} is not known; use personal or work", field="email_kind")
    return CustomerFacts(
        consumer=debtor["consumer"],
        location=Location(
            country=debtor.get("address_country") or "US",
            state=debtor.get("address_state"),
            locality=debtor.get("address_locality"),
            timezone=debtor.get("timezone"),
            address_zones=tuple(debtor.get("address_zones") or ()),
            area_code=debtor.get("area_code"),
        ),
        consents=_consents(debtor.get("consents") or {}),
        opted_out=frozenset(known(Channel, channel, "opted_out") for channel in debtor.get("opted_out") or ()),
        holds=tuple(_hold(hold) for hold in debtor.get("holds") or ()),
        history=tuple(_entry(entry) for entry in debtor.get("history") or ()),
        inconvenient=tuple(_inconvenient(excluded) for excluded in debtor.get("inconvenient") or ()),
        email_is_work=kind == "work",
        at_work=_flag(debtor, "at_work"),
        employer_prohibits=_flag(debtor, "employer_prohibits"),
    )


def _consents(raw: Json) -> Consents:
    _only(
        raw,
        "consents",
        *("sms", "sms_last_confirmed_utc", "ai_voice", "electronic", "email", "work_email"),
        "creditor_email_notice_at_utc",
    )
    return Consents(
        sms=_flag(raw, "sms"),
        sms_last_confirmed=_moment(raw.get("sms_last_confirmed_utc")),
        ai_voice=_flag(raw, "ai_voice"),
        electronic=_flag(raw, "electronic"),
        email=_flag(raw, "email"),
        work_email=_flag(raw, "work_email"),
        creditor_email_notice_at=_moment(raw.get("creditor_email_notice_at_utc")),
    )


def _hold(raw: Json) -> Hold:
    _only(raw, "hold", "type", "debt_id", "at_utc", "until_utc")
    kind = _HOLD_ALIASES.get(raw["type"], raw["type"])
    return Hold(
        kind=known(HoldKind, kind, "hold type"),
        at=_required_moment(raw["at_utc"]),
        until=_moment(raw.get("until_utc")),
        debt_id=raw.get("debt_id"),
    )


def _entry(raw: Json) -> HistoryEntry:
    _only(raw, "history entry", "channel", "kind", "at_utc", "debt_id")
    return HistoryEntry(
        channel=known(Channel, raw["channel"], "channel"),
        kind=known(HistoryKind, raw["kind"], "kind"),
        at=_required_moment(raw["at_utc"]),
        debt_id=raw.get("debt_id"),
    )


def _inconvenient(raw: Json) -> InconvenientTime:
    _only(raw, "inconvenient time", "days", "from", "to")
    return InconvenientTime(frozenset(raw.get("days", _EVERY_DAY)), _minute(raw["from"]), _minute(raw["to"]))


def _account(raw: Json | None) -> Account:
    """The account's facts. A vector that does not speak of Ontario's notice is not about it: one was sent long ago."""
    raw = raw or {}
    noticed = _moment(raw["notice_sent_at_utc"]) if "notice_sent_at_utc" in raw else _LONG_AGO
    _only(
        raw,
        "account",
        *("initial_communication_at_utc", "validation_notice_sent_at_utc", "notice_sent_at_utc"),
        *("debt_kind", "in_collection_procedures", "covered_commercial"),
    )
    return Account(
        initial_communication_at=_moment(raw.get("initial_communication_at_utc")),
        validation_notice_sent_at=_moment(raw.get("validation_notice_sent_at_utc")),
        notice_sent_at=noticed,
        debt_kind=known(DebtKind, raw.get("debt_kind", "other"), "debt_kind"),
        in_collection_procedures=_flag(raw, "in_collection_procedures", default=True),
        covered_commercial=_flag(raw, "covered_commercial"),
    )


def _message(raw: Json | None) -> MessageFacts | None:
    if raw is None:
        return None
    _only(raw, "message", "opt_out_notice", "disclosure", "visible_to_others")
    return MessageFacts(
        opt_out_notice=_flag(raw, "opt_out_notice"),
        disclosure=_flag(raw, "disclosure"),
        visible_to_others=_flag(raw, "visible_to_others"),
    )


def _only(raw: Json, what: str, *allowed: str) -> Json:
    """The object itself, once it is known to hold no other keys."""
    unknown = set(raw) - set(allowed)
    if unknown:
        raise InvalidInputError(f"{what} has unknown keys {sorted(unknown)}; known are {sorted(allowed)}")
    return raw


def _flag(raw: Json, key: str, *, default: bool = False) -> bool:
    value = raw.get(key, default)
    if not isinstance(value, bool):
        raise InvalidInputError(f"{key} is {value!r}, not true or false", field=key)
    return value


def _required_moment(text: object) -> datetime:
    moment = _moment(text)
    if moment is None:
        raise InvalidInputError("a moment is missing; write it like 2026-06-15T12:00:00Z")
    return moment


def _moment(text: object) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as exc:
        raise InvalidInputError(f"{text!r} is not a moment; write it like 2026-06-15T12:00:00Z") from exc
    if moment.tzinfo is None:
        raise InvalidInputError(f"{text!r} has no time zone; write it like 2026-06-15T12:00:00Z")
    return moment.astimezone(UTC)


def _minute(text: object) -> int:
    """Minutes after midnight of a reading such as 17:00; 24:00 ends a day."""
    hours, colon, minutes = str(text).partition(":")
    if not (colon and hours.isdigit() and minutes.isdigit() and int(minutes) < 60):
        raise InvalidInputError(f"{text!r} is not a time of day; write it like 17:00")
    return int(hours) * 60 + int(minutes)
