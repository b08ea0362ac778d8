"""Money for a customer who is not known, and what goes back of it: counted once, wherever it is, in any order."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from dunwell.errors import ConflictError, InvalidInputError
from dunwell.ledger.entry import Entry
from dunwell.ledger.model import Account
from dunwell.ledger.moving import merge
from dunwell.payments.gateway_events import GatewayEvent, GatewayEvents, Outcome
from dunwell.payments.order import CheckoutOrder, OrderLine, identified
from dunwell.payments.ports import GatewayPayment, PaymentStatus
from dunwell.payments.reconciling import Listed, Reconciliation, Reconciling
from dunwell.remittance.desk import CashDesk
from dunwell.remittance.gateway_money import GatewayMoney
from dunwell.remittance.records import LineRecord, LineState
from tests.support.cash import CashWorld
from tests.support.portal import InMemoryOrderStore, account, customer, invoice
from tests.support.stores import CrashError, FaultyLedger
from tests.support.true_gateway import TrueGateway

NOBODY, ANNA = "cus_nobody", "cus_c10001"
CRASHES = st.sampled_from(["", "", "", "before the write", "after the write"])


class Office:
    """A ledger without the customer who pays, the gateway, and the agents' desk for what is not clear."""

    def __init__(self) -> None:
        self.gateway = TrueGateway()
        self.world = CashWorld()
        self.memory = self.world.ledger
        for number in ("C10001", "C10002"):
            self.world.owes(number, f"Customer {number}", invoice("A1", 10_000))
        self.ledger = FaultyLedger(self.memory)
        cash = replace(self.world.cash, ledger=self.ledger)
        self.desk, self.unknown = CashDesk(cash), GatewayMoney(cash)
        self.orders = InMemoryOrderStore()
        self.events = GatewayEvents(self.ledger, self.orders, self.gateway, unknown=self.unknown)
        self.reports: list[GatewayEvent] = []
        self.gateway.tell = self.reports.append
        self.begun = 0

    def pays(self, amount_minor: int = 10_000, *, by_debit: bool = False) -> str:
        """Somebody unknown pays; the gateway's name of the payment. Nothing is heard of it yet."""
        self.begun += 1
        lines = (OrderLine("inv_n1", "N1", amount_minor),)
        order = identified(CheckoutOrder("", NOBODY, "USD", lines, self.gateway.at, instalment=self.begun))
        order = replace(order, order_id=f"{order.order_id}{self.begun}")
        self.orders.save(order)
        if not by_debit:
            return self.gateway.is_paid(order)
        reference = self.gateway.is_debited(order)
        self.gateway.arrives(reference)
        return reference

    def hears(self, *events: GatewayEvent) -> list[Outcome]:
        """Take reports, all that wait unless some are named."""
        taken = [self.events.apply(one, self.gateway.at) for one in events or tuple(self.reports)]
        if not events:
            self.reports.clear()
        return taken

    def waiting(self) -> LineRecord:
        (record,) = self.desk.waiting(self.gateway.at)
        return record

    def gives(self, number: str, *invoices: str) -> LineRecord:
        """An agent says whose the money is that waits."""
        record = self.waiting()
        return self.desk.choose(record.item_id, record.version, number, list(invoices), "jo", self.gateway.at)

    def becomes_known(self) -> None:
        self.memory.accounts[NOBODY] = account(invoice("N1", 10_000), who=customer(NOBODY, number="C-9"))

    def account(self, who: str) -> Account:
        return self.memory.accounts[who]

    def standing(self) -> dict[str, dict[str, int]]:
        """By payment, what stands of it on which account."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for who, one in self.memory.accounts.items():
            for i, entry in one.payments.items():
                if minor := one.books.standing_minor(i):
                    found[entry.reference.partition("#")[0]]["suspense" if one.customer.is_internal else who] = minor
        return dict(found)

    def reconciles(self) -> Reconciliation:
        """A run over every payment there ever was."""
        books, places = EveryPayment(self.gateway), Places()
        at = self.gateway.at.timestamp()
        run = Reconciling(books, self.gateway, self.events, places, epoch=lambda: at, now=lambda: self.gateway.at).run(
            lambda: 900
        )
        assert run
        assert run.done
        return run


class EveryPayment:
    """``GatewayBooks``: all of them moved."""

    def __init__(self, gateway: TrueGateway) -> None:
        self.gateway = gateway

    def undelivered(self, since: int, until: int, after: str) -> Listed:
        return Listed((), "", more=False)

    def moved(self, since: int, until: int, after: str) -> Listed:
        return Listed(tuple(self.gateway.reports()), "", more=False)


class Places:
    """``ReconciliationStore``: one run."""

    def last(self) -> Reconciliation | None:
        return None

    def save(self, run: Reconciliation) -> bool:
        return True


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_refund_lessens_what_is_in_suspense_and_what_an_agent_can_give(office: Office) -> None:
    paid = office.pays()
    assert office.hears() == [Outcome.UNMATCHED]
    office.gateway.refunds(paid, 4_000)
    office.hears(*office.reports, *office.reports)
    assert office.standing() == {paid: {"suspense": 6_000}}
    assert office.waiting().left_minor == 6_000
    office.gives("C10001", "A1")
    assert office.standing() == {paid: {ANNA: 6_000}}
    assert office.account(ANNA).balances == {"USD": 4_000}
    assert office.reconciles().left_minor() == {"USD": 0}


def test_money_that_went_back_as_a_whole_waits_for_nobody(office: Office) -> None:
    paid = office.pays()
    office.hears()
    seen = office.waiting()
    office.gateway.refunds(paid, 10_000)
    office.hears()
    assert office.desk.waiting(office.gateway.at) == []
    with pytest.raises(ConflictError):
        office.desk.choose(seen.item_id, seen.version, "C10001", [], "jo", office.gateway.at)
    assert office.standing() == {}
    office.gateway.refund_fails(paid, 2_500)
    office.hears()
    assert office.waiting().left_minor == 2_500, "what the refund could not bring back is there again"


def test_a_refund_that_is_heard_of_before_its_payment_leaves_only_the_rest(office: Office) -> None:
    paid = office.pays()
    office.gateway.refunds(paid, 1_000)
    late, refund = office.reports
    assert office.hears(refund, late) == [Outcome.UNMATCHED] * 2
    assert (office.waiting().left_minor, office.world.unclear()) == (9_000, {"USD": 9_000})


def test_a_refund_after_an_agent_gave_the_money_follows_it_onto_the_account(office: Office) -> None:
    paid = office.pays()
    office.hears()
    office.gives("C10001", "A1")
    assert office.account(ANNA).balances == {}
    office.gateway.refunds(paid, 10_000)
    assert office.hears() == [Outcome.POSTED]
    assert office.standing() == {}
    assert office.account(ANNA).balances == {"USD": 10_000}
    assert office.world.unclear() == {}


@pytest.mark.parametrize(("by_debit", "reason"), [(False, "fraudulent"), (True, "insufficient_funds")])
def test_a_chargeback_or_a_returned_debit_takes_it_out_of_suspense_and_a_won_one_brings_it_back(
    office: Office, by_debit: bool, reason: str
) -> None:
    paid = office.pays(by_debit=by_debit)
    office.hears()
    office.gateway.is_disputed(paid, reason)
    office.hears()
    assert (office.standing(), office.desk.waiting(office.gateway.at)) == ({}, [])
    office.gateway.is_decided(paid, "won")
    office.hears()
    office.gives("C10001")
    assert office.standing() == {paid: {ANNA: 10_000}}
    office.gateway.is_decided(paid, "lost")
    office.hears()
    assert office.standing() == {}


def test_what_went_back_is_not_on_the_customers_account_when_they_become_known(office: Office) -> None:
    paid = office.pays()
    office.gateway.refunds(paid, 3_000)
    office.hears()
    office.becomes_known()
    run = office.reconciles()
    assert office.standing() == {paid: {NOBODY: 7_000}}
    assert (run.left_minor(), run.suspended, office.world.unclear()) == ({"USD": 0}, {}, {})


def test_money_in_suspense_is_compared_with_the_gateway_too(office: Office) -> None:
    paid = office.pays()
    office.hears()
    office.gateway.refunds(paid, 4_000)
    run = office.reconciles()
    assert (run.found, run.left_minor(), run.suspended) == ({"USD": -4_000}, {"USD": 0}, {"USD": 6_000})


def test_what_an_agent_chose_stands_when_the_gateways_customer_becomes_known_and_a_person_is_asked(
    office: Office,
) -> None:
    paid = office.pays()
    office.hears()
    office.gives("C10001", "A1")
    office.becomes_known()
    office.gateway.refunds(paid, 1_000)
    office.hears(*office.reports, *office.reports)
    assert office.standing() == {paid: {ANNA: 9_000}}
    record = office.waiting()
    assert "jo" in record.match.reasons[0]
    assert [one.customer_number for one in record.proposals] == ["C-9"]
    assert office.reconciles().left_minor() == {"USD": 0}


def test_an_agent_may_leave_contested_money_where_it_is(office: Office) -> None:
    paid = office.pays()
    office.hears()
    office.gives("C10001", "A1")
    office.becomes_known()
    office.reconciles()
    record = office.waiting()
    with pytest.raises(InvalidInputError, match="gateway names"):
        office.desk.choose(record.item_id, record.version, "C10002", [], "mo", office.gateway.at)
    office.desk.note(record.item_id, record.version, "Anna paid for them.", "mo", office.gateway.at, close=True)
    office.reconciles()
    assert office.desk.waiting(office.gateway.at) == []
    assert office.standing() == {paid: {ANNA: 10_000}}


def test_an_agent_may_give_contested_money_to_whom_the_gateway_names(office: Office) -> None:
    paid = office.pays()
    office.hears()
    office.gives("C10001", "A1")
    office.gateway.refunds(paid, 2_000)
    office.hears()
    office.becomes_known()
    office.reconciles()
    record = office.waiting()
    office.desk.accept(record.item_id, record.version, 0, "mo", office.gateway.at)
    assert office.standing() == {paid: {NOBODY: 8_000}}
    assert office.account(ANNA).balances == {"USD": 10_000}, "Anna owes what this money had paid"
    office.gateway.refunds(paid, 8_000)
    office.hears()
    assert (office.standing(), office.desk.waiting(office.gateway.at)) == ({}, [])
    assert office.reconciles().left_minor() == {"USD": 0}


def test_a_refund_between_an_agents_choice_and_its_carrying_out_follows_it(office: Office) -> None:
    paid = office.pays()
    office.hears()
    office.ledger.commits_until_crash = 0
    with pytest.raises(CrashError):
        office.gives("C10001", "A1")
    office.ledger.commits_until_crash = None
    office.gateway.refunds(paid, 4_000)
    office.hears()
    assert office.standing() == {paid: {ANNA: 6_000}}


def test_a_choice_cut_short_is_completed_on_the_account_that_its_customer_became_part_of(office: Office) -> None:
    paid = office.pays()
    office.hears()
    office.world.store.before_keep = dies_when_done
    with pytest.raises(CrashError):
        office.gives("C10001", "A1")
    office.world.store.before_keep = lambda record: None
    changes = merge(office.account("cus_c10002"), office.account(ANNA), office.gateway.at, "jo")
    office.memory.commit(*changes)
    office.gateway.refunds(paid, 4_000)
    assert office.hears() == [Outcome.POSTED]
    assert (office.standing(), office.world.unclear()) == ({paid: {"cus_c10002": 6_000}}, {})


def dies_when_done(record: LineRecord) -> None:
    """The process ends after the money moved, before that is kept."""
    if record.state is LineState.DONE and record.chosen:
        raise CrashError


@dataclass(frozen=True)
class SlowMoney(GatewayMoney):
    """Somebody acts between its answer and what is written upon it."""

    meanwhile: Callable[[], object] = lambda: None

    def claim(self, money: Entry, customer_id: str, at: datetime) -> str:
        holder = super().claim(money, customer_id, at)
        self.meanwhile()
        return holder


def test_a_refund_that_an_agent_overtakes_follows_the_money(office: Office) -> None:
    paid = office.pays()
    office.hears()
    office.gateway.refunds(paid, 4_000)
    slow = SlowMoney(office.unknown.cash, lambda: office.gives("C10001", "A1"))
    office.events = GatewayEvents(office.ledger, office.orders, office.gateway, unknown=slow)
    assert office.hears() == [Outcome.POSTED]
    assert (office.standing(), office.world.unclear()) == ({paid: {ANNA: 6_000}}, {})


def test_money_of_which_a_part_was_away_and_came_back_leaves_suspense_to_the_cent(office: Office) -> None:
    paid = office.pays()
    office.gateway.refunds(paid, 3_000)
    office.hears()
    office.gateway.refund_fails(paid, 1_000)
    office.hears()
    office.gives("C10001", "A1")
    assert (office.standing(), office.world.unclear()) == ({paid: {ANNA: 8_000}}, {})


class Suspense(RuleBasedStateMachine):
    """What happens at the gateway, how it is heard, and what agents decide meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.office = Office()

    @property
    def _paid(self) -> list[GatewayPayment]:
        return [one for one in self.office.gateway.payments.values() if one.status is PaymentStatus.SUCCEEDED]

    def _left(self, one: GatewayPayment) -> int:
        return one.amount_minor - one.refunded_minor - sum(d.withdrawn_minor for d in one.disputes)

    def _drawn(self, data: st.DataObject, found: list[GatewayPayment]) -> GatewayPayment:
        return self.office.gateway.payments[data.draw(st.sampled_from([one.reference for one in found]))]

    @rule(amount_minor=st.sampled_from([1, 5_000, 10_000, 12_345]), by_debit=st.booleans())
    def somebody_pays(self, amount_minor: int, by_debit: bool) -> None:
        self.office.pays(amount_minor, by_debit=by_debit)

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.office.gateway.passes(hours)

    @rule()
    def they_become_known(self) -> None:
        if NOBODY not in self.office.memory.accounts:
            self.office.becomes_known()

    @precondition(lambda self: any(self._left(one) > 0 for one in self._paid))
    @rule(data=st.data())
    def a_part_is_refunded(self, data: st.DataObject) -> None:
        one = self._drawn(data, [one for one in self._paid if self._left(one) > 0])
        self.office.gateway.refunds(one.reference, data.draw(st.integers(1, self._left(one))))

    @precondition(lambda self: any(one.refunded_minor for one in self._paid))
    @rule(data=st.data())
    def a_refund_fails(self, data: st.DataObject) -> None:
        one = self._drawn(data, [one for one in self._paid if one.refunded_minor])
        self.office.gateway.refund_fails(one.reference, data.draw(st.integers(1, one.refunded_minor)))

    @precondition(lambda self: any(self._left(one) > 0 and not one.disputes for one in self._paid))
    @rule(data=st.data())
    def a_bank_takes_it_back(self, data: st.DataObject) -> None:
        one = self._drawn(data, [one for one in self._paid if self._left(one) > 0 and not one.disputes])
        self.office.gateway.is_disputed(one.reference, "insufficient_funds" if one.is_debit else "fraudulent")

    @precondition(lambda self: any(one.disputes and one.disputes[-1].withdrawn_minor for one in self._paid))
    @rule(data=st.data(), status=st.sampled_from(["won", "lost"]))
    def a_dispute_is_decided(self, data: st.DataObject, status: str) -> None:
        one = self._drawn(data, [one for one in self._paid if one.disputes and one.disputes[-1].withdrawn_minor])
        self.office.gateway.is_decided(one.reference, status)

    @precondition(lambda self: self.office.reports)
    @rule(data=st.data(), crash=CRASHES, twice=st.booleans())
    def a_report_comes(self, data: st.DataObject, crash: str, twice: bool) -> None:
        event = data.draw(st.sampled_from(self.office.reports))
        if self._dying(crash, lambda: self.office.hears(event)) and not twice:
            self.office.reports.remove(event)

    @precondition(lambda self: self.office.reports)
    @rule(data=st.data())
    def a_report_is_lost(self, data: st.DataObject) -> None:
        self.office.reports.remove(data.draw(st.sampled_from(self.office.reports)))

    @precondition(lambda self: self.office.world.store.listed())
    @rule(data=st.data(), crash=CRASHES, way=st.sampled_from(["C10001", "C10002", "close", "accept"]))
    def an_agent_decides(self, data: st.DataObject, crash: str, way: str) -> None:
        seen = self.office.world.store.kept[
            data.draw(st.sampled_from([one.item_id for one in self.office.world.store.listed()]))
        ]
        self._dying(crash, lambda: self._decides(seen, way))

    def _decides(self, seen: LineRecord, way: str) -> None:
        desk, at, key = self.office.desk, self.office.gateway.at, (seen.item_id, seen.version)
        try:
            if way == "close":
                desk.note(*key, "It stays.", "mo", at, close=True)
            elif way == "accept":
                desk.accept(*key, 0, "mo", at)
            else:
                desk.choose(*key, way, ["A1"] if self.office.account(f"cus_{way.lower()}").balances else [], "jo", at)
        except (InvalidInputError, ConflictError):
            pass

    def _dying(self, crash: str, does: Any) -> bool:
        """Whether it came to its end; the process may die at its first write of money."""
        ledger = self.office.ledger
        ledger.commits_until_crash, ledger.after_the_write = 0 if crash else None, crash == "after the write"
        try:
            does()
        except CrashError:
            return False
        finally:
            ledger.commits_until_crash = None
        return True

    def teardown(self) -> None:
        office = self.office
        office.hears(*reversed(office.reports))
        run = office.reconciles()
        assert run.left_minor().get("USD", 0) == 0
        there = {one.reference: minor for one in self._paid if (minor := max(0, self._left(one)))}
        here = office.standing()
        assert {name: sum(held.values()) for name, held in here.items()} == there, "each payment stands once"
        assert all(len(held) == 1 for held in here.values()), "and on one account"
        asked = office.desk.waiting(office.gateway.at)
        to_place = sum(one.left_minor for one in asked if not one.contested)
        assert to_place == office.world.unclear().get("USD", 0) == run.suspended.get("USD", 0)
        before = dict(office.memory.accounts), dict(office.world.store.kept)
        again = office.reconciles()
        assert again.found.get("USD", 0) == 0
        assert (dict(office.memory.accounts), dict(office.world.store.kept)) == before, "to look again changes nothing"


TestSuspense = Suspense.TestCase
TestSuspense.settings = settings(max_examples=150, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow])
