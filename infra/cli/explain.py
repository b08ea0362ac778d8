"""``dunwell-cli explain``: why a customer was contacted or not, from what was kept; decided again."""

import argparse
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from dunwell.errors import InvalidInputError
from dunwell.outreach.decisions import DispatchDecision
from dunwell.outreach.policy import Policy
from dunwell_aws.aws import client
from dunwell_aws.decision_log import S3DecisionLog, StoredDecision, code_version, place_of, unpacked
from dunwell_aws.documents import folder, read_policy
from infra.cli.words import told
from infra.local.session import LocalSession
from infra.local.stack import AWS, REGION, STACK_NAME, USUAL_PORTS

_LOCAL = (f"http://127.0.0.1:{USUAL_PORTS[AWS]}", REGION)


def add_parser(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser("explain", help="why a customer was contacted or not; decides it again")
    parser.add_argument("decision_id", nargs="?", default="", metavar="DECISION_ID", help="as it stands with a contact")
    parser.add_argument("--customer", default="", metavar="ID", help="all decisions about a customer ...")
    parser.add_argument("--on", type=date.fromisoformat, metavar="DATE", help="... on this business date")
    parser.add_argument("--file", type=Path, metavar="GZ", help="read a copy of a file of the bucket, in its folders")
    parser.add_argument("--stack", default=STACK_NAME, metavar="NAME", help=f"the deployed stack ({STACK_NAME})")
    parser.add_argument("--policy", default="", metavar="NAME", help="what another policy would have decided")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the decisions asked for; 0 when each is what was kept and is decided the same today."""
    found = _found(args)
    if not found:
        raise InvalidInputError("no decision is kept about this customer on this date")
    policy = read_policy(folder("infra"), args.policy) if args.policy else None
    return max([explained(one, args.decision_id, policy) for one in found])


def explained(stored: StoredDecision, asked_id: str = "", policy: Policy | None = None) -> int:
    """Print one decision and decide it again; 0 when nothing differs.

    Args:
        asked_id: the id that it should have; empty when it was not asked for by id.
        policy: decide by this one instead of the one that was kept.
    """
    print("\n".join(told(stored)))
    intact = asked_id in ("", stored.decision_id)
    if not intact:
        print(f"CHANGED: this is not what was decided under {asked_id}: the record or its policy was altered.")
    decision, rules = stored.decision, policy or stored.policy
    kept = decision.record if isinstance(decision, DispatchDecision) else decision.plan
    again = decision.again(rules)
    by = f"policy {rules.version}, code {code_version()}"
    if again == kept:
        print(f"Decided again ({by}): the same.\n")
        return 0 if intact else 1
    print(f"Decided again ({by}): DIFFERENT. Today it would be:\n  {again}\n")
    return 1


def _found(args: argparse.Namespace) -> Sequence[StoredDecision]:
    if args.file:
        records = unpacked(place_of(args.file), args.file.read_bytes())
        if args.decision_id:
            number = args.decision_id.rsplit(":", 2)[-2:-1]
            return [one for one in records if one.decision_id.rsplit(":", 2)[-2:-1] == number]
        return [one for one in records if args.customer in ("", one.decision.customer_id)]
    if not args.decision_id and not (args.customer and args.on):
        raise InvalidInputError("name a decision, or a customer and a date: --customer ID --on YYYY-MM-DD")
    log = _log(args.stack)
    return [log.find(args.decision_id)] if args.decision_id else log.of_customer(args.customer, args.on)


def _log(stack: str) -> S3DecisionLog:
    """The log of a deployed stack; the local one's address is known."""
    local = LocalSession(*_LOCAL) if stack == STACK_NAME and "AWS_ENDPOINT_URL" not in os.environ else None
    make = local.client if local else client
    outputs = make("cloudformation").describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    names = {one["OutputKey"]: one["OutputValue"] for one in outputs}
    if "DecisionsBucketName" not in names:
        raise InvalidInputError(f"stack {stack} has no bucket of decisions")
    return S3DecisionLog(make("s3"), names["DecisionsBucketName"])
