"""``dunwell-cli policy preview``: whom a policy would contact, when and how, and what another one would do instead."""

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from dunwell.dates import business_date
from dunwell.errors import InvalidInputError
from dunwell.money import format_money
from dunwell.outreach.policy import Policy, PolicyVersions
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.preview import Foreseen, Preview, days_between, differences, preview
from dunwell.timezones import zone
from dunwell_aws.documents import folder, read_mappings, read_policies
from infra.cli.in_memory import accounts_of
from infra.cli.show import table

MOST_DAYS = 400
_COLUMNS = (
    "policy",
    "on",
    "customer",
    "name",
    "currency",
    "stage",
    "channel",
    "invoices",
    "amount_minor",
    "reason_code",
    "overrides",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A policy and what it would do."""

    name: str
    versions: PolicyVersions
    found: Preview


def add_commands(commands: Any) -> None:
    """Add ``policy`` to the parser's commands."""
    parser = commands.add_parser("policy", help="see what a policy would do before it does it")
    previewing = parser.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "preview",
        help="dry run: whom it would contact, when and how",
        description="Imports files into a ledger in memory and plans day by day, as if every message arrived and "
        "nobody paid. Nothing is sent and nothing is kept.",
    )
    _arguments(previewing)
    previewing.set_defaults(run=_preview)


def _arguments(parser: argparse.ArgumentParser) -> None:
    day = date.fromisoformat
    parser.add_argument("files", type=Path, nargs="+", metavar="DATA", help="files as `dunwell-cli check` reads them")
    parser.add_argument("--policy", default="default", metavar="NAME", help="of infra/policies (default)")
    parser.add_argument("--against", default="", metavar="OTHER", help="show where another policy differs")
    parser.add_argument("--as-of", type=day, metavar="DATE", help="one business date (today)")
    parser.add_argument("--from", dest="first", type=day, metavar="DATE", help="the first of several")
    parser.add_argument("--to", dest="last", type=day, metavar="DATE", help="the last of several")
    parser.add_argument("--at", type=time.fromisoformat, default=time(10), metavar="HH:MM", help="when it is planned")
    parser.add_argument("--risk", type=int, metavar="PERMILLE", help="everybody's risk; unknown when left out")
    parser.add_argument("--segment", default="", metavar="NAME", help="everybody's segment; unknown when left out")
    parser.add_argument("--rows", type=int, default=20, metavar="N", help="how many contacts to list (20)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything, for programs")
    form.add_argument("--csv", action="store_true", help="every contact, for a spreadsheet")


def _preview(args: argparse.Namespace) -> int:
    names = [args.policy, *([args.against] if args.against else [])]
    policies = [read_policies(folder("infra"), name) for name in names]
    days = _days(args, policies[0])
    creditor = policies[0].on(days[0]).creditor
    mappings = read_mappings(folder("infra"), creditor.timezone)
    accounts, rejected = accounts_of(args.files, mappings, creditor.creditor_id, days[0])
    if rejected:
        print(f"Note: {rejected:,} rows were rejected; `dunwell-cli check` says why.", file=sys.stderr)
    known = CollectionState(risk_permille=args.risk, segment=args.segment)

    def planned_at(day: date, policy: Policy) -> datetime:
        return datetime.combine(day, args.at, tzinfo=zone(policy.creditor.timezone)).astimezone(UTC)

    shown = [
        Shown(name, versions, preview(accounts, versions, days, planned_at, known))
        for name, versions in zip(names, policies, strict=True)
    ]
    _print(args, shown, days)
    return 0


def _days(args: argparse.Namespace, versions: PolicyVersions) -> list[date]:
    if (args.first is None) != (args.last is None):
        raise InvalidInputError("a range needs both --from and --to")
    if args.first is None:
        now = datetime.now(UTC)
        return [args.as_of or business_date(now, versions.at(now).creditor.timezone)]
    if args.as_of:
        raise InvalidInputError("give either --as-of or --from and --to")
    days = days_between(args.first, args.last)
    if not 0 < len(days) <= MOST_DAYS:
        raise InvalidInputError(f"--to comes after --from, and at most {MOST_DAYS} days after it")
    return days


def _print(args: argparse.Namespace, shown: Sequence[Shown], days: Sequence[date]) -> None:
    if args.json:
        print(json.dumps(_as_data(shown, days), indent=2, default=str, ensure_ascii=False))
    elif args.csv:
        writer = csv.DictWriter(sys.stdout, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(_row(one.name, contact) for one in shown for contact in one.found.foreseen)
    else:
        for one in shown:
            _print_policy(one, days, args.rows if len(shown) == 1 else 0)
        if len(shown) > 1:
            _print_differences(shown, args.rows)


def _row(policy: str, contact: Foreseen) -> dict[str, object]:
    cells = {"policy": policy} | asdict(contact) | {"overrides": "; ".join(contact.overrides)}
    # What a source wrote must not become a formula in a spreadsheet.
    return {name: f"'{value}" if str(value)[:1] in ("=", "+", "@", "-") else value for name, value in cells.items()}


def _as_data(shown: Sequence[Shown], days: Sequence[date]) -> dict[str, object]:
    data: dict[str, object] = {
        "days": [days[0], days[-1]],
        "policies": [
            {
                "policy": one.name,
                "versions": sorted({one.versions.on(day).version for day in days}),
                "accounts": one.found.accounts,
                "contacts": [asdict(contact) for contact in one.found.foreseen],
                "not_contacted": dict(one.found.silent),
            }
            for one in shown
        ],
    }
    if len(shown) > 1:
        data["differences"] = [asdict(one) for one in differences(shown[0].found, shown[1].found)]
    return data


def _print_policy(shown: Shown, days: Sequence[date], rows: int) -> None:
    found = shown.found
    allowed = [one for one in found.foreseen if one.is_allowed]
    versions = ", ".join(dict.fromkeys(shown.versions.on(day).version for day in days))
    when = f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}"
    print(f"Policy {shown.name}, version {versions}, {when}: {found.accounts:,} accounts have something open.")
    print("\nWould be contacted:\n" + (_by_stage(allowed, shown) if allowed else "  nobody"))
    if rows and allowed:
        print(f"\nThe first {min(rows, len(allowed)):,} of {len(allowed):,}:\n" + _listed(allowed[:rows]))
    refused = Counter(one.reason_code for one in found.foreseen if not one.is_allowed)
    if refused:
        print("\nPolicy asks for a contact, but it may not be made (on so many days):\n" + _counted(refused))
    if found.silent:
        print("\nPolicy asks for no contact (on so many days):\n" + _counted(found.silent))
    if found.overrides:
        print("\nOverrides that had a say in that:\n" + _counted(found.overrides))
    print()


def _counted(reasons: Counter[str]) -> str:
    return table(("days", "reason"), [(f"{count:,}", reason) for reason, count in reasons.most_common()])


def _by_stage(allowed: Sequence[Foreseen], shown: Shown) -> str:
    """By currency, then from the mildest stage to the agent."""
    names = [stage.name for policy in shown.versions.versions for stage in policy.stages]
    groups: dict[tuple[str, int, str], list[Foreseen]] = {}
    for one in allowed:
        rank = names.index(one.stage) if one.stage in names else len(names)
        groups.setdefault((one.currency, rank, one.channel), []).append(one)
    rows = [
        (
            group[0].stage,
            channel,
            f"{len(group):,}",
            f"{len({one.customer for one in group}):,}",
            f"{sum(one.invoices for one in group):,}",
            format_money(sum(one.amount_minor for one in group), currency),
        )
        for (currency, rank, channel), group in sorted(groups.items())
    ]
    return table(("stage", "channel", "contacts", "customers", "invoices", "amount"), rows)


def _listed(contacts: Sequence[Foreseen]) -> str:
    header = ("date", "customer", "name", "stage", "channel", "invoices", "amount", "by")
    return table(
        header,
        [
            (
                one.on,
                one.customer,
                one.name[:28],
                one.stage,
                one.channel,
                one.invoices,
                format_money(one.amount_minor, one.currency),
                "; ".join(one.overrides),
            )
            for one in contacts
        ],
    )


def _print_differences(shown: Sequence[Shown], rows: int) -> None:
    ours, theirs = shown
    found = differences(ours.found, theirs.found)
    print(f"Treated differently by {ours.name} and {theirs.name}: {len(found):,} (customer and currency).")
    if found:
        header = ("customer", "currency", ours.name, theirs.name)
        lines = [(one.customer, one.currency, _steps(one.ours), _steps(one.theirs)) for one in found[:rows]]
        print(f"The first {len(lines):,}:\n" + table(header, lines))


def _steps(foreseen: Sequence[Foreseen]) -> str:
    """What a customer would get, in order; refusals once by reason."""
    allowed = (one for one in foreseen if one.is_allowed)
    sent = [f"{one.on:%m-%d} {one.stage}{f' ({one.channel})' if one.channel else ''}" for one in allowed]
    refused = dict.fromkeys(one.reason_code for one in foreseen if not one.is_allowed)
    return ", ".join([*sent, *refused]) or "nothing"
