"""The demo's bank statement: a few of the portfolio's invoices are paid by transfer, as payers really do it."""

import json
from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

from dunwell.ledger.model import Account, OpenInvoice
from dunwell.ledger.ports import SHARDS
from dunwell_aws.results import BANK_UPLOADS, RESULTS
from infra.local.bank_statement import Transfer, camt053
from infra.local.demo.progress import Progress
from infra.local.demo.view import View
from infra.local.errors import LocalStackError

NAME = "bank/statement.xml"
_LOOKED_AT = 60
_LEAST_MINOR = 1_000
Paid = tuple[Account, list[OpenInvoice]]


def statement(view: View, day: date) -> bytes | None:
    """Exact, mistyped, several in a line, without a number, less a deduction, from nobody known; None: nothing is open.

    Everything is in the currency that most of those looked at owe.
    """
    debtors = list(islice(_debtors(view), _LOOKED_AT))
    if not debtors:
        return None
    currencies = [item.invoice.currency for _, items in debtors for item in items]
    currency = max(sorted(set(currencies)), key=currencies.count)
    owing = [(account, [i for i in items if i.invoice.currency == currency]) for account, items in debtors]
    return camt053(_transfers([one for one in owing if one[1]]), currency, day, f"demo-{day}")


def upload(view: View, progress: Progress, content: bytes) -> dict[str, Any]:
    """Put the statement into the ingest bucket and wait for its run record; every line must be accounted for."""
    s3, bucket = view.stack.client("s3"), view.outputs["IngestBucketName"]
    s3.put_object(Bucket=bucket, Key=BANK_UPLOADS + NAME.removeprefix("bank/"), Body=content)

    def answered() -> dict[str, Any] | None:
        try:
            found = s3.get_object(Bucket=bucket, Key=f"{RESULTS}{NAME}.run.json")
        except s3.exceptions.NoSuchKey:
            return None
        record: dict[str, Any] = json.loads(found["Body"].read())
        return record

    run = progress.wait("the bank file's run record", answered)
    if run["status"] != "done" or sum(run["decisions"].values()) != run["lines"]:
        raise LocalStackError(f"the bank file's lines are not accounted for: {run}")
    progress.note(said(run))
    return run


def said(run: dict[str, Any]) -> str:
    """The counts in words."""
    counts = run["decisions"]
    waiting = counts.get("suggested", 0) + counts.get("unmatched", 0)
    return f"{run['lines']} lines: {counts.get('applied', 0)} applied, {waiting} in suspense for an agent, " + (
        f"{counts.get('suggested', 0)} of them with a proposal"
    )


def _debtors(view: View) -> Iterator[Paid]:
    for shard in range(SHARDS):
        for customer_id in view.ledger.open_customer_ids(shard):
            account = view.account(customer_id)
            items = [i for i in account.open_invoices if i.is_collectable and i.open_minor >= _LEAST_MINOR]
            if items and not account.customer.is_internal:
                yield account, items


def _transfers(owing: list[Paid]) -> list[Transfer]:
    """The last ones pay, so that those who are reminded first are left to the rest of the demo."""
    several = next((one for one in reversed(owing) if len(one[1]) > 1), None)
    single = [one for one in reversed(owing) if one is not several]
    made = []
    if several:
        account, items = several
        numbers = " ".join(item.invoice.number for item in items[:3])
        made.append(Transfer(sum(i.open_minor for i in items[:3]), account.customer.name, f"Invoices {numbers}"))
    for (account, (item, *_)), text in zip(single, (item_text, mistyped, without_number), strict=False):
        made.append(Transfer(item.open_minor, account.customer.name, text(item.invoice.number)))
    if len(single) > 3:
        account, (item, *_) = single[3]
        less = min(item.open_minor // 50, 900)
        short = f"{item.invoice.number} less damaged goods"
        made.append(Transfer(item.open_minor - less, account.customer.name, short))
    return [*made, Transfer(123_456, "Nobody We Know", "thank you")]


def item_text(number: str) -> str:
    """As it should be."""
    return f"Invoice {number}"


def mistyped(number: str) -> str:
    """As scanners read it: an O for every zero."""
    return f"Inv. {number.replace('0', 'O')}"


def without_number(number: str) -> str:
    """Without the number: the payer and the amount have to do."""
    return "as agreed"
