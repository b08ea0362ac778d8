"""The ledger, and what customers and agents agree about in it."""

from functools import cache
from typing import TYPE_CHECKING

from dunwell_aws.bootstrap import base
from dunwell_aws.environment import LedgerEnvironment, read_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from dunwell.arrangements.desk import ArrangementDesk
    from dunwell.ledger.consequences import Consequence
    from dunwell.ledger.ports import Ledger
    from dunwell.outreach.policy import Policy
    from dunwell_aws.table import Table


@cache
def ledger_table() -> "Table":
    """The one table."""
    from dunwell_aws.aws import client
    from dunwell_aws.table import Table

    return Table(client("dynamodb"), read_environment(LedgerEnvironment).ledger_table)


def ledger() -> "Ledger":
    """Accounts; money moves agreements on, and settling an invoice charges what accrued, where policy charges."""
    return _ledger(base.policy().version)


@cache
def _ledger(_version: str) -> "Ledger":
    from dunwell.ledger.consequences import ConsequentLedger
    from dunwell_aws.ledger import DynamoLedger

    return ConsequentLedger(DynamoLedger(ledger_table()), *consequences(base.policy(), base.clock().now))


def consequences(rules: "Policy", now: "Callable[[], datetime]") -> "list[Consequence]":
    """What follows from a change of an account in the same write, in this order.

    What accrued is charged first: agreements are judged by the books with it.
    """
    from dunwell.arrangements.keeping import moving_agreements

    found = [moving_agreements(rules.arrangements, rules.creditor.timezone, now)]
    if rules.charges.rules:
        from dunwell.charges.settling import charging_what_accrued

        found.insert(0, charging_what_accrued(rules.charges, rules.creditor.timezone, now))
    return found


@cache
def pass_ledger() -> "Ledger":
    """Accounts as the daily pass reads them: at half the price, and perhaps a moment old."""
    from dunwell_aws.ledger import DynamoLedger

    return DynamoLedger(pass_table())


@cache
def pass_table() -> "Table":
    """What the daily pass reads may be a moment old: it never writes over anything (a contact is put only where there
    is none), and before anything is sent the account is read again, consistently.
    """
    from dunwell_aws.table import Table

    table = ledger_table()
    return Table(table.client, table.name, consistent=False)


def arrangement_desk() -> "ArrangementDesk":
    """What customers and agents do about agreements, by the policy in force."""
    from dunwell.arrangements.desk import ArrangementDesk

    rules = base.policy()
    return ArrangementDesk(ledger(), rules.arrangements, rules.creditor.timezone, rules.version)
