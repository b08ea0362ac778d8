"""The payment gateway as an operator sees it: its webhook, what it reported, and its books against the ledger."""

import json
from dataclasses import dataclass
from typing import Any

import stripe

from dunwell.money import format_money
from dunwell_aws.stripe_reports import EVENTS
from infra.local.demo.progress import Progress
from infra.local.demo.view import View
from infra.local.errors import LocalStackError
from infra.local.stack import LocalStack

STRIPE_KEY = "sk_test_local"
REPORTS = "gateway/"


@dataclass(frozen=True, slots=True)
class Books:
    """What a comparison of the ledger with the gateway found.

    Attributes:
        payments: how many were compared; found_minor, left_minor: what was apart before and after it, by currency.
    """

    payments: int
    found_minor: dict[str, int]
    left_minor: dict[str, int]

    def __str__(self) -> str:
        sums = {**self.found_minor, **self.left_minor}
        difference = ", ".join(format_money(self.left_minor.get(one, 0), one) for one in sorted(sums)) or "none"
        return f"{self.payments} payments there and here, difference: {difference}"


def connect_gateway(stack: LocalStack, webhooks: str) -> None:
    """What an operator does once after a deploy: Stripe's webhook endpoint, its signing secret and the key."""
    wanted: Any = list(EVENTS)
    endpoint = _client(stack).v1.webhook_endpoints.create({"url": f"{webhooks}/stripe", "enabled_events": wanted})
    stack.put_stripe_secret(STRIPE_KEY, [str(endpoint.secret)])


def every_report_heard(view: View, progress: Progress) -> None:
    """Wait until the webhook has taken everything that the gateway reported.

    Raises:
        LocalStackError: it did not in time.
    """
    events = _client(view.stack).v1.events

    def heard() -> bool | None:
        return None if events.list({"delivery_success": False, "limit": 1}).data else True

    progress.wait("the gateway's reports to be heard", heard)


def reconcile_gateway(view: View, progress: Progress) -> Books:
    """Ask for the comparison as its schedule would, fetch its report, and expect that nothing is or was apart.

    Raises:
        LocalStackError: something is, or there was no report.
    """
    every_report_heard(view, progress)
    view.stack.client("sqs").send_message(QueueUrl=view.outputs["ReconcileQueueUrl"], MessageBody="{}")
    report = progress.wait("the report on the gateway", lambda: _report(view))
    found = Books(report["payments"], report["difference_found_minor"], report["difference_left_minor"])
    apart = [one["payment"] for one in report["left"]]
    if apart or any(found.found_minor.values()) or any(found.left_minor.values()):
        raise LocalStackError(
            f"the ledger and the gateway differ: {found}; payments apart: {', '.join(apart) or 'none'}"
        )
    progress.note(str(found))
    return found


def _report(view: View) -> dict[str, Any] | None:
    s3, bucket = view.stack.client("s3"), view.outputs["ReportsBucketName"]
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix=REPORTS).get("Contents", [])]
    if not keys:
        return None
    report: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=max(keys))["Body"].read())
    return report


def _client(stack: LocalStack) -> stripe.StripeClient:
    return stripe.StripeClient(STRIPE_KEY, base_addresses={"api": stack.stripe_endpoint})
