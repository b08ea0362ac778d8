"""Reports that come late, twice, in another order or never: the books are brought together with the gateway's."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest

from dunwell.errors import UnavailableError
from dunwell.remittance.desk import CashDesk
from dunwell_aws.raw_events import RawEvents
from functions.reconcile_gateway import app as reconcile_app
from infra.local.stripe_sandbox.server import StripeSandbox
from tests.support.counter import Counter
from tests.support.invocation import lambda_context, sqs_event
from tests.support.reports_bucket import ReportsBucket
from tests.support.stripe_sandbox import command, receiver, wait_until
from tests.support.syncing import PLENTY


def everything_happens(till: Counter, seed: int) -> None:
    """A payment, refunds, one of them failing, and disputes: some of it, as a seed has it."""
    chance = random.Random(seed)
    intent = till.debited() if chance.random() < 0.4 else till.paid()
    if till.api.payment_intents.retrieve(intent.id).status == "processing":
        outcome = chance.choice(["succeeded", "succeeded", "account_closed"])
        command(till.stripe.url, "settle", payment_intent=intent.id, outcome=outcome)
        if outcome != "succeeded":
            return
    for _ in range(chance.randint(0, 3)):
        refund = till.api.refunds.create({"payment_intent": intent.id, "amount": chance.randint(1, 4_000)})
        if chance.random() < 0.4:
            command(till.stripe.url, "finish_refund", refund=refund.id, failure_reason="lost_or_stolen_card")
    charge = till.api.payment_intents.retrieve(intent.id).latest_charge
    if chance.random() < 0.7:
        dispute = command(till.stripe.url, "open_dispute", charge=charge)
        for step in ("close_dispute", "appeal_dispute")[: chance.randint(0, 2)]:
            status = till.api.disputes.retrieve(dispute["id"]).status
            outcome = {"won": "lost", "lost": "won"}.get(status, chance.choice(["won", "lost"]))
            command(till.stripe.url, step, dispute=dispute["id"], outcome=outcome)


def books(till: Counter) -> dict[str, Any]:
    mine = till.account
    return {
        "open": {one: mine.open_minor(one) for one in mine.invoices},
        "disputed": {one: mine.disputed_minor(one) for one in mine.invoices},
        "credit": mine.unapplied,
        "paid": sorted(mine.books.standing_minor(one) for one in mine.payments),
        "pending": len(mine.pending),
        "orders": sorted(one.status for one in till.world.orders.orders("cus_anna")),
    }


@pytest.mark.parametrize("seed", range(8))
def test_late_doubled_reordered_and_dropped_webhooks_make_the_books_of_the_ordered_ones(
    sandbox: StripeSandbox, till: Counter, seed: int
) -> None:
    everything_happens(till, seed)
    till.hears_all()
    ordered = books(till)
    sandbox.reset()
    with receiver() as hooks:
        messy = Counter(sandbox, hooks)
        for kind, times in (("drop", 3), ("double", 2), ("reorder", 3), ("late", 2), ("drop", 2)):
            command(sandbox.url, "faults", kind=kind, times=times, seconds=0.1)
        everything_happens(messy, seed)
        command(sandbox.url, "faults", kind="double", times=1)
        messy.hears_what_came(seed=seed)
        run = messy.reconciling().run(lambda: PLENTY)
        assert run
        assert run.done
        assert set(run.left_minor().values()) <= {0}
        assert books(messy) == ordered


def test_what_no_webhook_told_is_found_repaired_and_reported_to_zero(till: Counter) -> None:
    command(till.stripe.url, "faults", kind="drop", times=100)
    intent = till.paid()
    till.api.refunds.create({"payment_intent": intent.id, "amount": 1_000})
    till.api.payment_intents.create(
        {"amount": 900, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
        | {"return_url": "http://127.0.0.1/back"}
    )
    bucket = ReportsBucket()
    kept: Any = bucket
    for order in range(2):
        answer = reconcile_app.handler(sqs_event({}), _long(), reconciling=till.reconciling(), bucket=kept)
        assert answer == {"batchItemFailures": []}
        if order == 0:
            command(till.stripe.url, "advance", seconds=60)
    assert till.dollars == 3_550
    first, second = (json.loads(bucket.files[key][0]) for key in sorted(bucket.files))
    assert first["undelivered_reports"] > 0
    assert (first["difference_left_minor"], first["left"]) == ({"USD": 0}, [])
    assert first["payments_of_others"] == 1
    assert (second["difference_found_minor"], second["difference_left_minor"]) == ({"USD": 0}, {"USD": 0})


def test_what_moved_money_and_told_nobody_is_found_by_the_balance(
    till: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = till.paid()
    wait_until(lambda: not any(one["pending_webhooks"] for one in till.stripe.sandbox.all("event")))
    run = till.reconciling().run(lambda: PLENTY)  # all was delivered, and nobody listened
    assert run
    assert (run.reports, run.found, run.repaired) == (0, {"USD": intent.amount}, 1)
    assert (run.left_minor(), till.dollars) == ({"USD": 0}, 2_550)


def test_what_cannot_be_brought_together_is_named_and_looked_at_again(till: Counter) -> None:
    intent = till.paid()
    till.hears_all()
    (payment,) = till.account.payments.values()
    posted = replace(payment, amount_minor=payment.amount_minor + 1)
    mine = till.account
    till.world.ledger.accounts["cus_anna"] = replace(mine, entries={**mine.entries, payment.entry_id: posted})
    for _ in range(2):
        run = till.reconciling().run(lambda: PLENTY)
        assert run
        assert [(one.reference, one.why) for one in run.left] == [(intent.id, "InvalidInputError")]
        command(till.stripe.url, "advance", seconds=40 * 86_400)
    till.world.ledger.accounts["cus_anna"] = mine
    run = till.reconciling().run(lambda: PLENTY)
    assert run
    assert run.left == ()


def test_what_goes_back_of_money_in_suspense_lessens_it_there_and_wherever_an_agent_put_it(till: Counter) -> None:
    intent = till.paid()
    accounts = till.world.ledger.accounts
    anna = accounts.pop("cus_anna")
    refund = till.api.refunds.create({"payment_intent": intent.id, "amount": 1_000})
    till.hears_all(times=3, seed=11)
    assert till.money.unclear() == {"USD": intent.amount - 1_000}
    command(till.stripe.url, "finish_refund", refund=refund.id, failure_reason="expired_or_canceled_card")
    till.api.refunds.create({"payment_intent": intent.id, "amount": 400})
    till.hears_all(times=2, seed=12)
    desk = CashDesk(till.cash)
    (waiting,) = desk.waiting(till.now())
    assert waiting.left_minor == intent.amount - 400
    till.money.owes("C10001", "Walsh Marine LLC")
    desk.choose(waiting.item_id, waiting.version, "C10001", [], "jo", till.now())
    till.api.refunds.create({"payment_intent": intent.id, "amount": 600})
    till.hears_all(times=2, seed=13)
    accounts["cus_anna"] = anna
    run = till.reconciling().run(lambda: PLENTY)
    assert run
    assert (run.left_minor(), run.suspended, till.money.unclear()) == ({"USD": 0}, {}, {})
    assert till.money.placed() == {f"{intent.id}#succeeded": intent.amount - 1_000}
    assert till.money.account("cus_c10001").unapplied == {"USD": intent.amount - 1_000}
    (contested,) = desk.waiting(till.now())
    assert contested.proposals[0].customer_id == "cus_anna"


def test_a_run_goes_on_where_it_stopped(till: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    command(till.stripe.url, "faults", kind="drop", times=100)
    till.paid()
    looks = iter([PLENTY, 0.0])
    first = till.reconciling().run(lambda: next(looks))
    assert first
    assert not first.done
    monkeypatch.setattr(till.gateway, "payment", _down)
    with pytest.raises(UnavailableError):
        till.reconciling().run(lambda: PLENTY)
    monkeypatch.undo()
    again = till.reconciling().run(lambda: PLENTY)
    assert again
    assert again.done
    assert again.until == first.until
    assert till.dollars == 2_550


def test_a_kept_report_is_replayed_by_its_id(till: Counter) -> None:
    till.paid()
    till.hears_all()
    paid = next(key for key in till.raw.files if "payment_intent.succeeded" in till.raw.files[key][0])
    name = paid.removeprefix("stripe/").removesuffix(".json")
    mine = till.account
    till.world.ledger.accounts["cus_anna"] = replace(mine, entries={}, version=mine.version + 1)
    raw: Any = RawEvents(till.raw, "raw")  # type: ignore[arg-type]
    reconcile_app.handler(sqs_event({"replay": [name]}), _long(), events=till.events, raw=raw)
    assert till.dollars == 2_550


def _down(reference: str, *, contested: bool = False) -> None:
    raise UnavailableError("the gateway does not answer")


def _long() -> Any:
    context = lambda_context()
    context.get_remaining_time_in_millis = lambda: 300_000
    return context
