"""Whom to contact and why: contacts, decisions, cases, tasks, what was stopped."""

from functools import cache
from typing import TYPE_CHECKING

from dunwell_aws.bootstrap import base, books
from dunwell_aws.environment import DecisionsEnvironment, read_environment

if TYPE_CHECKING:
    from dunwell.escalation.escalation import Escalation
    from dunwell.outreach.case_calls import CaseCalls
    from dunwell.outreach.tasks import TaskDesk
    from dunwell_aws.collection import DynamoCollection
    from dunwell_aws.decision_log import S3DecisionLog
    from dunwell_aws.switch_store import CachedSwitches, DynamoSwitches
    from dunwell_aws.tasks import DynamoNotices, DynamoTasks


@cache
def collection() -> "DynamoCollection":
    """Assessments, contacts and cases."""
    from dunwell_aws.collection import DynamoCollection

    return DynamoCollection(books.ledger_table())


@cache
def pass_collection() -> "DynamoCollection":
    """Assessments, contacts and cases as the daily pass reads them: at half the price, and perhaps a moment old."""
    from dunwell_aws.collection import DynamoCollection

    return DynamoCollection(books.pass_table())


@cache
def decision_log() -> "S3DecisionLog":
    """Where decisions are kept."""
    from dunwell_aws.aws import client
    from dunwell_aws.decision_log import S3DecisionLog

    return S3DecisionLog(client("s3"), read_environment(DecisionsEnvironment).decisions_bucket)


@base.for_each_policy
def escalation() -> "Escalation":
    """The use cases of escalation."""
    from dunwell.escalation.escalation import Escalation
    from dunwell_aws.aws import client
    from dunwell_aws.executions import StepFunctionsExecutions

    return Escalation(collection(), books.ledger(), StepFunctionsExecutions(client("stepfunctions")))


@base.for_each_policy
def case_calls() -> "CaseCalls":
    """The calls of agents about cases."""
    from dunwell.outreach.case_calls import CaseCalls

    return CaseCalls(books.ledger(), collection(), decision_log(), base.policy())


@cache
def tasks() -> "DynamoTasks":
    """What agents do beside cases."""
    from dunwell_aws.tasks import DynamoTasks

    return DynamoTasks(books.ledger_table())


@base.for_each_policy
def task_desk() -> "TaskDesk":
    """What agents, and changes of the ledger, do about tasks."""
    from dunwell.outreach.tasks import TaskDesk

    return TaskDesk(books.ledger(), collection(), tasks(), base.policy())


@cache
def notices() -> "DynamoNotices":
    """What the portal shows a customer who comes."""
    from dunwell_aws.tasks import DynamoNotices

    return DynamoNotices(books.ledger_table())


@cache
def switches() -> "DynamoSwitches":
    """What people and breakers stopped."""
    from dunwell_aws.switch_store import DynamoSwitches

    return DynamoSwitches(books.ledger_table())


@cache
def switched() -> "CachedSwitches":
    """What is stopped, as planning and dispatch go by it."""
    from dunwell_aws.switch_store import CachedSwitches

    return CachedSwitches(switches())
