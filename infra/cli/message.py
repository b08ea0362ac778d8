"""``dunwell-cli message``: see what customers get, and what is wrong with its words."""

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from dunwell.accounts.model import Channel, CustomerKind
from dunwell.dates import business_date
from dunwell.errors import InvalidInputError, NotFoundError
from dunwell.outreach.announced import MANNERS
from dunwell.outreach.dispatch import Message
from dunwell.outreach.policy import Policy, Stage, Tone
from dunwell.outreach.stage import THANKS
from dunwell.outreach.text_size import text_size
from dunwell_aws.bootstrap import books
from dunwell_aws.documents import folder, read_policy
from dunwell_aws.message_sample import (
    Sample,
    channels_of,
    message_about,
    name_of,
    render,
    sample_message,
    stages_of,
)
from dunwell_aws.messages import Renderer
from infra.cli.message_lint import ACCOUNT_URL, STOP_URL, lint

_HTML, _PDF = ".html", ".pdf"


def add_parser(commands: Any) -> None:
    """The command ``message`` with what it can do."""
    message = commands.add_parser("message", help="see a message as customers get it, and check the words of all")
    doing = message.add_subparsers(required=True, metavar="ACTION")
    preview = doing.add_parser("preview", help="one message, about a sample account or a customer's")
    preview.add_argument(
        "--stage", required=True, metavar="NAME", help=f"of the policy, {THANKS}, or an announcement such as receipt"
    )
    preview.add_argument("--channel", default="email", choices=[str(one) for one in Channel])
    preview.add_argument("--locale", default="en", metavar="LANGUAGE", help="such as en, es, fr or de")
    preview.add_argument("--tone", default="", choices=["", *map(str, Tone)], help="the stage's, unless said otherwise")
    preview.add_argument("--policy", default="default", metavar="NAME", help="a file of infra/policies")
    preview.add_argument(
        "--customer", default="", metavar="ID", help="a customer of the ledger that LEDGER_TABLE names"
    )
    preview.add_argument("--consumer", action="store_true", help="the sample customer is a person, not a business")
    preview.add_argument("--out", type=Path, metavar="FILE", help=".html and .txt for mail, .pdf for letters")
    preview.set_defaults(run=_preview)
    gallery = doing.add_parser("gallery", help="every message of a policy as files to look at")
    gallery.add_argument("folder", type=Path, metavar="FOLDER")
    gallery.add_argument("--policy", default="default", metavar="NAME", help="a file of infra/policies")
    gallery.set_defaults(run=_gallery)
    linting = doing.add_parser(
        "lint", help="read every text and render all that the policies use; 1 if anything is wrong"
    )
    linting.set_defaults(run=_lint)


def _lint(_: argparse.Namespace) -> int:
    infra = folder("infra")
    policies = {path.stem: read_policy(infra, path.stem) for path in sorted((infra / "policies").glob("*.yaml"))}
    faults = lint(infra / "messages", policies)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(faults)} faults in the messages of {len(policies)} policies.")
    return 1 if faults else 0


def _preview(args: argparse.Namespace) -> int:
    policy = read_policy(folder("infra"), args.policy)
    renderer = Renderer(folder("infra") / "messages", policy)
    message = _message(args, policy)
    if args.out and args.out.suffix == _PDF:
        made = renderer.letter(message, ACCOUNT_URL) if message.contact.channel is Channel.LETTER else None
        args.out.write_bytes(made or renderer.statement(message))
        print(f"Written to {args.out}.")
        return 0
    words = render(renderer, message, ACCOUNT_URL, STOP_URL)
    if words.instead_of:
        print(f"There are no words in {words.instead_of!r}: {words.language!r} is used instead.", file=sys.stderr)
    if args.out:
        args.out.write_text(words.html if args.out.suffix == _HTML else words.text, encoding="utf-8")
        print(f"Written to {args.out}.")
        return 0
    print("\n".join(text for text in (f"Subject: {words.subject}\n" if words.subject else "", words.text) if text))
    if message.contact.channel is Channel.SMS:
        size = text_size(words.text)
        print(f"{size.parts} part{'s' * (size.parts > 1)}: {size.units} units of {size.alphabet}.")
    for attached in words.attachments:
        print(f"Attached: {attached.name}, {len(attached.content):,} bytes.")
    for notice in words.notices:
        print(f"Rule {notice.rule_id}: {notice.citation}.")
    return 0


def _gallery(args: argparse.Namespace) -> int:
    policy = read_policy(folder("infra"), args.policy)
    renderer, files = Renderer(folder("infra") / "messages", policy), 0
    today = business_date(datetime.now().astimezone(), policy.creditor.timezone)
    args.folder.mkdir(parents=True, exist_ok=True)
    for language in renderer.languages:
        for stage in stages_of(policy):
            for channel in channels_of(stage):
                message = sample_message(Sample(policy, stage, channel, language), today)
                files += _written(renderer, message, args.folder / f"{language}-{message.contact.stage}-{channel}")
    print(f"{files} files written to {args.folder}.")
    return 0


def _written(renderer: Renderer, message: Message, path: Path) -> int:
    """Writes a message beside its attachments; how many files that is."""
    words = render(renderer, message, ACCOUNT_URL, STOP_URL)
    said = f"Subject: {words.subject}\n\n{words.text}" if words.subject else words.text
    path.with_suffix(".txt").write_text(said, encoding="utf-8")
    if words.html:
        path.with_suffix(".html").write_text(words.html, encoding="utf-8")
    if message.contact.channel is Channel.LETTER:
        path.with_suffix(_PDF).write_bytes(renderer.letter(message, ACCOUNT_URL))
    for attached in words.attachments:
        path.with_name(f"{path.name}-{attached.name}").write_bytes(attached.content)
    return 1 + bool(words.html) + (message.contact.channel is Channel.LETTER) + len(words.attachments)


def _message(args: argparse.Namespace, policy: Policy) -> Message:
    sample = Sample(
        policy,
        _stage(args.stage, policy),
        Channel(args.channel),
        args.locale,
        Tone(args.tone) if args.tone else None,
        kind=CustomerKind.PERSON if args.consumer else CustomerKind.BUSINESS,
    )
    today = business_date(datetime.now().astimezone(), policy.creditor.timezone)
    if sample.channel not in channels_of(sample.stage):
        raise InvalidInputError(f"nobody is called with {name_of(sample.stage)!r}: choose another channel")
    if not args.customer:
        return sample_message(sample, today)
    if name_of(sample.stage) in MANNERS:
        raise InvalidInputError("an announcement is shown about a sample account: leave --customer out")
    account = books.ledger().load(args.customer)
    if account is None:
        raise NotFoundError(f"there is no customer {args.customer!r} in the ledger")
    open_in = [one.invoice.currency for one in account.open_invoices if one.is_collectable]
    if not open_in:
        raise NotFoundError(f"nothing may be asked of {args.customer!r}: there is no message to show")
    return message_about(account, sample, open_in[0], today)


def _stage(name: str, policy: Policy) -> Stage | str:
    found = next((stage for stage in stages_of(policy) if name_of(stage) == name), None)
    if found is None:
        known = ", ".join(map(name_of, stages_of(policy)))
        raise InvalidInputError(f"the policy has no stage {name!r}; it has: {known}")
    return found
