"""The ledger, and what customers and agents agree about in it."""

from functools import cache
from typing import TYPE_CHECKING

from dunwell_aws.bootstrap import base
from dunwell_aws.environment import LedgerEnvironment, read_environment

if TYPE_CHECKING:
    from dunwell.arrangements.desk import ArrangementDesk
    from dunwell.ledger.ports import Ledger
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
    from dunwell.arrangements.keeping import KeepingLedger
    from dunwell_aws.ledger import DynamoLedger

    rules = base.policy()
    stored = KeepingLedger(DynamoLedger(ledger_table()), rules.arrangements, rules.creditor.timezone, base.clock().now)
    if not rules.charges.rules:
        return stored
    from dunwell.charges.settling import ChargingLedger

    return ChargingLedger(stored, rules.charges, rules.creditor.timezone, base.clock().now)


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
