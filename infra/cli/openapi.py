"""``dunwell-cli openapi``: the portal's JSON API as an OpenAPI document."""

import argparse
import json
from pathlib import Path
from typing import Any

from dunwell_aws.portal.api import described

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"

Commands = Any
"""argparse names no type for its sub-commands."""


def add_parser(commands: Commands) -> None:
    """Add ``openapi`` to the parser."""
    writing = commands.add_parser("openapi", help="write the description of the portal's JSON API (OpenAPI 3.1)")
    writing.add_argument("--out", type=Path, default=DOCUMENT, metavar="JSON", help="where to (docs/openapi.json)")
    writing.set_defaults(run=_write)


def text() -> str:
    """The document as it is committed."""
    return json.dumps(described(), indent=1, ensure_ascii=False) + "\n"


def _write(args: argparse.Namespace) -> int:
    args.out.write_text(text(), encoding="utf-8")
    print(f"wrote {args.out}")
    return 0
