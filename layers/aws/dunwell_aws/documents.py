"""Versioned data from ``infra/``: policies and source mappings, read from YAML and validated at first use."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from dunwell.errors import InvalidInputError
from dunwell.ingestion.mapping import SourceMapping, in_zone
from dunwell.outreach.policy import Policy, PolicyVersions
from dunwell.remittance.policy import CashPolicy
from dunwell_aws.strict import Place, StrictLoader, line_of, unknown_keys

_CASH = "cash"
"""The part of a policy that is not about outreach."""

T = TypeVar("T")


def folder(name: str) -> Path:
    """A top-level folder of the project: in the repository itself, or as a layer carries it beside the packages.

    Raises:
        InvalidInputError: there is none of that name.
    """
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise InvalidInputError(f"the folder {name} is neither in the project nor in a layer")
    return Path(next(iter(found.submodule_search_locations)))


def read_policies(infra: Path, name: str = "default") -> PolicyVersions:
    """All versions of a policy: the documents of its file, separated by ``---``.

    Raises:
        InvalidInputError: the file is missing or breaks a rule; says where, and what to do.
    """
    path = infra / "policies" / f"{name}.yaml"
    found = [_policy(path, number, data) for number, data in enumerate(_policy_documents(path))]
    try:
        return PolicyVersions(found)
    except InvalidInputError as error:
        raise InvalidInputError(f"{path.name}: {error}") from None


def read_policy(infra: Path, name: str = "default", on: date | None = None) -> Policy:
    """The version of a policy in force on a business date; None: the newest, whenever it begins.

    Raises:
        InvalidInputError: the file is missing or breaks a rule, or no version is in force; says where.
    """
    return read_policies(infra, name).on(on or date.max)


def read_cash_policy(infra: Path, name: str = "default", version: str = "") -> CashPolicy:
    """The rules of cash application in a version of a policy; empty: in the newest.

    Raises:
        InvalidInputError: the file is missing or breaks a rule; says where.
    """
    path = infra / "policies" / f"{name}.yaml"
    wanted = version or read_policy(infra, name).version
    for number, data in enumerate(_policy_documents(path)):
        if str(data.get("version")) == wanted:
            return replace(_cash(path, number, data), version=wanted)
    raise InvalidInputError(f"{path.name} has no version {wanted!r}")


def _policy_documents(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a policy's file as they stand there."""
    for number, data in enumerate(_documents(path)):
        if not isinstance(data, dict):
            raise InvalidInputError(f"{path.name}: document {number + 1} is not a policy: it has no keys")
        yield data


def _policy(path: Path, number: int, data: dict[str, Any]) -> Policy:
    _cash(path, number, data)
    made = _checked(path, number, Policy, {key: value for key, value in data.items() if key != _CASH}, ())
    for place, fault in _unknown_names(made, path.parent.parent / "messages"):
        raise _fault(path, number, place, fault)
    return made


def _unknown_names(policy: Policy, messages: Path) -> Iterator[tuple[Place, str]]:
    """What a policy names that there is not: segments; templates and languages, where there are words to look in."""
    yield from _unknown_segments(policy)
    if messages.is_dir():
        yield from _without_words(policy, messages)


def _without_words(policy: Policy, messages: Path) -> Iterator[tuple[Place, str]]:
    language = policy.creditor.language
    if not (messages / language / "common.yaml").is_file():
        yield ("creditor", "language"), f"there are no words in {language!r}: write messages/{language}/common.yaml"
        return
    for number, stage in enumerate(policy.stages):
        if not (messages / language / f"{stage.words}.yaml").is_file():
            place = "template" if stage.template else "name"
            words = f"messages/{language}/{stage.words}.yaml"
            yield ("stages", number, place), f"the template {stage.words!r} has no words: write {words}"


def _unknown_segments(policy: Policy) -> Iterator[tuple[Place, str]]:
    named = [
        *((("stages", at, "when", "segments"), one) for at, it in enumerate(policy.stages) for one in it.when.segments),
        *((("overrides", at, "segment"), it.segment) for at, it in enumerate(policy.overrides) if it.segment),
    ]
    if not named:
        return
    from dunwell.scoring.segments import SEGMENT_NAMES  # most policies name none, and most functions need no scoring

    for place, name in named:
        if name not in SEGMENT_NAMES:
            yield place, f"{name!r} is no segment; there are {', '.join(SEGMENT_NAMES)}"


def _cash(path: Path, number: int, data: dict[str, Any]) -> CashPolicy:
    return _checked(path, number, CashPolicy, data.get(_CASH, {}), (_CASH,))


def _checked(path: Path, number: int, kind: type[T], data: Any, inside: Place) -> T:
    """A part of a document as what it is; a fault is told with the file, the line and the place."""
    for place, fault in unknown_keys(kind, data):
        raise _fault(path, number, (*inside, *place), fault)
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _fault(path, number, (*inside, *first["loc"]), first["msg"]) from None
    except InvalidInputError as error:
        steps = (error.field or "").split(".") if error.field else []
        place = tuple(int(step) if step.isdecimal() else step for step in steps)
        raise _fault(path, number, (*inside, *place), str(error)) from None


def _fault(path: Path, number: int, place: Place, fault: str) -> InvalidInputError:
    line = line_of(path.read_text(encoding="utf-8"), number, place)
    where = ".".join(str(step) for step in place)
    return InvalidInputError(f"{path.name}, line {line}{', ' if where else ''}{where}: {fault}")


def read_mappings(infra: Path, zone: str = "UTC") -> list[SourceMapping]:
    """All source mappings, by file name.

    Args:
        zone: the creditor's (IANA), for instants that are read in its calendar.

    Raises:
        InvalidInputError: one of the files breaks a rule; says which and where.
    """
    return [read_mapping(path, zone) for path in sorted((infra / "sources").glob("*.yaml"))]


def read_mapping(path: Path, zone: str = "UTC") -> SourceMapping:
    """One source mapping; see ``read_mappings``.

    Raises:
        InvalidInputError: the file is missing or breaks a rule; says where.
    """
    return in_zone(_read(path, SourceMapping), zone)


def _read(path: Path, kind: type[T]) -> T:
    data = next(iter(_documents(path)), None)
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        raise InvalidInputError(f"{path.name}: {_said(error)}") from None
    except InvalidInputError as error:
        raise InvalidInputError(f"{path.name}: {error}") from None


def _documents(path: Path) -> list[Any]:
    """What a file holds, its parts separated by ``---``."""
    try:
        return list(yaml.load_all(path.read_text(encoding="utf-8"), Loader=StrictLoader))
    except FileNotFoundError:
        raise InvalidInputError(f"{path} does not exist") from None
    except yaml.YAMLError as error:
        raise InvalidInputError(f"{path.name}: {error}") from None


def _said(error: ValidationError) -> str:
    """Where each fault is and what it is, without pydantic's own addresses."""
    faults = [(".".join(str(step) for step in one["loc"]), one["msg"]) for one in error.errors(include_url=False)]
    return "; ".join(f"{place}: {fault}" if place else fault for place, fault in faults)
