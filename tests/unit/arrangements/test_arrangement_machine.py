"""Whatever happens to a customer's money and agreements, in whatever order, looked at daily or rarely.

The oracle watches the books at the close of each day and says by the definitions, not by a walk, what became of each
agreement.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dunwell.arrangements.policy import Authority, Frequency
from dunwell.calendars import fed_holidays
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell.ledger.agreements import STANDING, Agreement, AgreementKind, AgreementStatus
from dunwell.ledger.entry import EntryKind
from tests.support.arrangements import ArrangementWorld, bill

REFUSALS = (RefusedError, InvalidInputError, ConflictError, NotFoundError)
INVOICES = ("inv_a", "inv_b", "inv_c")
SOME = st.lists(st.sampled_from(INVOICES), min_size=1, max_size=3, unique=True).map(tuple)
PICK = st.integers(0, 3)
STRICT = {AgreementKind.PROMISE, AgreementKind.SETTLEMENT, AgreementKind.DISCOUNT}


def business_days_later(start: date, days: int) -> date:
    """Counted by hand."""
    found = start
    while days:
        found += timedelta(days=1)
        days -= found.weekday() < 5 and found not in fed_holidays(found.year)
    return found


@dataclass
class Watched:
    """An agreement as the oracle sees it: the close of every day, and the money that came since it was made."""

    agreement: Agreement
    payments: set[str] = field(default_factory=set)
    closes: dict[date, tuple[int, int, int]] = field(default_factory=dict)

    def lacking(self, number: int, day: date) -> str:
        """``short``, ``excused`` or empty, at the close of a day, for the first so many instalments."""
        paid, owed, asked = self.closes[day]
        needed = sum(part.amount_minor for part in self.agreement.instalments[:number])
        if self.agreement.instalments[number - 1].due_on > day or paid >= min(needed, paid + owed):
            return ""
        return "short" if asked else "excused"

    def since(self, number: int, day: date) -> date:
        """From which day the grace runs, of an instalment that is short at the close of a day."""
        found = self.agreement.instalments[number - 1].due_on
        if self.agreement.kind in STRICT:
            excused = [one for one in self.closes if one <= day and self.lacking(number, one) == "excused"]
            return max(excused) + timedelta(days=1) if excused else found
        while any(self.lacking(number, one) != "short" for one in self.closes if found <= one <= day):
            found += timedelta(days=1)
        return found

    def broke(self, day: date) -> bool:
        """Whether an instalment was short for longer than its grace by a day."""
        for number in range(1, len(self.agreement.instalments) + 1):
            for seen in (day - timedelta(days=1), day):
                if seen in self.closes and self.lacking(number, seen) == "short":
                    last_on = business_days_later(self.since(number, seen), self.agreement.grace_days)
                    if last_on < day:
                        return True
        return False

    def status(self) -> AgreementStatus:
        """What the days so far make of it."""
        active = self.agreement.kind is AgreementKind.PROMISE
        completed, paid_then, paid_before = False, 0, 0
        for day in sorted(self.closes):
            if self.broke(day):
                return AgreementStatus.BROKEN
            paid, owed, _ = self.closes[day]
            active = active or paid > 0
            done = paid >= min(self.agreement.amount_minor, paid + owed)
            if done and not completed:
                completed, paid_then = True, paid
            elif not done and paid < min(paid_before, paid_then):
                completed = False
            paid_before = paid
        if completed:
            return AgreementStatus.COMPLETED
        return AgreementStatus.ACTIVE if active else AgreementStatus.AUTHORISED


class ArrangementMachine(RuleBasedStateMachine):
    """One customer with three invoices."""

    def __init__(self) -> None:
        super().__init__()
        self.world = ArrangementWorld(invoices=(bill("A"), bill("B", 200_01), bill("C", 99_99)))
        self.watched: dict[str, Watched] = {}
        self.payments: list[str] = []
        self.contests: list[str] = []
        self.seen: dict[str, AgreementStatus] = {}

    # --- what happens ---

    @rule(ids=SOME, parts=st.integers(1, 6), first_in=st.integers(0, 12), frequency=st.sampled_from(list(Frequency)))
    def a_plan_is_agreed_to(self, ids: tuple[str, ...], parts: int, first_in: int, frequency: Frequency) -> None:
        terms: dict[str, Any] = {"invoice_ids": ids, "frequency": frequency}
        self._tried(
            lambda: self.world.planned(parts, first_in, who="agent:jo", authority=Authority.SUPERVISOR, **terms)
        )

    @rule(ids=SOME, share=st.integers(1, 10), days=st.integers(0, 12))
    def a_promise_is_made(self, ids: tuple[str, ...], share: int, days: int) -> None:
        amount = sum(self.world.account.open_minor(i) for i in ids) * share // 10
        on = self.world.today + timedelta(days=days)
        how: dict[str, Any] = {"who": "agent:jo", "authority": Authority.AGENT, "invoice_ids": ids}
        self._tried(lambda: self.world.promised(amount, on, **how))

    @rule(ids=SOME, permille=st.integers(1, 520), days=st.integers(0, 12), parts=st.integers(1, 3))
    def a_settlement_is_accepted(self, ids: tuple[str, ...], permille: int, days: int, parts: int) -> None:
        forgiven = sum(self.world.account.open_minor(i) for i in ids) * permille // 1000
        how: dict[str, Any] = {"authority": Authority.SUPERVISOR, "invoice_ids": ids, "instalments": parts}
        self._tried(lambda: self.world.settled(forgiven, days, **how))

    @rule(amount=st.one_of(st.integers(1, 620_00), st.sampled_from((100_00, 300_00))), to=st.sampled_from(INVOICES))
    def money_comes(self, amount: int, to: str) -> None:
        self._paid(amount, to)

    @precondition(lambda self: self._standing())
    @rule(pick=PICK, parts=st.integers(1, 3), less=st.sampled_from((0, 0, 0, 1)))
    def instalments_are_paid(self, pick: int, parts: int, less: int) -> None:
        """Just what is due next of an agreement, or a cent less."""
        one = self._picked(pick)
        money = sum(self.world.account.books.standing_minor(i) for i in self.watched[one.agreement_id].payments)
        sums = [sum(part.amount_minor for part in one.instalments[:n]) for n in range(1, len(one.instalments) + 1)]
        ahead = [total for total in sums if total > money]
        amount = (ahead or [money + 1])[min(parts, len(ahead) or 1) - 1] - money - less
        for debt in one.debts:
            part = min(amount, self.world.account.open_minor(debt.invoice_id))
            amount -= part
            if part:
                self._paid(part, debt.invoice_id)

    def _paid(self, amount: int, to: str) -> None:
        self.world.ticks += 1
        payment = self.world.pay(amount, to=to)
        self.payments.append(payment)
        for one in self.watched.values():
            one.payments.add(payment)

    @precondition(lambda self: self.payments)
    @rule(pick=PICK)
    def money_goes_back(self, pick: int) -> None:
        payment = self.payments.pop(-1 - pick % len(self.payments))
        self.world.ticks += 1
        self.world.reverse(payment)

    @rule(invoice_id=st.sampled_from(INVOICES), share=st.sampled_from((2, 10)))
    def something_is_contested(self, invoice_id: str, share: int) -> None:
        owed = self.world.account.open_minor(invoice_id) * share // 10
        if owed:
            self.contests.append(self.world.entry(EntryKind.DISPUTE, owed, invoice_id))

    @rule(invoice_id=st.sampled_from(INVOICES), amount=st.integers(1, 300_00))
    def somebody_is_billed_more(self, invoice_id: str, amount: int) -> None:
        self.world.entry(EntryKind.DEBIT_NOTE, amount, invoice_id)

    @precondition(lambda self: self.contests)
    @rule()
    def a_dispute_ends(self) -> None:
        contest = self.contests.pop()
        amount = self.world.account.entries[contest].amount_minor
        self.world.entry(EntryKind.DISPUTE_END, amount, of=contest)

    @precondition(lambda self: self._standing())
    @rule(pick=PICK)
    def one_is_cancelled(self, pick: int) -> None:
        one = self._picked(pick)
        self.world.desk.cancel("cus_anna", one.agreement_id, who="customer", at=self.world.now)
        del self.watched[one.agreement_id]

    @precondition(lambda self: self._standing())
    @rule(pick=PICK, parts=st.integers(1, 6), first_in=st.integers(0, 12))
    def one_is_revised(self, pick: int, parts: int, first_in: int) -> None:
        old = self._picked(pick)
        terms = self.world.plan_terms(parts, first_in, invoice_ids=old.invoice_ids)
        self.world.ticks += 2
        how: dict[str, Any] = {"who": "agent:jo", "authority": Authority.SUPERVISOR, "at": self.world.now}
        if self._tried(lambda: self.world.desk.revise("cus_anna", old.agreement_id, terms, **how)):
            self.watched.pop(old.agreement_id, None)

    @rule(days=st.one_of(st.integers(1, 9), st.sampled_from((7, 8, 30))), looks=st.booleans())
    def days_go_by(self, days: int, looks: bool) -> None:
        for _ in range(days):
            self._close()
            self.world.go_to(self.world.today + timedelta(days=1))
            self.world.ticks = 0
            if looks:
                self.somebody_looks()

    @rule()
    def somebody_looks(self) -> None:
        before = {i: one.status for i, one in self.world.account.agreements.items()}
        self.world.look()
        assert self.world.look().is_empty
        self._close()
        self._compare(before)

    # --- what must hold ---

    @invariant()
    def no_debt_is_under_two_standing_agreements(self) -> None:
        named = [i for one in self._standing() for i in one.invoice_ids]
        assert len(named) == len(set(named))

    @invariant()
    def instalments_add_up(self) -> None:
        for one in self.world.account.agreements.values():
            total = one.debt_minor + one.charges_minor - one.forgiven_minor
            assert one.amount_minor == total or (one.kind is AgreementKind.PROMISE and one.amount_minor <= total)

    @invariant()
    def a_credit_note_stands_as_long_as_its_settlement(self) -> None:
        account = self.world.account
        for one in account.agreements.values():
            notes = [i for i, e in account.entries.items() if e.reference == one.agreement_id]
            stands = sum(account.books.standing_minor(i) for i in notes)
            keeps = one.status in STANDING | {AgreementStatus.COMPLETED}
            assert stands == (one.forgiven_minor if keeps else 0)

    # --- how ---

    def _standing(self) -> list[Agreement]:
        return [one for one in self.world.account.agreements.values() if one.is_standing]

    def _picked(self, pick: int) -> Agreement:
        standing = self._standing()
        return standing[pick % len(standing)]

    def _tried(self, make: Any) -> bool:
        self.world.ticks += 1
        try:
            made = make()
        except REFUSALS:
            return False
        if made.agreement_id not in self.watched:
            self.watched[made.agreement_id] = Watched(made)
        return True

    def _close(self) -> None:
        account, today = self.world.account, self.world.today
        for one in self.watched.values():
            agreement, debts = one.agreement, set(one.agreement.invoice_ids)
            taken = (a for i in one.payments for a in account.allocations(i) if a.invoice_id in debts)
            paid = min(sum(a.amount_minor for a in taken), agreement.amount_minor)
            owed = sum(account.open_minor(i) for i in debts)
            asked = sum(max(0, account.open_minor(i) - account.disputed_minor(i)) for i in debts)
            one.closes[today] = (paid, owed, asked)

    def _compare(self, before: dict[str, AgreementStatus]) -> None:
        account = self.world.account
        for agreement_id, one in self.watched.items():
            now, expected = account.agreements[agreement_id].status, one.status()
            was = before[agreement_id]
            if was is AgreementStatus.BROKEN:
                assert now is AgreementStatus.BROKEN
            elif was is AgreementStatus.COMPLETED and expected in STANDING and now is AgreementStatus.BROKEN:
                others = {i for other in self._standing() for i in other.invoice_ids}
                assert others & set(one.agreement.invoice_ids)
            elif was in STANDING | {AgreementStatus.COMPLETED}:
                reopened = was is not AgreementStatus.AUTHORISED and expected is AgreementStatus.AUTHORISED
                assert now is (AgreementStatus.ACTIVE if reopened else expected)


ArrangementMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40)
TestArrangements = ArrangementMachine.TestCase


@pytest.mark.parametrize("seed", range(12))
def test_a_long_time_with_much_happening_keeps_to_the_oracle(seed: int) -> None:
    """What the machine seldom reaches by itself: months of agreements, payments, returns and disputes."""
    draw, machine = Random(seed), ArrangementMachine()
    for _ in range(120):
        live_on(machine, draw)
        machine.no_debt_is_under_two_standing_agreements()
        machine.instalments_add_up()
        machine.a_credit_note_stands_as_long_as_its_settlement()
    ended = [one.status for one in machine.world.account.agreements.values() if not one.is_standing]
    assert len(ended) > 3


def live_on(machine: ArrangementMachine, draw: Random) -> None:
    """Something that happens, and perhaps some days in which nothing does."""
    ids = tuple(sorted(draw.sample(INVOICES, draw.randint(1, 3))))
    pick, few, parts, days = draw.randint(0, 3), draw.randint(1, 3), draw.randint(1, 6), draw.randint(0, 12)
    happens: list[Callable[[], None]] = [
        lambda: machine.a_plan_is_agreed_to(ids=ids, parts=parts, first_in=days, frequency=draw.choice([*Frequency])),
        lambda: machine.a_promise_is_made(ids=ids, share=draw.randint(1, 10), days=days),
        lambda: machine.a_settlement_is_accepted(ids=ids, permille=draw.randint(1, 500), days=days, parts=few),
        lambda: machine.something_is_contested(invoice_id=ids[0], share=draw.choice((2, 10))),
        lambda: machine.somebody_is_billed_more(invoice_id=ids[0], amount=draw.randint(1, 300_00)),
    ]
    if machine._standing():
        pays = lambda: machine.instalments_are_paid(pick=pick, parts=few, less=draw.choice((0, 0, 0, 1)))  # noqa: E731
        happens += [pays] * 6
        happens += [
            lambda: machine.one_is_revised(pick=pick, parts=parts, first_in=days),
            lambda: machine.one_is_cancelled(pick=pick),
        ]
    happens += [lambda: machine.money_goes_back(pick=pick)] * 2 if machine.payments else []
    happens += [machine.a_dispute_ends] * 2 if machine.contests else []
    draw.choice(happens)()
    if draw.random() < 0.4:
        machine.days_go_by(days=draw.choice((1, 1, 2, 4, 8)), looks=draw.random() < 0.5)
    if draw.random() < 0.3:
        machine.somebody_looks()
