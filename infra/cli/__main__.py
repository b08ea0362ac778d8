"""``dunwell-cli``: ``check``, ``map``, ``explain``, ``policy preview``, ``message``, ``switch`` and ``openapi``."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from dunwell.errors import InvalidInputError, NotFoundError
from dunwell.ingestion.fields import RecordKind
from dunwell.ingestion.mapping import SourceMapping
from dunwell.ingestion.reading import UnreadableFileError
from dunwell.money import format_money
from dunwell_aws.documents import folder, read_mapping, read_mappings, read_policy
from infra.cli import explain, message, openapi, policy, switch
from infra.cli.check import Outcome, check
from infra.cli.propose import Answers, Proposal, propose
from infra.cli.sample import sample_of
from infra.cli.show import records_table, rejects_table, table

_EXAMPLES = """examples:
  dunwell-cli check invoices.csv                    what an import would make of a file; nothing is imported
  dunwell-cli map invoices.csv                      propose a mapping for a file that Dunwell does not know
  dunwell-cli explain --customer cus_… --on 2026-11-22   why a customer was contacted that day, or not
  dunwell-cli map invoices.csv --currency EUR --write infra/sources/my_erp.yaml
  dunwell-cli policy preview invoices.csv           whom the default policy would contact today, and why not the others
  dunwell-cli policy preview --policy uk --against eu --from 2026-12-01 --to 2026-12-31 invoices.csv
  dunwell-cli message preview --stage firm --channel letter --locale de --out letter.pdf
  dunwell-cli message lint                          what is wrong with the words of messages
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the status is 0 when it did what it says, 1 when the file or a question stands against it."""
    args = _parser().parse_args(arguments)
    try:
        status: int = args.run(args)
    except (BotoCoreError, ClientError) as error:
        return _sorry(f"AWS does not answer as expected: {error}")
    except OSError as error:
        return _sorry(f"cannot read {error.filename}: {error.strerror}")
    except (InvalidInputError, NotFoundError) as error:
        return _sorry(str(error))
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dunwell-cli",
        description="Bring your own data: see what Dunwell makes of a file, teach it a new layout, see what follows.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    checking = commands.add_parser("check", help="dry run: totals, what would be rejected and why")
    _common(checking)
    checking.add_argument("--rejects", type=Path, metavar="CSV", help="where rejected rows go (FILE.rejects.csv here)")
    checking.set_defaults(run=_check)
    mapping = commands.add_parser("map", help="propose a mapping from the headers and show the first rows as they land")
    _common(mapping)
    mapping.add_argument(
        "--write", type=Path, metavar="YAML", help="write the mapping, such as infra/sources/NAME.yaml"
    )
    mapping.add_argument("--new", action="store_true", help="propose a mapping although a known one fits")
    mapping.add_argument("--kind", choices=[str(kind) for kind in RecordKind], default="", help="what each row is")
    mapping.add_argument("--field", action="append", default=[], metavar="FIELD=COLUMN", help="say what a column is")
    mapping.add_argument("--currency", default="", metavar="CODE", help="of all amounts, when no column tells it")
    mapping.add_argument("--date", default="", metavar="FORMAT", help="of all dates, such as %%d/%%m/%%Y")
    mapping.add_argument("--decimal", default="", choices=[".", ","], help="what stands before the cents")
    mapping.set_defaults(run=_map)
    explain.add_parser(commands)
    policy.add_commands(commands)
    message.add_parser(commands)
    switch.add_parser(commands)
    openapi.add_parser(commands)
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV, TSV, XLSX, JSON Lines or Singer messages")
    parser.add_argument(
        "--mapping", type=Path, metavar="YAML", help="read it by this mapping instead of the known ones"
    )
    parser.add_argument("--source", default="", metavar="NAME", help="read it by this known mapping")


def _mappings(args: argparse.Namespace) -> list[SourceMapping]:
    zone = read_policy(folder("infra")).creditor.timezone
    return [read_mapping(args.mapping, zone)] if args.mapping else read_mappings(folder("infra"), zone)


def _check(args: argparse.Namespace) -> int:
    rejects: Path = args.rejects or Path(f"{args.file.name}.rejects.csv")
    try:
        outcome = check(args.file, _mappings(args), args.source, rejects)
    except UnreadableFileError as error:
        return _sorry(f"{error}\nFor a table with other columns, `dunwell-cli map {args.file}` proposes a mapping.")
    _report(outcome)
    if outcome.reasons:
        print(f"\nRejected rows are in {rejects}.")
    return 0


def _map(args: argparse.Namespace) -> int:
    if not args.new:
        try:
            outcome = check(args.file, _mappings(args), args.source)
        except UnreadableFileError:
            pass
        else:
            name, tables = outcome.reading.source.name, ", ".join(outcome.reading.layout.tables)
            print(f"A known mapping fits: {name} ({tables or 'by stream'}). Nothing to do; --new proposes another.\n")
            _report(outcome)
            return 0
    name = args.write.stem if args.write else re.sub(r"\W+", "_", args.file.stem).lower()
    given = dict(one.partition("=")[::2] for one in args.field)
    answers = Answers(given, args.currency, args.kind, args.date, args.decimal)
    return _propose(args, propose(name, sample_of(args.file), answers))


def _propose(args: argparse.Namespace, proposal: Proposal) -> int:
    text = yaml.safe_dump(proposal.data, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)
    text = f"# Proposed by dunwell-cli from the headers of {args.file.name}; read it before you rely on it.\n{text}"
    print(text)
    for note in proposal.notes:
        print(f"Note: {note}.")
    for question in proposal.questions:
        print(f"To decide: {question}.")
    if not proposal.mapping:
        return 1
    print()
    _report(check(args.file, [proposal.mapping]))
    if args.write:
        args.write.write_text(text, encoding="utf-8")
        print(f"\nWritten to {args.write}. Files like this one are understood from now on.")
    else:
        print("\nWrite it with --write infra/sources/NAME.yaml.")
    return 0


def _report(outcome: Outcome) -> None:
    reading, taken = outcome.reading, outcome.records.total()
    rejected = outcome.reasons.total()
    layout = reading.layout
    print(f"{outcome.rows:,} rows read as {reading.source.name}, {layout.format} in {layout.encoding}:", end=" ")
    print(f"{taken:,} would be taken, {rejected:,} rejected, {outcome.skipped:,} left out by the mapping.")
    if outcome.totals:
        rows = [
            (kind, f"{outcome.records[kind]:,}", format_money(minor, currency))
            for (kind, currency), minor in sorted(outcome.totals.items())
        ]
        print("\nTotals:\n" + table(("kind", "rows", "amount"), rows))
    if outcome.first:
        print("\nThe first rows as they would land:\n" + records_table(outcome.first))
    if outcome.reasons:
        print("\nRejected:\n" + table(("rows", "reason"), [(n, reason) for reason, n in outcome.reasons.most_common()]))
        print("\nThe first of them:\n" + rejects_table(outcome.first_rejects))
    if outcome.left_out:
        values = ", ".join(f"{count:,} of {column}" for column, count in outcome.left_out.most_common())
        print(f"\nUnreadable values left out: {values}.")
    if reading.unread:
        print(f"\nColumns that are not read: {', '.join(reading.unread)}.")
    if reading.streams and reading.streams.unknown:
        unknown = ", ".join(f"{name} ({count:,})" for name, count in reading.streams.unknown.most_common())
        print(f"\nStreams that no mapping reads: {unknown}.")


def _sorry(message: str) -> int:
    print(f"dunwell-cli: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
