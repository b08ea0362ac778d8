"""An independent check: Stripe's own command line triggers events against the sandbox, offline."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.local.stripe_sandbox.server import StripeSandbox
from tests.support.stripe_sandbox import KEY, client_of

ROOT = Path(__file__).resolve().parents[2]
FETCHED = ROOT / ".local" / "stripe-cli" / "node_modules" / ".bin" / "stripe"
CLI = os.environ.get("STRIPE_CLI") or (str(FETCHED) if FETCHED.exists() else shutil.which("stripe"))
TRIGGERS = [
    "charge.captured",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.failed",
    "charge.refund.updated",
    "charge.refunded",
    "charge.succeeded",
    "customer.created",
    "customer.deleted",
    "customer.updated",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_succeeded",
    "invoice.updated",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.created",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.attached",
    "payment_method.detached",
    "payment_method.updated",
    "payout.created",
    "payout.updated",
    "setup_intent.canceled",
    "setup_intent.created",
    "setup_intent.requires_action",
    "setup_intent.setup_failed",
    "setup_intent.succeeded",
]

pytestmark = pytest.mark.skipif(
    CLI is None, reason="the Stripe CLI (npm @stripe/cli) is not on the PATH and STRIPE_CLI does not name it"
)


@pytest.mark.parametrize("event", TRIGGERS)
def test_the_stripe_cli_triggers_the_event(server: StripeSandbox, event: str, tmp_path: Path) -> None:
    server.reset()
    assert CLI is not None
    environment = {"HOME": str(tmp_path), "STRIPE_CLI_TELEMETRY_OPTOUT": "1", "PATH": os.environ["PATH"]}
    arguments = [CLI, "trigger", event, "--api-key", KEY, "--api-base", server.url]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, env=environment, check=False)
    except subprocess.TimeoutExpired as slow:
        pytest.fail(f"the CLI did not finish: {slow.stdout!r} {slow.stderr!r}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert client_of(server.url).events.list({"type": event}).data
