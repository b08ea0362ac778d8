"""Reports that come twice, late, in any order or never make the ledger that they make when each comes at once.

One world is told of everything as it happens. The other is told twice, in another order, after crashes, or never, and
in the end reconciles. The gateway holds the truth; both have to come to the same books.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from dunwell.ledger.debits import AttemptStatus, MethodKind
from dunwell.ledger.model import Account
from dunwell.payments.gateway_events import GatewayEvent, GatewayEvents
from dunwell.payments.order import CheckoutOrder, OrderLine, identified
from dunwell.payments.ports import PaymentStatus
from tests.support.agreements import attempt, method
from tests.support.memory import InMemoryLedger
from tests.support.portal import InMemoryOrderStore, account, invoice
from tests.support.stores import CrashError, FaultyLedger
from tests.support.true_gateway import TrueGateway

OWED = {f"inv_{letter}": 1_000 * number for number, letter in enumerate("abcdefgh", start=1)}
CRASHES = st.sampled_from(["", "", "", "kept", "before the write", "after the write", "before the answer"])


class Books:
    """A ledger with its orders that hears of the gateway's payments."""

    def __init__(self, gateway: TrueGateway) -> None:
        start = account(*(invoice(name[-1].upper(), amount) for name, amount in OWED.items()))
        card, bank = method("pmt_card"), method("pmt_bank", kind=MethodKind.BANK_DEBIT)
        start = replace(start, methods={one.method_id: one for one in (card, bank)})
        self.memory = InMemoryLedger(start)
        self.ledger = FaultyLedger(self.memory)
        self.orders = InMemoryOrderStore()
        self.raw: set[str] = set()
        self.events = GatewayEvents(self.ledger, self.orders, gateway)

    def hears(self, event: GatewayEvent, now: datetime, crash: str = "") -> bool:
        """Take a report as the webhook does; whether it answered that all is well."""
        self.raw.add(event.event_id)
        if crash == "kept":
            return False
        self.ledger.commits_until_crash = 0 if crash.endswith("the write") else None
        self.ledger.after_the_write = crash == "after the write"
        try:
            self.events.apply(event, now)
        except CrashError:
            return False
        finally:
            self.ledger.commits_until_crash = None
        return crash != "before the answer"

    @property
    def account(self) -> Account:
        return self.memory.accounts["cus_anna"]

    def by_invoice(self) -> dict[str, Any]:
        """What is open on each invoice. Where one was paid twice, what is over flows on as history had it."""
        return {name: self.account.open_minor(name) for name in OWED} | self.account.unapplied

    def ended(self) -> set[str]:
        """Methods that are not debited any more."""
        return {i for i, one in self.account.methods.items() if not one.is_usable}

    def balances(self) -> dict[str, Any]:
        """All that somebody could ask of these books."""
        mine = self.account
        paid = {e.reference: mine.books.standing_minor(i) for i, e in mine.payments.items()}
        return {
            "owed": mine.books.control_minor("USD"),
            "disputed": {name: mine.disputed_minor(name) for name in OWED},
            "paid": paid,
            "dated": {e.reference: e.on for e in mine.payments.values()},
            "pending": sorted(e.reference for e in mine.pending),
            "attempts": {i: (one.status, one.code) for i, one in mine.attempts.items()},
            "orders": {i: (o.status, o.payment_reference) for (_, i), o in self.orders.kept.items()},
        }


class AnyOrder(RuleBasedStateMachine):
    """What happens at the gateway, and how it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.gateway = TrueGateway()
        self.ordered, self.messy = Books(self.gateway), Books(self.gateway)
        self.waiting: list[GatewayEvent] = []
        self.gateway.tell = self._told
        self.begun = 0
        self.paid_for: list[str] = []

    def _told(self, event: GatewayEvent) -> None:
        assert self.ordered.hears(event, self.gateway.at)
        self.waiting.append(event)

    def _order(self, name: str, amount_minor: int) -> CheckoutOrder:
        """A new order, in both worlds."""
        self.begun += 1
        self.paid_for.append(name)
        lines = (OrderLine(name, name, amount_minor),)
        order = identified(CheckoutOrder("", "cus_anna", "USD", lines, self.gateway.at, instalment=self.begun))
        order = replace(order, order_id=f"{order.order_id}{self.begun}")
        for world in (self.ordered, self.messy):
            world.orders.save(order)
        return order

    def _attempt(self, order: CheckoutOrder, by: str) -> str:
        """The same as a try to debit that was stored before the gateway was asked."""
        name = f"agr_1#{self.begun}#1"
        lines = tuple((line.invoice_id, line.amount_minor) for line in order.lines)
        tried: dict[str, Any] = {"method_id": by, "started_at": self.gateway.at, "amount_minor": order.amount_minor}
        one = attempt(name, lines=lines, status=AttemptStatus.STARTED, **tried)
        for world in (self.ordered, self.messy):
            mine = world.account
            world.memory.accounts["cus_anna"] = replace(mine, attempts={**mine.attempts, name: one})
            world.orders.kept.pop(("cus_anna", order.order_id))
        return name

    def _those(self, status: PaymentStatus) -> list[str]:
        return [one.reference for one in self.gateway.payments.values() if one.status is status]

    def _left(self, reference: str) -> int:
        """What of a payment has not gone back."""
        one = self.gateway.payments[reference]
        return one.amount_minor - one.refunded_minor - sum(d.withdrawn_minor for d in one.disputes)

    # --- what happens ---

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.gateway.passes(hours)

    @rule(
        name=st.sampled_from(sorted(OWED)),
        part=st.sampled_from([1, 2, 5]),
        declined=st.sampled_from(["", "", "insufficient_funds", "lost_card"]),
        saved=st.booleans(),
    )
    def a_card_pays(self, name: str, part: int, declined: str, saved: bool) -> None:
        order = self._order(name, OWED[name] // part)
        self.gateway.is_paid(order, attempt_id=self._attempt(order, "pmt_card") if saved else "", declined=declined)

    @rule(name=st.sampled_from(sorted(OWED)), saved=st.booleans())
    def a_bank_is_debited(self, name: str, saved: bool) -> None:
        order = self._order(name, OWED[name])
        self.gateway.is_debited(order, attempt_id=self._attempt(order, "pmt_bank") if saved else "")

    @precondition(lambda self: self._those(PaymentStatus.PROCESSING))
    @rule(data=st.data(), code=st.sampled_from(["", "", "R01", "R02", "R10"]))
    def the_bank_answers(self, data: st.DataObject, code: str) -> None:
        reference = data.draw(st.sampled_from(self._those(PaymentStatus.PROCESSING)))
        self.gateway.bounces(reference, code) if code else self.gateway.arrives(reference)

    @precondition(lambda self: any(self._left(one) > 0 for one in self._those(PaymentStatus.SUCCEEDED)))
    @rule(data=st.data())
    def a_part_is_refunded(self, data: st.DataObject) -> None:
        paid = [one for one in self._those(PaymentStatus.SUCCEEDED) if self._left(one) > 0]
        reference = data.draw(st.sampled_from(paid))
        self.gateway.refunds(reference, data.draw(st.integers(1, self._left(reference))))

    @precondition(lambda self: any(one.refunded_minor for one in self.gateway.payments.values()))
    @rule(data=st.data())
    def a_refund_fails(self, data: st.DataObject) -> None:
        given = [one.reference for one in self.gateway.payments.values() if one.refunded_minor]
        one = self.gateway.payments[data.draw(st.sampled_from(given))]
        self.gateway.refund_fails(one.reference, data.draw(st.integers(1, one.refunded_minor)))

    @precondition(lambda self: any(self._left(one) > 0 for one in self._those(PaymentStatus.SUCCEEDED)))
    @rule(data=st.data(), inquiry=st.booleans())
    def a_bank_contests(self, data: st.DataObject, inquiry: bool) -> None:
        paid = [one for one in self._those(PaymentStatus.SUCCEEDED) if self._left(one) > 0]
        reference = data.draw(st.sampled_from(paid))
        if self.gateway.payments[reference].is_debit:
            back = st.sampled_from([("insufficient_funds", "R01"), ("debit_not_authorized", "R10")])
            self.gateway.is_disputed(reference, *data.draw(back))
        else:
            self.gateway.is_disputed(reference, "fraudulent", inquiry=inquiry)

    @precondition(lambda self: any(one.disputes for one in self.gateway.payments.values()))
    @rule(data=st.data())
    def a_dispute_is_decided(self, data: st.DataObject) -> None:
        contested = [one.reference for one in self.gateway.payments.values() if one.disputes]
        one = self.gateway.payments[data.draw(st.sampled_from(contested))]
        inquiry = one.disputes[-1].status.startswith("warning")
        outcomes = ["warning_closed"] if inquiry else ["won", "lost"]
        if one.disputes[-1].withdrawn_minor or inquiry:
            self.gateway.is_decided(one.reference, data.draw(st.sampled_from(outcomes)))
        elif self._left(one.reference) > 0:
            self.gateway.is_decided(one.reference, "lost")

    # --- how it is told ---

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), crash=CRASHES, twice=st.booleans())
    def a_report_comes(self, data: st.DataObject, crash: str, twice: bool) -> None:
        event = self.waiting[data.draw(st.integers(0, len(self.waiting) - 1))]
        done = self.messy.hears(event, self.gateway.at, crash)
        if done and not twice:
            self.waiting.remove(event)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def a_report_is_lost(self, data: st.DataObject) -> None:
        del self.waiting[data.draw(st.integers(0, len(self.waiting) - 1))]

    def teardown(self) -> None:
        for event in reversed(self.waiting):
            assert self.messy.hears(event, self.gateway.at)
        for event in self.gateway.reports():
            assert self.messy.hears(event, self.gateway.at)
        once = self.messy.balances()
        assert once == self.ordered.balances()
        assert self.messy.ended() <= self.ordered.ended(), "a method is ended by what somebody heard"
        if len(set(self.paid_for)) == len(self.paid_for):
            assert self.messy.by_invoice() == self.ordered.by_invoice()
        for event in self.gateway.reports():
            self.messy.hears(event, self.gateway.at)
            self.ordered.hears(event, self.gateway.at)
        assert self.messy.balances() == once, "to look again changes nothing"
        assert self.ordered.balances() == once, "nor does it where everything was heard"
        for payment in self.gateway.payments.values():
            told = once["paid"].get(f"{payment.reference}#succeeded", 0)
            assert told == max(0, self._left(payment.reference)), "what stands here is what the gateway has"


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=150, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow])
