"""Versioned data from ``infra/``: policies and source mappings, read from YAML and validated at first use."""

from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from dunwell.errors import InvalidInputError
from dunwell.ingestion.mapping import SourceMapping, in_zone
from dunwell.outreach.policy import Policy
from dunwell.remittance.policy import CashPolicy


@dataclass(frozen=True)
class _CashDocument:
    """A policy as far as it is about cash; the version is that of the whole document."""

    version: str
    cash: CashPolicy = field(default_factory=CashPolicy)


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
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


def read_policy(infra: Path, name: str = "default") -> Policy:
    """A policy by name.

    Raises:
        InvalidInputError: the file is missing or breaks a rule; says where.
    """
    return _read(infra / "policies" / f"{name}.yaml", Policy)


def read_cash_policy(infra: Path, name: str = "default") -> CashPolicy:
    """The rules of cash application in a policy.

    Raises:
        InvalidInputError: the file is missing or breaks a rule; says where.
    """
    document = _read(infra / "policies" / f"{name}.yaml", _CashDocument)
    return replace(document.cash, version=document.version)


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
    try:
        data: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
        return TypeAdapter(kind).validate_python(data)
    except FileNotFoundError:
        raise InvalidInputError(f"{path} does not exist") from None
    except ValidationError as error:
        raise InvalidInputError(f"{path.name}: {_said(error)}") from None
    except (yaml.YAMLError, InvalidInputError) as error:
        raise InvalidInputError(f"{path.name}: {error}") from None


def _said(error: ValidationError) -> str:
    """Where each fault is and what it is, without pydantic's own addresses."""
    faults = [(".".join(str(step) for step in one["loc"]), one["msg"]) for one in error.errors(include_url=False)]
    return "; ".join(f"{place}: {fault}" if place else fault for place, fault in faults)
