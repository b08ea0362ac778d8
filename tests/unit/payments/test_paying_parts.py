"""Paying a part, an instalment, and saving a payment method; every wrong amount has a clear sentence."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError, UnavailableError
from dunwell.ledger.agreements import AgreedInstalment, Agreement, AgreementKind, AgreementStatus, Authorisation
from dunwell.ledger.automatic import autopay_method
from dunwell.ledger.change import Change
from dunwell.ledger.debits import MethodKind, MethodStatus
from dunwell.ledger.model import OpenInvoice
from dunwell.payments.methods import method_id, save_from_order
from dunwell.payments.order import CheckoutOrder, Consent, OrderStatus
from dunwell.payments.parts import read_part, spread
from dunwell.payments.ports import SavedMethod
from tests.support.agreements import agreement, method
from tests.support.portal import NOW, invoice
from tests.support.shop import Shop

CONSENT = Consent("Keep this card for later payments.")
SAVED = SavedMethod("pm_9", "cus_gateway", MethodKind.CARD, "Visa •••• 4242", date(2028, 3, 31))
URLS: dict[str, Any] = {
    "success_url": lambda order: f"https://p/{order.order_id}",
    "cancel_url": "https://p",
    "now": NOW,
}


def part(shop: Shop, amount_minor: int, *chosen: str, currency: str = "USD") -> CheckoutOrder:
    shop.checkout.start("cus_anna", currency, list(chosen) or None, amount_minor=amount_minor, **URLS)
    return shop.order()


def plan(**changes: Any) -> Agreement:
    due = (AgreedInstalment(1, date(2026, 12, 1), 60_00), AgreedInstalment(2, date(2027, 1, 4), 65_50))
    evidence = Authorisation("I agree.", NOW, "portal", "customer")
    made = agreement("inv_a1", "inv_a2", kind=AgreementKind.PLAN, instalments=due, authorisation=evidence)
    return replace(made, status=AgreementStatus.AUTHORISED, **changes)


def agreed(shop: Shop, *made: Agreement) -> None:
    shop.ledger.commit(Change(shop.ledger.accounts["cus_anna"], agreements={one.agreement_id: one for one in made}))


def test_a_part_pays_the_oldest_first() -> None:
    order = part(Shop(), 105_00)
    assert [(line.invoice_id, line.amount_minor) for line in order.lines] == [("inv_a1", 100_00), ("inv_a2", 5_00)]


def test_a_part_of_chosen_invoices_stays_with_them() -> None:
    assert part(Shop(), 10_00, "inv_a2").lines[0].invoice_id == "inv_a2"


@pytest.mark.parametrize(
    ("amount_minor", "sentence"),
    [
        (0, "above zero"),
        (-1, "above zero"),
        (125_51, r"You owe \$125.50"),
        (49, r"least .* \$0.50"),
    ],
)
def test_a_wrong_amount_is_refused_and_nothing_is_kept(amount_minor: int, sentence: str) -> None:
    shop = Shop()
    with pytest.raises((InvalidInputError, RefusedError), match=sentence):
        part(shop, amount_minor)
    assert not shop.orders.kept
    assert not shop.gateway.calls


def test_a_part_in_another_currency_than_the_invoices_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="not in EUR"):
        part(Shop(), 100, "inv_a1", currency="EUR")


@pytest.mark.parametrize(
    ("text", "currency", "sentence"),
    [
        ("", "USD", r"is not an amount .* Enter an amount such as \$25.00"),
        ("ten", "USD", "is not an amount"),
        ("1,5", "EUR", "is not an amount"),
        ("0", "USD", "above zero"),
        ("-3", "USD", "above zero"),
        ("0.001", "USD", "finer than the smallest unit"),
        ("1.5", "JPY", "finer than the smallest unit"),
        ("1" * 16, "USD", "more than 15 digits"),
    ],
)
def test_what_is_typed_wrongly_is_answered_with_what_to_type(text: str, currency: str, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence) as refused:
        read_part(text, currency)
    assert refused.value.field == "amount"


@pytest.mark.parametrize(("text", "currency", "amount_minor"), [(" 12.5 ", "USD", 1250), ("7", "JPY", 7)])
def test_what_is_typed_rightly_is_read(text: str, currency: str, amount_minor: int) -> None:
    assert read_part(text, currency) == amount_minor


@given(owed=st.lists(st.integers(1, 10**9), min_size=1, max_size=8), data=st.data())
def test_a_part_adds_up_and_fills_each_invoice_before_the_next(owed: list[int], data: st.DataObject) -> None:
    items = [OpenInvoice(invoice(f"N{n}", one, date(2026, 1, 1) + timedelta(n)), one) for n, one in enumerate(owed)]
    amount_minor = data.draw(st.integers(1, sum(owed)))
    lines = spread(data.draw(st.permutations(items)), amount_minor, "USD")
    assert sum(line.amount_minor for line in lines) == amount_minor
    assert [line.amount_minor for line in lines[:-1]] == owed[: len(lines) - 1]
    assert 0 < lines[-1].amount_minor <= owed[len(lines) - 1]


def test_an_instalment_is_paid_for_the_agreements_debts_in_one_order_of_its_own() -> None:
    shop = Shop()
    agreed(shop, plan())
    for _ in range(2):
        shop.checkout.start_instalment("cus_anna", "agr_1", 1, 60_00, consent=CONSENT, **URLS)
    order = shop.order()
    assert (order.agreement_id, order.instalment, order.amount_minor) == ("agr_1", 1, 60_00)
    shop.checkout.start_instalment("cus_anna", "agr_1", 2, 60_00, consent=CONSENT, **URLS)
    assert len(shop.orders.kept) == 2


def test_an_instalment_that_is_not_there_or_is_paid_is_not_started() -> None:
    shop = Shop()
    agreed(shop, plan(), replace(plan(), agreement_id="agr_2", status=AgreementStatus.BROKEN))
    for agreement_id, number in (("agr_1", 3), ("agr_2", 1), ("agr_9", 1)):
        with pytest.raises(NotFoundError):
            shop.checkout.start_instalment("cus_anna", agreement_id, number, 60_00, **URLS)
    with pytest.raises(ConflictError, match="paid already"):
        shop.checkout.start_instalment("cus_anna", "agr_1", 1, 0, **URLS)


def test_a_method_is_saved_without_paying_and_once_it_is_another_may_be() -> None:
    shop = Shop()
    first = [shop.checkout.start_saving("cus_anna", "USD", CONSENT, **URLS) for _ in range(2)]
    assert len(set(first)) == 1
    order = shop.order()
    assert (order.only_saves, order.consent) == (True, CONSENT)
    shop.orders.save(replace(order, status=OrderStatus.PAID, version=order.version + 1))
    assert shop.checkout.start_saving("cus_anna", "USD", CONSENT, **URLS) != first[0]
    with pytest.raises(InvalidInputError, match="words of the consent"):
        shop.checkout.start_saving("cus_anna", "USD", Consent(" "), **URLS)
    with pytest.raises(NotFoundError):
        shop.checkout.start_saving("cus_anna", "USD", CONSENT, agreement_id="agr_9", **URLS)


def test_a_saved_method_keeps_the_words_and_serves_what_the_order_said() -> None:
    shop = Shop()
    other = method("pmt_old", autopay=True)
    agreed(shop, plan())
    mine = replace(shop.ledger.accounts["cus_anna"], methods={"pmt_old": other})
    consent = Consent("Debit my invoices from this card.", autopay=True)
    order = CheckoutOrder("ord_1", "cus_anna", "USD", (), NOW, consent=consent, agreement_id="agr_1")
    change = save_from_order(mine, order, SAVED, NOW)
    after, one = change.applied(), method_id("pm_9")
    assert after.methods[one].words == consent.words
    assert autopay_method(after) == after.methods[one]
    evidence = after.agreements["agr_1"].authorisation
    assert evidence
    assert (evidence.method_id, evidence.words) == (one, "I agree.")
    assert [event.data["autopay"] for event in change.events] == [False, True]
    assert save_from_order(after, order, SAVED, NOW).is_empty


def test_without_consent_nothing_is_kept_and_without_evidence_nothing_is_debited_by_an_agreement() -> None:
    shop = Shop()
    agreed(shop, plan(authorisation=None))
    mine = shop.ledger.accounts["cus_anna"]
    order = CheckoutOrder("ord_1", "cus_anna", "USD", (), NOW, agreement_id="agr_1")
    assert save_from_order(mine, order, SAVED, NOW).is_empty
    kept = save_from_order(mine, replace(order, consent=CONSENT), SAVED, NOW)
    assert list(kept.methods) == [method_id("pm_9")]
    assert not kept.agreements


def test_a_method_is_taken_away_here_first_and_at_the_gateway_again_when_it_did_not_answer() -> None:
    shop = Shop()
    shop.ledger.commit(Change(shop.ledger.accounts["cus_anna"], methods={"pmt_1": method()}))
    shop.gateway.error = UnavailableError("down")
    with pytest.raises(UnavailableError):
        shop.checkout.remove_method("cus_anna", "pmt_1", NOW)
    assert shop.ledger.accounts["cus_anna"].methods["pmt_1"].status is MethodStatus.REMOVED
    shop.gateway.error = None
    shop.checkout.remove_method("cus_anna", "pmt_1", NOW)
    assert shop.gateway.detached == ["pm_1"]
