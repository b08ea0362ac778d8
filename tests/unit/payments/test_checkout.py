"""Starting a checkout."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError, UnavailableError
from dunwell.ledger.change import Change
from dunwell.ledger.posting import post_payment, reverse
from dunwell.payments.gateway_events import GatewayEvent, GatewayEventKind
from dunwell.payments.order import CheckoutOrder, Consent, OrderLine, identified
from tests.support.portal import NOW
from tests.support.shop import Shop


def test_pay_all_covers_every_invoice_of_one_currency() -> None:
    shop = Shop()
    assert shop.start() == "https://checkout.example/1"
    assert shop.order().invoice_ids == ("inv_a1", "inv_a2")
    assert shop.order().amount_minor == 12_550


def test_pay_all_leaves_out_what_is_in_dispute_and_choosing_it_pays_it() -> None:
    shop = Shop(disputed=True)
    shop.start()
    assert shop.order().invoice_ids == ("inv_a1",)
    shop.start("inv_a2")
    assert {order.amount_minor for order in shop.orders.orders("cus_anna")} == {10_000, 2_550}


def test_a_double_click_is_one_order_one_page_and_one_call() -> None:
    shop = Shop()
    assert shop.start() == shop.start()
    assert len(shop.gateway.calls) == 1
    assert len(shop.orders.kept) == 1


def test_two_presses_at_the_same_moment_use_the_same_key() -> None:
    shop = Shop()
    shop.start()
    # given that the second press read the order before the first one kept its page
    kept = shop.order()
    shop.orders.kept.clear()
    shop.start()
    assert shop.order().key == kept.key
    assert set(shop.gateway.calls) == {kept.key}
    assert len(shop.gateway.pages) == 1


def test_the_order_is_kept_before_the_gateway_is_called() -> None:
    shop = Shop()
    shop.gateway.error = UnavailableError("down")
    with pytest.raises(UnavailableError):
        shop.start()
    assert shop.order().checkout_url == ""
    shop.gateway.error = None
    assert shop.start() == "https://checkout.example/1"
    assert shop.gateway.calls == [f"{shop.order().order_id}.1"]


def test_a_page_that_expired_is_replaced_by_a_new_attempt() -> None:
    shop = Shop()
    first = shop.start()
    assert shop.start(later=timedelta(hours=22, minutes=59)) == first
    assert shop.start(later=timedelta(hours=23)) != first
    assert shop.order().attempt == 2


def test_a_page_that_the_gateway_closed_is_replaced_by_a_new_attempt() -> None:
    shop = Shop()
    first = shop.start()
    closed = GatewayEvent("evt", GatewayEventKind.CHECKOUT_CLOSED, customer_id="cus_anna", order_key=shop.order().key)
    shop.events.apply(closed, NOW)
    assert shop.start() != first
    # and a late report about the first attempt does not close the second
    shop.events.apply(closed, NOW)
    assert shop.order().attempt == 2
    assert shop.order().status == "open"


def test_what_is_being_paid_is_not_charged_again() -> None:
    shop = Shop()
    shop.start()
    shop.gateway.pays(shop.order())
    shop.events.apply(GatewayEvent("evt", GatewayEventKind.PAYMENT_SUCCEEDED, "pi_1"), NOW)
    with pytest.raises(RefusedError):
        shop.start()
    with pytest.raises(ConflictError):
        shop.start("inv_a1")


def test_an_order_whose_payment_was_reversed_can_be_paid_again() -> None:
    shop = Shop()
    shop.start()
    shop.gateway.pays(shop.order())
    shop.events.apply(GatewayEvent("evt", GatewayEventKind.PAYMENT_SUCCEEDED, "pi_1"), NOW)
    read = shop.ledger.accounts["cus_anna"]
    (payment,) = read.payments.values()
    undone = {"method": "stripe", "reference": "re_1", "reversed_at": NOW, "reason": "chargeback"}
    shop.ledger.commit(reverse(read, payment.entry_id, payment.amount_minor, **undone))  # type: ignore[arg-type]
    shop.start()
    assert shop.order().attempt == 2
    assert shop.order().payment_reference == ""


def test_a_changed_balance_is_another_order() -> None:
    shop = Shop()
    shop.start()
    before = shop.ledger.accounts["cus_anna"]
    change: Change = post_payment(
        before, method="bank", reference="b1", currency="USD", amount_minor=100, received_at=NOW
    )
    shop.ledger.commit(change)
    shop.start()
    assert sorted(order.amount_minor for order in shop.orders.orders("cus_anna")) == [12_450, 12_550]


def test_the_sequence_of_choice_does_not_make_another_order() -> None:
    lines = (OrderLine("inv_a1", "A1", 5), OrderLine("inv_a2", "A2", 6))
    made = identified(CheckoutOrder("", "cus", "USD", lines, NOW))
    assert identified(replace(made, lines=lines[::-1])).order_id == made.order_id
    others = [
        replace(made, customer_id="cus_2"),
        replace(made, currency="EUR"),
        replace(made, consent=Consent("yes")),
        replace(made, consent=Consent("yes", autopay=True)),
        replace(made, agreement_id="agr_1", instalment=1),
        replace(made, agreement_id="agr_1", instalment=2),
    ]
    assert len({made.order_id, *(identified(one).order_id for one in others)}) == 7


@pytest.mark.parametrize(
    ("chosen", "currency", "error"),
    [
        (["inv_b1"], "USD", NotFoundError),
        (["inv_a1", "inv_b1"], "USD", NotFoundError),
        (["inv_e1"], "USD", InvalidInputError),
        ([], "GBP", RefusedError),
        ([], "", RefusedError),
    ],
)
def test_what_cannot_be_paid_is_refused(chosen: list[str], currency: str, error: type[Exception]) -> None:
    shop = Shop()
    with pytest.raises(error):
        shop.start(*chosen, currency=currency)
    assert shop.gateway.calls == []


def test_choosing_nothing_says_so() -> None:
    shop = Shop()
    with pytest.raises(InvalidInputError, match="at least one"):
        shop.checkout.start("cus_anna", "USD", [], success_url=lambda _: "", cancel_url="", now=NOW)
