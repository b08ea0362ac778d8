"""The ageing report of the deployed stack adds up to its ledger."""

import csv
import io
from collections import Counter
from decimal import Decimal

from dunwell.ledger.ports import SHARDS
from dunwell.money import decimal_text
from tests.support.debtors import TODAY, new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually

BUCKETS = ("current", "days_1_30", "days_31_60", "days_61_90", "days_over_90")


def owed(deployed: Deployment) -> Counter[str]:
    """What is open in the ledger by currency (minor units), read account by account."""
    total: Counter[str] = Counter()
    for shard in range(SHARDS):
        for customer_id in deployed.view.ledger.open_customer_ids(shard):
            total.update(deployed.view.account(customer_id).balances)
    return total


def with_customer(report: str | None, number: str) -> str | None:
    """The report once it tells of a customer: an earlier one of the day may stand there still."""
    return report if report and number in report else None


def test_the_sums_of_the_ageing_report_are_those_of_the_ledger(deployed: Deployment) -> None:
    number, yen = new_number(), new_number()
    deployed.owe(
        row(number, "1", overdue_days=-3, amount="10.01"),
        row(number, "2", overdue_days=31, amount="20.02"),
        row(number, "3", overdue_days=95, amount="0.30", disputed="yes"),
        row(number, "4", overdue_days=61, amount="7.00", currency="EUR"),
        row(yen, "1", overdue_days=5, amount="5000", currency="JPY"),
    )

    deployed.send("ReportsQueueUrl", {})
    text = eventually(lambda: with_customer(deployed.report(f"ageing/{TODAY}.csv"), number), WAIT_SECONDS)
    lines = list(csv.DictReader(io.StringIO(text)))

    ledger = owed(deployed)
    totals = {line["currency"]: line for line in lines if line["row"] == "total"}
    assert {currency: line["total"] for currency, line in totals.items()} == {
        currency: decimal_text(amount, currency) for currency, amount in ledger.items()
    }
    for line in lines:
        assert sum(Decimal(line[bucket]) for bucket in BUCKETS) == Decimal(line["total"])
    for currency, total in totals.items():
        customers = [line for line in lines if line["row"] == "customer" and line["currency"] == currency]
        assert sum(Decimal(line["total"]) for line in customers) == Decimal(total["total"])
    (mine,) = (line for line in lines if (line["customer_number"], line["currency"]) == (number, "USD"))
    assert [mine[bucket] for bucket in BUCKETS] == ["10.01", "0.00", "20.02", "0.00", "0.30"]
    assert mine["of_which_disputed"] == "0.30"
