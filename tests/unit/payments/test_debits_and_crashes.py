"""Whatever crashes, comes at once or happens beside it: what is charged and received stays what was agreed."""

import contextlib
import threading
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.errors import UnavailableError
from dunwell.events import PAYMENT_APPLIED
from dunwell.ledger.change import Change
from dunwell.ledger.debits import AttemptStatus, MethodKind
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.payments.ports import PaymentStatus
from tests.support.agreements import method
from tests.support.debits import DUE_ON, MORNING, NEW_YORK, PROCESSING, DebitWorld, debtor, declined, plan, told

HOUR = timedelta(hours=1)


class DiedError(Exception):
    """The process ended here."""


def test_many_collectors_at_once_charge_once() -> None:
    for _ in range(20):
        world = DebitWorld(debtor(plan(), methods=(method(words="x", autopay=True),)))
        gate = threading.Barrier(6)

        def run(world: DebitWorld = world, gate: threading.Barrier = gate) -> None:
            gate.wait()
            world.collector.collect("cus_anna", MORNING)

        runs = [threading.Thread(target=run) for _ in range(6)]
        for one in runs:
            one.start()
        for one in runs:
            one.join()
        assert world.bank.charged == [("agr_1#1", 60_00)]
        assert len(world.account.payments) == 1
        assert len(told(world, PAYMENT_APPLIED)) == 1


@settings(max_examples=100)
@given(
    days=st.lists(
        st.tuples(st.sampled_from(["contest", "settle", "refund", "pay", "nothing"]), st.integers(1, 80_00)),
        min_size=1,
        max_size=12,
    ),
    answers=st.lists(
        st.sampled_from([{"status": PaymentStatus.SUCCEEDED}, declined("insufficient_funds")]), max_size=5
    ),
)
def test_whatever_is_contested_paid_or_given_back_no_instalment_takes_more_than_was_authorised(
    days: list[tuple[str, int]], answers: list[dict[str, Any]]
) -> None:
    world = DebitWorld(debtor(plan()))
    world.bank.answers = answers
    for number, (what, amount_minor) in enumerate(days):
        day = DUE_ON + timedelta(days=number)
        world.on_day(day)
        entries = happening(world.account, what, amount_minor, number, day)
        known = world.account.entries | {one.entry_id: one for one in entries}
        world.store.accounts["cus_anna"] = replace(world.account, entries=known)
    for ahead in range(45):
        world.on_day(DUE_ON + timedelta(days=len(days) + ahead))
    taken = Counter[str]()
    for purpose, amount_minor in world.bank.charged:
        taken[purpose] += amount_minor
    assert taken["agr_1#1"] <= 60_00
    assert taken["agr_1#2"] <= 65_50


def happening(account: Account, what: str, amount_minor: int, number: int, day: date) -> list[Entry]:
    """Something else that happens to the account at the end of a day; nothing where it cannot."""
    at_night = datetime.combine(day, time(20), NEW_YORK)
    entry = Entry(f"ent_{number}", EntryKind.DISPUTE, "USD", amount_minor, day, at_night)
    if what == "contest":
        return [replace(entry, directed_to=(Direction("inv_a1", amount_minor),))]
    if what == "settle":
        open_now = [i for i, one in account.entries.items() if one.kind is EntryKind.DISPUTE]
        ended = {one.of for one in account.entries.values() if one.kind is EntryKind.DISPUTE_END}
        left = [i for i in open_now if i not in ended]
        end = replace(entry, kind=EntryKind.DISPUTE_END, of=left[0]) if left else entry
        return [replace(end, amount_minor=account.entries[end.of].amount_minor)] if left else []
    if what == "refund":
        ours = {i: account.books.standing_minor(i) for i, one in account.payments.items() if one.method != "bank"}
        paid = next((i for i, standing_minor in ours.items() if standing_minor), "")
        back = replace(entry, kind=EntryKind.REVERSAL, of=paid, reason="refund")
        return [replace(back, amount_minor=min(amount_minor, ours[paid]))] if paid else []
    if what == "pay":
        return [replace(entry, kind=EntryKind.PAYMENT, method="bank", reference=f"b{number}")]
    return []


FAULTS = st.sampled_from(["", "", "down", "lost"])
DEATHS = st.sampled_from(["", "", "", "before", "after"])
ANSWERS = st.sampled_from(
    [
        {"status": PaymentStatus.SUCCEEDED},
        {"status": PaymentStatus.SUCCEEDED},
        PROCESSING,
        declined("insufficient_funds"),
        declined("generic_decline"),
        declined("lost_card"),
    ]
)


class Deadly:
    """Lets the process die before or after writes, as told."""

    def __init__(self, world: DebitWorld, deaths: list[str]) -> None:
        self._commit, self._deaths = world.store.commit, deaths
        world.store.commit = self.commit  # type: ignore[method-assign]

    def commit(self, change: Change, *others: Change) -> Account:
        death = self._deaths.pop(0) if self._deaths else ""
        if death == "before":
            raise DiedError
        done = self._commit(change, *others)
        if death == "after":
            raise DiedError
        return done


@settings(max_examples=150)
@given(
    faults=st.lists(FAULTS, max_size=12),
    deaths=st.lists(DEATHS, max_size=25),
    answers=st.lists(ANSWERS, max_size=6),
    minutes=st.lists(st.integers(0, 4_000), min_size=1, max_size=25),
    kind=st.sampled_from(MethodKind),
)
def test_whatever_crashes_and_whenever_somebody_looks_no_instalment_is_charged_twice(
    faults: list[str], deaths: list[str], answers: list[dict[str, Any]], minutes: list[int], kind: MethodKind
) -> None:
    world = DebitWorld(debtor(plan(grace_days=60), methods=(method(words="x", kind=kind, mandate="m"),)))
    world.bank.faults, world.bank.answers = faults, answers
    Deadly(world, deaths)
    now = MORNING
    for one in minutes:
        now += timedelta(minutes=one)
        with contextlib.suppress(DiedError, UnavailableError):
            world.collect(now)
    charged = [purpose for purpose, _ in world.bank.charged]
    assert len(charged) == len(set(charged))
    deaths.clear()
    faults.clear()
    for ahead in range(40):
        world.on_day(now.date() + timedelta(days=ahead))
    charged = [purpose for purpose, _ in world.bank.charged]
    assert len(charged) == len(set(charged))
    received = {f"{one.reference}#succeeded" for one in world.bank.made.values() if one.status == "succeeded"}
    assert {one.reference for one in world.account.payments.values()} == received
    assert not any(one.status is AttemptStatus.STARTED for one in world.account.attempts.values())
    assert not world.account.unapplied


def test_a_debt_that_is_due_is_charged_after_any_crash() -> None:
    """Death at every write and every fault of the gateway in turn: the first instalment is charged, once."""
    for death in ("before", "after"):
        for nth in range(3):
            for fault in ("", "down", "lost"):
                world = DebitWorld(debtor(plan()))
                world.bank.faults = [fault]
                Deadly(world, [""] * nth + [death])
                for hour in range(7):
                    with contextlib.suppress(DiedError, UnavailableError):
                        world.collect(MORNING + HOUR * hour)
                assert world.bank.charged == [("agr_1#1", 60_00)], (death, nth, fault)
                assert len(world.account.payments) == 1
