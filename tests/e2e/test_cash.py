"""Bank files in the bucket: what they pay is paid, what is not sure waits in suspense, and an agent places it."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from dunwell_aws.remittance_index import DynamoRemittanceIndex
from dunwell_aws.table import Table
from infra.local.bank_statement import Transfer, camt053
from tests.support.debtors import TODAY, new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually
from tests.support.stripe_sandbox import client_of, command

INVOICE = "INV-77{}-{:05}"


def owes(deployed: Deployment, *amounts: str) -> tuple[str, list[str]]:
    """A new customer with invoices of these amounts in dollars; its number and theirs."""
    number = new_number()
    numbers = [INVOICE.format(number[1:], place * 13 + 7) for place in range(1, len(amounts) + 1)]
    name = f"Harbour {number} Trading"
    rows = [
        row(number, customer_name=name, invoice_number=invoice, amount=amount)
        for invoice, amount in zip(numbers, amounts, strict=True)
    ]
    deployed.owe(*rows)
    return number, numbers


def bai2(minor: int, text: str, payer: str, day: date) -> bytes:
    on = f"{day:%y%m%d}"
    return (
        f"01,122099999,123456789,{on},0200,1,80,1,2/\n02,123456789,122099999,1,{on},0600,USD,2/\n"
        f"03,0975312468,,010,0,,,015,{minor},,/\n16,195,{minor},V,{on},,WIRE1,{text},ORIG:{payer} OBI: {text}\n"
        f"49,{2 * minor},3/\n98,{2 * minor},1,5/\n99,{2 * minor},1,7/\n"
    ).encode()


def mt940(amount: str, text: str, payer: str, day: date) -> bytes:
    on = f"{day:%y%m%d}"
    return (
        f":20:E2E\n:25:NL08DEUT0319809633USD\n:28C:1/1\n:60F:C{on}USD0,\n"
        f":61:{on}{day:%m%d}C{amount}NTRFEREF//B1\n:86:/EREF/P1//ORDP//NAME/{payer}//REMI/{text}\n:62F:C{on}USD{amount}\n-\n"
    ).encode()


def plain(amount: str, text: str, payer: str, day: date) -> bytes:
    return (f"Booking date,Amount,Currency,Payer,Reference,Account\n{day},{amount},USD,{payer},{text},US-77\n").encode()


FORMATS = {
    "camt": lambda text, payer: camt053([Transfer(12_000, payer, text)], "USD", TODAY, text),
    "mt940": lambda text, payer: mt940("120,", text, payer, TODAY),
    "bai2": lambda text, payer: bai2(12_000, text, payer, TODAY),
    "csv": lambda text, payer: plain("120.00", text, payer, TODAY),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_line_of_any_format_that_names_an_invoice_pays_it_once(deployed: Deployment, kind: str) -> None:
    number, (invoice,) = owes(deployed, "120.00")
    content = FORMATS[kind](invoice, f"Harbour {number} Trading")

    run = deployed.bank_file(f"{kind}-{number}", content)
    again = deployed.bank_file(f"{kind}-{number}-again", content)

    assert (run["status"], run["lines"], run["decisions"], run["problems"]) == ("done", 1, {"applied": 1}, 0), run
    assert again["decisions"] == {"applied": 1}
    account = deployed.account(number)
    assert (account.balances, account.unapplied, len(account.payments)) == ({}, {}, 1)
    lines = list(csv.DictReader(io.StringIO(deployed.result(f"bank/{kind}-{number}.lines.csv") or "")))
    assert [(one["decision"], one["customer"], one["invoices"], one["amount"]) for one in lines] == [
        ("applied", number, invoice, "120.00")
    ]


def in_dollars(report: str | None, at_least: int) -> int | None:
    """The total of a report of unmatched money (cents); None for an earlier report, which knows of less."""
    rows = csv.DictReader(io.StringIO(report or ""))
    found = [round(Decimal(one["total"]) * 100) for one in rows if (one["row"], one["currency"]) == ("total", "USD")]
    return next((total for total in found if total >= at_least), None)


def test_overlapping_statements_post_each_line_once_and_unmatched_money_waits_for_an_agent(
    deployed: Deployment,
) -> None:
    number, invoices = owes(deployed, "50.00", "70.00", "33.00")
    payer = f"Harbour {number} Trading"
    both = Transfer(12_000, payer, f"{invoices[0]} and {invoices[1]}")
    typo = Transfer(3_300, payer, invoices[2].replace("0", "O"))
    nobody = Transfer(4_321, f"Unknown {number} Holdings", "thank you")

    first = deployed.bank_file(f"{number}-1", camt053([both, nobody], "USD", TODAY, number))
    second = deployed.bank_file(f"{number}-2", camt053([both, nobody, typo], "USD", TODAY, number))

    assert first["decisions"] == {"applied": 1, "unmatched": 1}
    assert second["decisions"] == {"applied": 2, "unmatched": 1}
    assert deployed.account(number).balances == {}
    store = DynamoRemittanceIndex(Table(deployed.stack.client("dynamodb"), deployed.view.outputs["LedgerTableName"]))
    mine = [one for one in store.listed() if one.line.payer_name == nobody.payer]
    assert [one.line.amount_minor for one in mine] == [4_321]

    deployed.send("ReportsQueueUrl", {})
    expected = sum(one.line.amount_minor for one in store.listed() if one.line.currency == "USD")
    total = eventually(lambda: in_dollars(deployed.report(f"unmatched/{TODAY}.csv"), at_least=expected), WAIT_SECONDS)
    assert total == expected


def test_a_payout_that_was_pulled_is_reconciled_with_the_banks_line_and_no_customers_payment(
    deployed: Deployment,
) -> None:
    url = deployed.stack.stripe_endpoint
    card = {"payment_method": "pm_card_bypassPending", "confirm": True, "return_url": "http://127.0.0.1/back"}
    intent = client_of(url).payment_intents.create({"amount": 50_000, "currency": "usd"} | card)
    sent = command(url, "pay_out")
    store = DynamoRemittanceIndex(Table(deployed.stack.client("dynamodb"), deployed.view.outputs["LedgerTableName"]))
    waiting = len(store.listed())
    deployed.send("SyncQueueUrl", {"source": "stripe"})
    eventually(lambda: store.payouts("USD", sent["amount"]), WAIT_SECONDS)
    assert f"{intent.id}#succeeded" in {one.reference for one in store.carried(sent["id"])}

    arrived = datetime.fromtimestamp(sent["arrival_date"], UTC).date()
    line = Transfer(sent["amount"], "STRIPE", f"STRIPE PAYOUT {sent['id']}")
    run = deployed.bank_file(f"payout-{sent['id']}", camt053([line], "USD", arrived, sent["id"]))

    assert run["decisions"] == {"applied": 1}, run
    assert [one.reconciled for one in store.payouts("USD", sent["amount"])] == [True]
    assert len(store.listed()) == waiting


def test_a_file_that_is_no_bank_file_fails_with_the_reason_and_is_not_imported_as_receivables(
    deployed: Deployment,
) -> None:
    run = deployed.bank_file("not-a-statement.pdf", b"%PDF-1.7")
    assert run["status"] == "failed"
    assert "PDF" in run["failure"]
    deployed.wait_until_empty("IngestQueueUrl")
    assert deployed.result("bank/not-a-statement.pdf.lines.csv") is not None
