"""The target's settings: options, before a `--config` file, before the environment."""

import argparse
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from infra.singer.errors import TargetError

_SOURCE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_VARIABLES = {
    "bucket": "DUNWELL_INGEST_BUCKET",
    "source": "DUNWELL_SOURCE",
    "endpoint_url": "AWS_ENDPOINT_URL",
}


@dataclass(frozen=True, slots=True)
class Config:
    """How the target runs.

    Attributes:
        bucket: the output IngestBucketName of the stack.
        source: the mapping that reads the tap's streams, such as `hubspot` (infra/sources).
        endpoint_url: of S3, when it is not Amazon's.
        batch_records, batch_bytes: a file is sent when it has so many records or bytes.
    """

    bucket: str
    source: str
    endpoint_url: str = ""
    batch_records: int = 100_000
    batch_bytes: int = 50_000_000


def read_config(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Config:
    """The settings of a run.

    Raises:
        TargetError: the file cannot be read, or a setting is missing or wrong.
    """
    options = _parser().parse_args(arguments)
    given: dict[str, Any] = {name: environment[key] for name, key in _VARIABLES.items() if environment.get(key)}
    given |= _file(options.config) if options.config else {}
    given |= {name: value for name, value in vars(options).items() if value is not None and name != "config"}
    for name in ("bucket", "source"):
        if not given.get(name):
            raise TargetError(f"{name} is missing: give --{name}, {name} in the config file, or {_VARIABLES[name]}")
    config = Config(**given)
    if not _SOURCE.fullmatch(str(config.source)):
        raise TargetError("source must be a mapping's name: small letters, digits and _")
    for name in ("batch_records", "batch_bytes"):
        if not isinstance(given.get(name, 1), int) or given.get(name, 1) < 1:
            raise TargetError(f"{name} must be a whole number above zero")
    return config


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="target-dunwell", description="Singer messages to Dunwell's ingest bucket.")
    parser.add_argument("-c", "--config", type=Path, help="a JSON file with any of the settings below")
    parser.add_argument("--bucket", help="the ingest bucket (output IngestBucketName)")
    parser.add_argument("--source", help="the mapping that reads the streams, such as hubspot")
    parser.add_argument("--endpoint-url", dest="endpoint_url", help="of S3, for the local stack")
    return parser


def _file(path: Path) -> dict[str, Any]:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TargetError(f"{path} cannot be read as JSON: {type(error).__name__}") from None
    known = {field.name for field in fields(Config)}
    if not isinstance(given, dict) or set(given) - known:
        raise TargetError(f"{path} must be an object with: {', '.join(sorted(known))}")
    return given
