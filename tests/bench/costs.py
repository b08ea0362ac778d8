"""From a run's results to dollars a month: `python -m tests.bench.costs`. Prices and habits are assumptions, all here.

What is measured: read and write units, and time of one core, for an account, a message, a page, a payment and a row.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.bench.__main__ import RESULTS

# us-east-1, on demand, US dollars, without the free tier; as listed at the end of 2025.
READ_UNIT = 0.125e-6
WRITE_UNIT = 0.625e-6
GB_MONTH_STORED_WITH_PITR = 0.25 + 0.20
GB_SECOND = 16.6667e-6
INVOCATION = 0.20e-6
MAIL = 0.10e-3
BUS_EVENT = 1.00e-6
QUEUE_REQUEST = 0.40e-6
API_REQUEST = 3.50e-6
LOG_GB = 0.50
FIXED_A_MONTH = 5.0  # alarms, custom metrics, the secret

# What a portfolio does. The first two are the made-up portfolio's own.
INVOICES_AN_OPEN_ACCOUNT = 1.52
KB_A_CUSTOMER = 9.0  # two years of invoices and payments, contacts and the score
DAYS = 30
MESSAGES_AN_ACCOUNT = 3  # a month; by e-mail
REPORTS_A_MESSAGE = 2  # sent and delivered
VISITS_A_MESSAGE = 0.2
REQUESTS_A_VISIT = 5
PAYMENTS_AN_INVOICE = 0.3  # a month, through the portal
CHANGES_AN_INVOICE = 2  # a month: issued, settled
LOG_BYTES_AN_INVOCATION = 600

# Write units that are reckoned and not measured: items under 1 KiB in a transaction are two each.
WRITES_A_CHANGE = 2  # the journal; half of them open or close the account: two more, in two puts
WRITES_A_PLANNED_CONTACT = 4
WRITES_A_REPORT = 4
READS_A_REPORT = 3
EVENTS_A_MESSAGE = 2
QUEUE_REQUESTS_A_HOP = 3  # sent, received, deleted

GB_OF_A_CORE = 1.7275  # Lambda gives one core at 1,769 MB; smaller functions take longer for the same GB-seconds

SIZES = (10_000, 1_000_000, 100_000_000)


def month(open_invoices: int, usage: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Dollars a month by service."""
    accounts = open_invoices / INVOICES_AN_OPEN_ACCOUNT
    passes, messages = accounts * DAYS, accounts * MESSAGES_AN_ACCOUNT
    reports, visits = messages * REPORTS_A_MESSAGE, messages * VISITS_A_MESSAGE
    payments, changes = open_invoices * PAYMENTS_AN_INVOICE, open_invoices * CHANGES_AN_INVOICE
    done = {
        "deployed_score": passes,
        "deployed_plan": passes,
        "deployed_dispatch": messages,
        "deployed_page": visits,
        "deployed_payment": payments,
    }
    reads = sum(usage[name]["read_units"] * times for name, times in done.items())
    reads += reports * READS_A_REPORT + changes * usage["deployed_page"]["read_units"]
    writes = usage["deployed_score"]["write_units"] * passes + messages * WRITES_A_PLANNED_CONTACT
    writes += sum(
        usage[f"deployed_{name}"]["write_units"] * done[f"deployed_{name}"] for name in ("dispatch", "payment")
    )
    writes += reports * WRITES_A_REPORT + changes * WRITES_A_CHANGE
    core_ms = sum(usage[name]["core_ms"] * times for name, times in done.items())
    core_ms += (reports + changes) * usage["deployed_dispatch"]["core_ms"] / 2
    requests = visits * REQUESTS_A_VISIT + payments * 2
    invocations = messages + reports + requests + payments
    events = messages * EVENTS_A_MESSAGE + changes + payments
    return {
        "DynamoDB reads": reads * READ_UNIT,
        "DynamoDB writes": writes * WRITE_UNIT,
        "DynamoDB storage, with PITR": open_invoices * KB_A_CUSTOMER / 1e6 * GB_MONTH_STORED_WITH_PITR,
        "Lambda": core_ms / 1000 * GB_OF_A_CORE * GB_SECOND + invocations * INVOCATION,
        "EventBridge, SQS": events * BUS_EVENT + (messages + reports + events) * QUEUE_REQUESTS_A_HOP * QUEUE_REQUEST,
        "API Gateway": requests * API_REQUEST,
        "CloudWatch logs": invocations * LOG_BYTES_AN_INVOCATION / 1e9 * LOG_GB,
        "SES": messages * MAIL,
        "Alarms, metrics, secret": FIXED_A_MONTH,
    }


def main() -> None:
    """Prints the months of three portfolios as a table in Markdown."""
    path = Path(sys.argv[1]) if sys.argv[1:] else RESULTS
    entries = json.loads(path.read_text(encoding="utf-8"))["entries"]
    usage = {entry["name"]: entry["usage"] for entry in entries if entry["usage"]}
    months = [month(size, usage) for size in SIZES]
    print("| a month, in dollars | " + " | ".join(f"{size:,} open invoices" for size in SIZES) + " |")
    print("|---|" + "---:|" * len(SIZES))
    for name in months[0]:
        print(f"| {name} | " + " | ".join(f"{one[name]:,.2f}" for one in months) + " |")
    print("| **together** | " + " | ".join(f"**{sum(one.values()):,.0f}**" for one in months) + " |")
    share = " | ".join(f"{1e3 * sum(one.values()) / size:,.2f}" for one, size in zip(months, SIZES, strict=True))
    print(f"| a thousand open invoices | {share} |")


if __name__ == "__main__":
    main()
