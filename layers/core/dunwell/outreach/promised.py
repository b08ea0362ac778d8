"""An agreement as messages tell it: its schedule in short, and what is left of an instalment."""

from collections.abc import Mapping
from datetime import date

from dunwell.ledger.agreements import AgreedInstalment, Agreement
from dunwell.ledger.model import Account


def schedule_of(agreement: Agreement) -> str:
    """The instalments in short, such as ``1:2026-12-01:10000 2:2027-01-04:10000``: what a customer was told."""
    return " ".join(f"{one.number}:{one.due_on.isoformat()}:{one.amount_minor}" for one in agreement.instalments)


def schedule_told(short: str) -> Mapping[int, AgreedInstalment]:
    """The instalments of ``schedule_of`` by number."""
    parts = (one.split(":") for one in short.split())
    return {
        int(number): AgreedInstalment(int(number), date.fromisoformat(due_on), int(amount_minor))
        for number, due_on, amount_minor in parts
    }


def left_of_instalment(account: Account, agreement: Agreement, number: int) -> int:
    """What is missing for an instalment and those before it (minor units): money counts for the oldest first."""
    asked = sum(one.amount_minor for one in agreement.instalments if one.number <= number)
    mine = next((one.amount_minor for one in agreement.instalments if one.number == number), 0)
    return max(0, min(mine, asked - paid_minor(account, agreement)))


def paid_minor(account: Account, agreement: Agreement) -> int:
    """What has come for an agreement (minor units): how much less is open of its debts, not counting what was forgiven."""
    known = [debt for debt in agreement.debts if debt.invoice_id in account.invoices]
    less = sum(max(0, debt.amount_minor - account.open_minor(debt.invoice_id)) for debt in known)
    return max(0, less - agreement.forgiven_minor)
