"""Every event of the gateway's table, from the running sandbox through signed webhooks to the ledger."""

from dataclasses import replace

from dunwell.events import PAYMENT_DISPUTED, PAYMENT_FAILED
from dunwell.ledger.debits import AttemptStatus, MethodKind, MethodStatus
from dunwell.ledger.entry import EntryKind
from dunwell.payments.order import CheckoutOrder, Consent, OrderStatus
from tests.support.agreements import attempt, method
from tests.support.counter import DISPUTED, GOOD, Counter
from tests.support.stripe_sandbox import command
from tests.support.till import CARD


def test_a_bank_debit_is_announced_and_the_money_ends_the_announcement(till: Counter) -> None:
    intent = till.debited()
    till.hears_all(times=2, seed=1)
    (waiting,) = till.account.pending
    assert (waiting.amount_minor, till.dollars) == (intent.amount, 126_000)
    command(till.stripe.url, "settle", payment_intent=intent.id)
    till.hears_all(times=2, seed=2)
    (payment,) = till.account.payments.values()
    assert (payment.of, till.account.pending, till.dollars) == (waiting.entry_id, (), 2_550)


def test_a_bank_debit_that_fails_ends_the_announcement_with_the_banks_own_code(till: Counter) -> None:
    intent = till.debited()
    till.hears_all()
    command(till.stripe.url, "settle", payment_intent=intent.id, outcome="insufficient_funds")
    till.hears_all(times=2, seed=3)
    assert till.kinds() == ["failure:R01", "pending"]
    assert (till.account.pending, till.dollars) == ((), 126_000)
    (failed,) = till.told(PAYMENT_FAILED)
    assert (failed["failure_code"], failed["decline_code"]) == ("insufficient_funds", "R01")
    (order,) = till.world.orders.orders("cus_anna")
    assert order.status is OrderStatus.CLOSED


def test_a_refund_reopens_what_was_paid_and_a_failed_one_pays_it_again(till: Counter) -> None:
    intent = till.paid()
    till.hears_all()
    refund = till.api.refunds.create({"payment_intent": intent.id, "amount": 1_000})
    till.hears_all(times=3, seed=4)
    assert till.dollars == 3_550
    command(till.stripe.url, "finish_refund", refund=refund.id, failure_reason="expired_or_canceled_card")
    till.hears_all(times=3, seed=5)
    assert till.dollars == 2_550
    assert till.kinds() == ["payment", "reversal:refund", "reversal:refund_failed"]


def test_webhook_and_sync_and_look_post_a_payment_and_its_refunds_once(till: Counter) -> None:
    intent = till.paid()
    till.hears_all()
    for amount in (500, 700):
        till.api.refunds.create({"payment_intent": intent.id, "amount": amount})
        till.sync()
    before = till.account
    till.hears_all(times=2, seed=6)
    till.sync()
    assert till.account == before
    assert till.kinds() == ["payment", "reversal:refund", "reversal:refund"]
    assert till.dollars == 2_550 + 1_200


def test_a_dispute_takes_the_money_and_freezes_what_it_had_paid_until_it_is_won(till: Counter) -> None:
    intent = till.paid(DISPUTED)
    till.hears_all(times=2, seed=7)
    assert till.dollars == 126_000
    assert not any(one.is_collectable for one in till.account.open_invoices if one.invoice.invoice_id == "inv_a1")
    (told,) = till.told(PAYMENT_DISPUTED)
    assert (told["reason"], told["withdrawn_minor"], told["fee_minor"]) == ("fraudulent", intent.amount, 1_500)
    (dispute,) = till.api.disputes.list().data
    command(till.stripe.url, "close_dispute", dispute=dispute.id, outcome="won")
    till.hears_all(times=2, seed=8)
    assert till.dollars == 2_550
    assert till.account.disputed_minor("inv_a1") == 0
    assert [one["status"] for one in till.told(PAYMENT_DISPUTED)] == ["needs_response", "won"]


def test_a_lost_dispute_stays_frozen_until_somebody_looked_and_closed_is_not_final(till: Counter) -> None:
    till.paid(DISPUTED)
    (dispute,) = till.api.disputes.list().data
    command(till.stripe.url, "close_dispute", dispute=dispute.id, outcome="lost")
    till.hears_all(times=2, seed=9)
    assert (till.dollars, till.account.disputed_minor("inv_a1") > 0) == (126_000, True)
    command(till.stripe.url, "appeal_dispute", dispute=dispute.id, outcome="won")
    till.hears_all(times=2, seed=10)
    assert (till.dollars, till.account.disputed_minor("inv_a1")) == (2_550, 0)


def test_a_bank_that_only_asks_moves_no_money(till: Counter) -> None:
    intent = till.paid()
    command(till.stripe.url, "open_dispute", charge=intent.latest_charge, inquiry=True)
    till.hears_all()
    assert (till.dollars, till.account.disputed_minor("inv_a1") > 0) == (2_550, True)
    (dispute,) = till.api.disputes.list().data
    command(till.stripe.url, "close_dispute", dispute=dispute.id, outcome="won")
    till.hears_all()
    assert (till.dollars, till.account.disputed_minor("inv_a1")) == (2_550, 0)


def test_a_debit_that_comes_back_late_is_taken_back_and_is_no_dispute(till: Counter) -> None:
    intent = till.debited()
    command(till.stripe.url, "settle", payment_intent=intent.id)
    till.hears_all()
    assert till.dollars == 2_550
    command(till.stripe.url, "return_debit", charge=intent.latest_charge)
    till.hears_all(times=2, seed=11)
    assert till.dollars == 126_000
    assert till.kinds() == ["payment", "reversal:returned"]
    assert till.told(PAYMENT_FAILED)[-1]["decline_code"] == "R01"
    assert till.account.disputed_minor("inv_a1") == 0


def test_an_unauthorised_debit_ends_the_try_and_the_method_and_is_a_dispute(till: Counter) -> None:
    saved = method("pmt_1", kind=MethodKind.BANK_DEBIT)
    started = attempt("agr_1#1#1", lines=(("inv_a1", 10_000),), method_id="pmt_1")
    mine = replace(till.account, methods={"pmt_1": saved}, attempts={started.attempt_id: started})
    till.world.ledger.accounts["cus_anna"] = mine
    intent = till.api.payment_intents.create(
        {
            "amount": 10_000,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_usBankAccount_success",
            "mandate_data": {"customer_acceptance": {"type": "offline"}},
            "return_url": "http://127.0.0.1/back",
            "metadata": {"customer_id": "cus_anna", "attempt_id": started.attempt_id},
        }
    )
    till.hears_all()
    assert till.account.attempts[started.attempt_id].status is AttemptStatus.PROCESSING
    command(till.stripe.url, "settle", payment_intent=intent.id)
    till.hears_all()
    assert till.account.attempts[started.attempt_id].status is AttemptStatus.SUCCEEDED
    assert till.account.open_minor("inv_a1") == till.account.invoices["inv_a1"].amount_minor - 10_000
    charge = till.api.payment_intents.retrieve(intent.id).latest_charge
    command(till.stripe.url, "return_debit", charge=charge, reason="debit_not_authorized")
    till.hears_all(times=2, seed=12)
    last = till.account.attempts[started.attempt_id]
    assert (last.status, last.code) == (AttemptStatus.FAILED, "R10")
    assert till.account.methods["pmt_1"].status is MethodStatus.UNUSABLE
    assert till.account.disputed_minor("inv_a1") == 10_000
    assert [one.reason for one in till.account.entries.values() if one.kind is EntryKind.REVERSAL] == ["chargeback"]


def save_a_card(till: Counter) -> str:
    """Save a card with consent on a hosted page; Stripe's name of it."""
    order = CheckoutOrder("ord_save", "cus_anna", "USD", (), till.now(), consent=Consent("You may debit me.", True))
    till.world.orders.save(order)
    owner = till.api.customers.create({"email": "ada@example.com"})
    page = till.gateway.start_checkout(replace(order, owner=owner.id), "http://127.0.0.1/ok", "http://127.0.0.1/no")
    till.pay(page.url, **CARD, number=GOOD)
    (saved,) = till.api.payment_methods.list({"customer": owner.id}).data
    return str(saved.id)


def test_a_saved_card_is_kept_with_its_consent_followed_and_ended(till: Counter) -> None:
    reference = save_a_card(till)
    till.hears_all(times=2, seed=13)
    (kept,) = till.account.methods.values()
    assert (kept.reference, kept.words, kept.autopay) == (reference, "You may debit me.", True)
    assert till.world.orders.kept["cus_anna", "ord_save"].status is OrderStatus.PAID
    command(till.stripe.url, "update_card", payment_method=reference, last4="1881", exp_month=8, exp_year=2044)
    till.hears_all()
    (kept,) = till.account.methods.values()
    assert ("1881" in kept.label, str(kept.expires_on)) == (True, "2044-08-31")
    till.api.payment_methods.detach(reference)
    till.hears_all()
    (kept,) = till.account.methods.values()
    assert (kept.status, kept.autopay, kept.why) == (MethodStatus.UNUSABLE, False, "detached")


def test_a_method_that_ended_is_not_saved_again_by_a_report_that_comes_again(till: Counter) -> None:
    reference = save_a_card(till)
    till.hears_all()
    saved = list(till.hooks.received)
    till.api.payment_methods.detach(reference)
    till.hears_all()
    till.hooks.received.extend(saved)
    till.hears_what_came()
    (kept,) = till.account.methods.values()
    assert kept.status is MethodStatus.UNUSABLE


def test_a_payout_is_noted_when_it_is_reported(till: Counter) -> None:
    till.paid()
    command(till.stripe.url, "advance", seconds=3 * 86_400)
    sent = command(till.stripe.url, "pay_out")
    command(till.stripe.url, "finish_payout", payout=sent["id"])
    till.hears_all()
    assert till.payouts == [sent["id"]]
