"""The composition root: what a function is made of, built at first use and kept for the process's life.

Only what is asked for is imported and built, so that a function pays for nothing that it does not use.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dunwell_aws.clock import Clock
from dunwell_aws.environment import Environment, LedgerEnvironment, read_environment

if TYPE_CHECKING:
    from dunwell.escalation.escalation import Escalation
    from dunwell.ingestion.mapping import SourceMapping
    from dunwell.outreach.policy import Policy
    from dunwell_aws.collection import DynamoCollection
    from dunwell_aws.ledger import DynamoLedger
    from dunwell_aws.table import Table


@cache
def clock() -> Clock:
    """The deployment's clock."""
    return Clock(read_environment(Environment).clock_offset_seconds)


@cache
def ledger_table() -> "Table":
    """The one table."""
    from dunwell_aws.aws import client
    from dunwell_aws.table import Table

    return Table(client("dynamodb"), read_environment(LedgerEnvironment).ledger_table)


@cache
def ledger() -> "DynamoLedger":
    """Accounts."""
    from dunwell_aws.ledger import DynamoLedger

    return DynamoLedger(ledger_table())


@cache
def collection() -> "DynamoCollection":
    """Assessments, contacts and cases."""
    from dunwell_aws.collection import DynamoCollection

    return DynamoCollection(ledger_table())


@cache
def escalation() -> "Escalation":
    """The use cases of escalation."""
    from dunwell.escalation.escalation import Escalation
    from dunwell_aws.aws import client
    from dunwell_aws.executions import StepFunctionsExecutions

    return Escalation(collection(), ledger(), StepFunctionsExecutions(client("stepfunctions")))


@cache
def policy() -> "Policy":
    """The creditor's policy."""
    from dunwell_aws.documents import read_policy

    return read_policy(Path(read_environment(Environment).data_dir))


@cache
def mappings() -> "list[SourceMapping]":
    """The sources that Dunwell can read."""
    from dunwell_aws.documents import read_mappings

    return read_mappings(Path(read_environment(Environment).data_dir))
