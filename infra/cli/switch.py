"""``dunwell-cli switch``: stop a channel, a creditor or a jurisdiction at once, and let it go on."""

import argparse
import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from dunwell.errors import ConflictError, InvalidInputError
from dunwell.outreach.switches import Switch, SwitchStore, turned
from dunwell_aws.switch_store import DynamoSwitches
from dunwell_aws.table import Table
from infra.cli.show import table

Commands = Any
"""argparse names no type for its sub-commands."""


def add_parser(commands: Commands) -> None:
    """Add ``switch list``, ``switch stop SCOPE`` and ``switch start SCOPE`` to the parser."""
    switch = commands.add_parser("switch", help="stop contact on a channel, of a creditor or in a jurisdiction at once")
    inner = switch.add_subparsers(required=True, metavar="COMMAND")
    listing = inner.add_parser("list", help="the switches that were ever turned")
    _table(listing)
    listing.set_defaults(run=lambda args: show(_store(args)))
    for name, what in (("stop", "stop it within 15 seconds"), ("start", "let it go on; nothing is sent later")):
        turning = inner.add_parser(name, help=what)
        turning.add_argument("scope", metavar="SCOPE", help="channel:sms, creditor:ID, jurisdiction:US or US-NY")
        _table(turning)
        turning.add_argument("--reason", required=True, help="why, for those who read it later")
        turning.add_argument("--by", default=getpass.getuser(), help="who (the user of this machine)")
        turning.set_defaults(run=_turning(name == "stop"))


def show(store: SwitchStore) -> int:
    """Print the switches."""
    rows = [
        [one.scope, "stopped" if one.is_stopped else "goes on", f"{one.at:%Y-%m-%d %H:%M} UTC", one.by, one.reason]
        for one in store.switches()
    ]
    print(table(["switch", "is", "since", "by", "reason"], rows) if rows else "No switch was ever turned.")
    return 0


def turn(store: SwitchStore, scope: str, stop: bool, by: str, reason: str, now: datetime) -> Switch:
    """Turn a switch and say so.

    Raises:
        InvalidInputError: see ``switches.turned``; also when somebody else turned it at the same moment.
    """
    try:
        switch = turned(store, scope, stop, by, reason, now)
    except ConflictError as lost:
        raise InvalidInputError(str(lost)) from None
    print(f"{switch.scope} {'is stopped' if switch.is_stopped else 'goes on'} ({switch.by}: {switch.reason})")
    return switch


def _turning(stop: bool) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        turn(_store(args), args.scope, stop, args.by, args.reason, datetime.now(UTC))
        return 0

    return run


def _table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--table", required=True, metavar="NAME", help="the stack's output LedgerTableName")


def _store(args: argparse.Namespace) -> SwitchStore:
    import boto3

    return DynamoSwitches(Table(boto3.client("dynamodb"), args.table))
