"""Bank lines become payments once, however often they come; what is not sure waits in suspense."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dunwell.accounts.model import CustomerKind
from dunwell.events import PAYMENT_APPLIED, REMITTANCE_SUSPENDED
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.posting import post_payment
from dunwell.remittance.gateway_money import GatewayMoney
from dunwell.remittance.model import Decision, LineKind, Payout, Purpose
from dunwell.remittance.policy import BankFee, CashPolicy
from dunwell.remittance.records import LineState
from tests.support.cash import NOW, TODAY, CashWorld, euros, line, links

PAYER = "DE89370400440532013000"


@pytest.fixture
def world() -> CashWorld:
    made = CashWorld()
    made.owes(
        "C10001", "Müller Logistik Nord GmbH", euros("INV-2026-010023", 119_000), euros("INV-2026-010031", 45_050)
    )
    made.owes("C10002", "Walsh Marine LLC", euros("INV-2026-010025", 88_000))
    return made


EXACT = line("1", 119_000, "INV-2026-010023", "MUELLER LOGISTIK NORD", payer_account=PAYER)
UNKNOWN = line("2", 7_777, "thanks", "Nobody We Know")


def test_a_line_that_names_its_invoice_is_posted_to_it_and_its_account_is_learned(world: CashWorld) -> None:
    world.apply(EXACT)
    account = world.account("cus_c10001")
    (payment,) = account.payments.values()
    assert (payment.method, payment.reference, payment.amount_minor) == ("bank", "bln_1", 119_000)
    assert (account.open_minor("inv_inv-2026-010023"), account.balances) == (0, {"EUR": 45_050})
    assert links(world.store, PAYER) == {"cus_c10001": 1}
    assert [event.name for event in world.ledger.events] == [PAYMENT_APPLIED]
    assert world.store.listed() == []


def test_unmatched_money_is_on_an_internal_account_of_its_bank_account_and_month_and_on_the_work_list(
    world: CashWorld,
) -> None:
    last_month = replace(UNKNOWN, line_id="bln_3", booked_on=date(2026, 5, 31))
    world.apply(UNKNOWN, last_month, replace(UNKNOWN, line_id="bln_4", account="GB29NWBK60161331926819"))
    held = world.suspense()
    assert sorted(one.customer.number for one in held) == [
        "SUSPENSE-2051-2026-05",
        "SUSPENSE-2051-2026-06",
        "SUSPENSE-6819-2026-06",
    ]
    assert {one.customer.kind for one in held} == {CustomerKind.SUSPENSE}
    assert world.unclear() == {"EUR": 3 * 7_777}
    assert [one.line.line_id for one in world.store.listed()] == ["bln_3", "bln_2", "bln_4"]
    assert {event.name for event in world.ledger.events} == {REMITTANCE_SUSPENDED}


def test_the_same_statement_twice_changes_nothing(world: CashWorld) -> None:
    world.apply(EXACT, UNKNOWN)
    before = dict(world.ledger.accounts)
    records = dict(world.store.kept)
    world.apply(UNKNOWN, EXACT)
    assert (world.ledger.accounts, world.store.kept) == (before, records)


def test_two_lines_that_pay_the_same_invoice_are_not_both_applied(world: CashWorld) -> None:
    world.apply(EXACT, replace(EXACT, line_id="bln_9"))
    first, second = (world.store.kept[f"EUR.119000.2026-06-30.{i}"].match.decision for i in ("bln_1", "bln_9"))
    assert (first, second is Decision.APPLIED) == (Decision.APPLIED, False)
    assert world.unclear() == {"EUR": 119_000}


def test_an_early_payment_discount_is_a_credit_note_that_settles_the_invoice() -> None:
    world = CashWorld()
    world.owes("C10003", "Skonto AG", euros("INV-2026-020001", 100_000, "2/30 net 60"))
    world.apply(line("1", 98_000, "INV-2026-020001", "Skonto AG"))
    account = world.account("cus_c10003")
    (credit,) = (one for one in account.entries.values() if one.kind is EntryKind.CREDIT_NOTE)
    assert (credit.reason, credit.amount_minor) == ("early_payment_discount", 2_000)
    assert (account.balances, account.unapplied) == ({}, {})


@pytest.mark.parametrize(("fee", "still_open"), [(BankFee.CREDIT, {"EUR": 45_050}), (BankFee.OPEN, {"EUR": 46_050})])
def test_what_a_bank_kept_is_borne_by_whom_the_policy_says(fee: BankFee, still_open: dict[str, int]) -> None:
    world = CashWorld(CashPolicy("test", bank_fee=fee))
    who = world.owes(
        "C10001", "Müller Logistik Nord GmbH", euros("INV-2026-010023", 119_000), euros("INV-2026-010031", 45_050)
    )
    world.apply(replace(EXACT, amount_minor=118_000))
    assert world.account(who).balances == still_open


def test_nothing_is_credited_on_an_invoice_that_was_settled_another_way_meanwhile() -> None:
    world = CashWorld()
    who = world.owes("C10003", "Skonto AG", euros("INV-2026-020001", 100_000, "2/30 net 60"))
    world.ledger.before_commit = lambda change: (_ for _ in ()).throw(RuntimeError)
    with pytest.raises(RuntimeError):
        world.apply(line("1", 98_000, "INV-2026-020001", "Skonto AG"))
    world.ledger.before_commit = lambda change: None
    world.owes("C10003", "Skonto AG")
    world.cash.ledger.commit(_paid_by_card(world, who))
    world.apply(line("1", 98_000, "INV-2026-020001", "Skonto AG"))
    assert world.account(who).unapplied == {"EUR": 98_000}


def _paid_by_card(world: CashWorld, who: str) -> Change:
    earlier = NOW - timedelta(days=2)
    return post_payment(
        world.account(who),
        method="stripe",
        reference="pi_1",
        currency="EUR",
        amount_minor=100_000,
        received_at=earlier,
        directed_to=[Direction("inv_inv-2026-020001", 100_000)],
    )


def test_a_payout_is_reconciled_and_posts_nothing(world: CashWorld) -> None:
    world.store.expected["po_12345678"] = Payout("po_12345678", "stripe", "EUR", 50_000, TODAY)
    world.apply(line("1", 50_000, "STRIPE PAYOUT po_12345678", "STRIPE"))
    assert world.store.arrived == {"po_12345678": "bln_1"}
    assert world.placed() == {}
    assert world.store.listed() == []


def test_a_payout_that_nobody_announced_is_in_suspense(world: CashWorld) -> None:
    world.apply(line("1", 50_000, "STRIPE PAYOUT", "STRIPE"))
    (waiting,) = world.store.listed()
    assert waiting.match.purpose is Purpose.PAYOUT
    assert world.unclear() == {"EUR": 50_000}


def test_a_certain_return_reverses_its_payment_and_the_discount_with_it() -> None:
    world = CashWorld()
    who = world.owes("C10003", "Skonto AG", euros("INV-2026-020001", 100_000, "2/30 net 60"))
    world.apply(line("1", 98_000, "INV-2026-020001", "Skonto AG", end_to_end_id="E2E-1"))
    assert world.account(who).balances == {}
    back = line("2", -98_000, "RETURN", kind=LineKind.RETURN, end_to_end_id="E2E-1")
    world.apply(back)
    world.apply(back)
    assert (world.account(who).balances, world.account(who).unapplied) == ({"EUR": 100_000}, {})


def test_a_return_that_is_not_certain_waits_for_a_person_and_reverses_nothing(world: CashWorld) -> None:
    world.apply(EXACT)
    world.apply(line("2", -119_000, "RETURN MUELLER", kind=LineKind.RETURN))
    (waiting,) = world.store.listed()
    assert waiting.match.purpose is Purpose.RETURN
    assert world.placed() == {"bln_1": 119_000}


def test_charges_and_money_that_went_out_are_kept_as_seen_and_wait_for_nobody(world: CashWorld) -> None:
    world.apply(line("1", -500, kind=LineKind.CHARGE), line("2", -90_000, "rent", "Landlord"))
    assert {one.state for one in world.store.kept.values()} == {LineState.DONE}
    assert world.store.listed() == []
    assert world.placed() == {}


def test_a_line_decided_by_one_worker_is_carried_out_as_decided_by_another(world: CashWorld) -> None:
    """A race for the first decision: the loser does what the winner decided, not what itself would have."""
    other = CashWorld()
    other.owes("C10001", "Müller Logistik Nord GmbH", euros("INV-2026-010023", 119_000))
    other.apply(EXACT)
    theirs = replace(other.store.kept["EUR.119000.2026-06-30.bln_1"], state=LineState.DECIDED, version=1)

    def too_late(record: object) -> None:
        world.store.before_keep = lambda record: None
        world.store.kept[theirs.item_id] = theirs

    world.store.before_keep = too_late
    world.apply(EXACT)
    assert world.placed() == {"bln_1": 119_000}
    assert world.store.kept[theirs.item_id].version == 2


def test_money_for_an_unknown_customer_is_in_suspense_once_and_leaves_it_when_the_customer_is_known(
    world: CashWorld,
) -> None:
    unknown = GatewayMoney(world.cash)
    money = Entry("", EntryKind.PAYMENT, "EUR", 4_200, NOW.date(), NOW, "stripe", "pi_1#succeeded")
    unknown.keep(money)
    unknown.keep(replace(money, on=NOW.date() + timedelta(days=3), at=NOW + timedelta(days=3)))
    assert world.unclear() == {"EUR": 4_200}
    (held,) = world.suspense()
    assert held.customer.number == "SUSPENSE-stripe-2026-06"
    assert unknown.claim(money, "cus_nobody", NOW) == held.customer.customer_id
    for _ in range(2):
        assert unknown.claim(money, "cus_c10002", NOW) == "cus_c10002"
    assert (world.unclear(), world.placed()) == ({}, {"pi_1#succeeded": 4_200})
