"""Files that several workers share: every row accounted for, the ledger equal to the file however often it comes."""

import csv
import io
import os
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from dunwell.ingestion.importing import customer_id
from tests.support.debtors import ROOT, TODAY, csv_file, new_number, row
from tests.support.deployment import Deployment

CUSTOMERS, INVOICES = 50, 14
SHARED = Path(os.environ.get("DUNWELL_SHARED", ROOT.parent / "shared"))
IBM = SHARED / "data" / "ibm_late_payment" / "WA_Fn-UseC_-Accounts-Receivable.csv"

Sums = dict[str, tuple[int, int]]
"""By customer id: how many invoices, and their sum (minor units)."""


def rows_of(numbers: Iterable[str]) -> list[dict[str, str]]:
    """Invoices of odd amounts, a third of them settled; a name with a quote and a line break in it."""
    chance = random.Random(4)
    return [
        row(
            number,
            str(n),
            customer_name=f'Customer "{number}"\nof Ávila',
            amount=f"{chance.randint(1, 99_999)}.{chance.randint(0, 99):02}",
            settled_on=TODAY.isoformat() if n % 3 == 0 else "",
        )
        for number in numbers
        for n in range(INVOICES)
    ]


def dirty(rows: Sequence[Mapping[str, str]], every: int) -> list[dict[str, str]]:
    return [{**one, "amount": "much"} if n % every == 0 else dict(one) for n, one in enumerate(rows)]


def in_file(deployed: Deployment, rows: Iterable[Mapping[str, str]]) -> Sums:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in rows:
        if one["amount"] != "much":
            found = sums[deployed.customer_id(one["customer_number"])]
            found[0] += 1
            found[1] += int(one["amount"].replace(".", ""))
    return {customer: (count, total) for customer, (count, total) in sums.items()}


def in_ledger(deployed: Deployment, customers: Iterable[str]) -> Sums:
    accounts = {one: deployed.view.account(one) for one in customers}
    return {
        one: (len(account.invoices), sum(invoice.amount_minor for invoice in account.invoices.values()))
        for one, account in accounts.items()
    }


def versions(deployed: Deployment, customers: Iterable[str]) -> dict[str, int]:
    """They tell of any write."""
    return {one: deployed.view.account(one).version for one in customers}


def test_a_large_file_is_shared_out_and_the_ledger_equals_it_however_often_it_comes(deployed: Deployment) -> None:
    rows = rows_of([new_number() for _ in range(CUSTOMERS)])
    random.Random(7).shuffle(rows)  # so that every worker has every customer
    rows = dirty(rows, every=61)
    bad = [n for n, one in enumerate(rows) if one["amount"] == "much"]
    content = csv_file(rows)
    assert len(content) > 100_000

    first = deployed.upload("large.csv", content)

    assert (first["status"], first["rows"], first["rejected"], first["later"]) == ("done", len(rows), len(bad), 0)
    assert first["in_ledger"] == first["written"] == len(rows) - len(bad)
    expected = in_file(deployed, rows)
    assert first["amounts_minor"] == {"invoice USD": sum(total for _, total in expected.values())}
    assert in_ledger(deployed, expected) == expected
    rejects = list(csv.DictReader(io.StringIO(deployed.result("large.csv.rejects.csv") or "")))
    assert [int(one["line"]) for one in rejects] == [2 + 2 * n for n in bad], "each row is two lines"
    assert {(one["column"], one["value"]) for one in rejects} == {("amount", "much")}
    before = versions(deployed, expected)

    again = deployed.upload("large-again.csv", content)
    random.Random(5).shuffle(rows)
    shuffled = deployed.upload("large-shuffled.csv", csv_file(rows))

    assert (again["status"], again["same_as"]) == ("skipped", "large.csv")
    assert deployed.result("large-again.csv.rejects.csv") == deployed.result("large.csv.rejects.csv")
    assert (shuffled["status"], shuffled["in_ledger"], shuffled["written"]) == ("done", first["in_ledger"], 0)
    assert versions(deployed, expected) == before
    assert in_ledger(deployed, expected) == expected


def test_a_large_file_of_no_known_source_fails_with_the_reason_beside_it(deployed: Deployment) -> None:
    run = deployed.upload("large-foreign.csv", b"a,b,c\n" + b"1,2,3\n" * 20_000)

    assert (run["status"], run["rows"]) == ("failed", 0)
    assert "fits no known source" in run["failure"]


def test_a_file_of_the_public_sample_reconciles(deployed: Deployment) -> None:
    if not IBM.exists():
        pytest.skip(f"IBM's receivables sample is not at {IBM}: DUNWELL_SHARED says where.")
    content = IBM.read_bytes()
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in csv.DictReader(io.StringIO(content.decode())):
        found = sums[customer_id(deployed.policy.creditor.creditor_id, "ibm_late_payment", one["customerID"])]
        found[0] += 1
        found[1] += int(Decimal(one["InvoiceAmount"]) * 100)
    expected = {customer: (count, total) for customer, (count, total) in sums.items()}
    header, *lines = content.splitlines(keepends=True)
    random.Random(6).shuffle(lines)
    runs = [
        deployed.upload("ibm.csv", content),
        deployed.upload("ibm-again.csv", content),
        deployed.upload("ibm-shuffled.csv", header + b"".join(lines)),
    ]

    assert [run["status"] for run in runs] == ["done", "skipped", "done"]
    assert [run["written"] for run in runs[1:]] == [0, 0]
    assert in_ledger(deployed, expected) == expected
