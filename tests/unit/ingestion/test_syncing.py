"""Pulling a source page by page: what is taken, where the place is kept, and what a crash costs."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.errors import UnavailableError
from dunwell.ingestion.pacing import TokenBucket
from dunwell.ingestion.ports import Taken
from dunwell.ingestion.records import CustomerRecord, Record
from dunwell.ingestion.syncing import (
    RESERVE_SECONDS,
    Batch,
    ChangePage,
    Checkpoint,
    Mark,
    Page,
    Phase,
    PlaceLostError,
    SourceBusyError,
    Sync,
    SyncReport,
)
from tests.support.cash import InMemoryCashStore
from tests.support.syncing import PLENTY, InMemoryCheckpoints

PAGE = 3


class CrashError(Exception):
    """The process ends here."""


class FakeSource:
    """Objects in two lists, newest first as at Stripe, and a log of what changed; every object is a customer's name."""

    name = "stripe"
    streams = ("customers", "invoices")

    def __init__(self) -> None:
        self.lists: dict[str, list[str]] = {stream: [] for stream in self.streams}
        self.log: list[tuple[Mark, str]] = []
        self.reads: list[str] = []
        self.settled_until = 0
        self.forgotten: set[str] = set()

    def add(self, key: str, stream: str = "customers", *, logged: bool = True) -> None:
        self.lists[stream].insert(0, key)
        if logged:
            self.change(key)

    def change(self, key: str) -> None:
        at = len(self.log) + 1
        self.log.append((Mark(f"evt_{at}", at), key))
        self.settled_until = at

    def newest(self) -> Mark | None:
        known = [mark for mark, _ in self.log if mark.change_id not in self.forgotten]
        return known[-1] if known else None

    def read(self, stream: str, after: str) -> Page:
        self.reads.append(f"{stream}>{after}")
        keys = self.lists[stream]
        if after and after not in keys:
            raise PlaceLostError
        start = keys.index(after) + 1 if after else 0
        page = keys[start : start + PAGE]
        return Page(batches(page), (), page[-1] if page else after, start + PAGE < len(keys))

    def changes(self, since: Mark) -> ChangePage:
        self.reads.append(f"log>{since.change_id}")
        if since.change_id in self.forgotten:
            raise PlaceLostError
        newer = [entry for entry in self.log if entry[0].at_epoch > since.at_epoch]
        page = newer[:PAGE]
        settled = [mark for mark, _ in page if mark.at_epoch <= self.settled_until]
        last = page[-1][0] if page else None
        return ChangePage(
            batches([key for _, key in page]), (), last, settled[-1] if settled else None, len(newer) > PAGE
        )


def batches(keys: Sequence[str]) -> tuple[Batch, ...]:
    return tuple(Batch((CustomerRecord(0, key),)) for key in keys)


@dataclass
class FakeSink:
    """``RecordSink`` that remembers whom it was given, and crashes on the n-th batch."""

    taken: list[str] = field(default_factory=list)
    crash_at: int = 0

    def take(self, source: str, records: Sequence[Record], customer_id: str = "") -> Taken:
        assert source == "stripe"
        if self.crash_at and len(self.taken) + 1 == self.crash_at:
            self.crash_at = 0
            raise CrashError
        self.taken += [record.customer_number for record in records]
        return Taken(written=len(records))


class NoPayments:
    def look(self, reference: str) -> bool:
        raise AssertionError(f"nobody paid here: {reference}")


class World:
    def __init__(self) -> None:
        self.source, self.sink, self.places = FakeSource(), FakeSink(), InMemoryCheckpoints()
        self.payouts = InMemoryCashStore()

    def run(self, *left: float) -> SyncReport:
        """A run with so much time left at each look; plenty after the last."""
        looks = iter(left)
        return Sync(self.source, self.sink, NoPayments(), self.places, self.payouts).run(lambda: next(looks, PLENTY))

    @property
    def place(self) -> Checkpoint:
        return self.places.stored["stripe"]


@pytest.fixture
def world() -> World:
    return World()


def filled(world: World, count: int = 7) -> World:
    for n in range(count):
        world.source.add(f"c{n}")
    world.source.add("i0", "invoices")
    return world


def test_the_first_run_takes_every_object_of_every_list_once(world: World) -> None:
    report = filled(world).run()
    assert report.ended == "done"
    assert sorted(world.sink.taken) == ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "i0"]
    assert (report.written, world.place.phase) == (8, Phase.FOLLOWING)


def test_later_runs_ask_only_for_what_changed(world: World) -> None:
    filled(world).run()
    world.sink.taken.clear()
    world.source.change("c2")
    world.source.add("c9")
    world.source.reads.clear()
    assert world.run().written == 2
    assert world.sink.taken == ["c2", "c9"]
    assert world.source.reads == ["log>evt_8"]
    assert world.run().written == 0


def test_what_changes_while_everything_is_read_is_taken_afterwards(world: World) -> None:
    filled(world).run(PLENTY, 0)
    world.source.change("c6")
    world.source.add("c9")
    world.sink.taken.clear()
    assert world.run().ended == "done"
    assert {"c9", "c6"} <= set(world.sink.taken)


def test_a_run_stops_before_its_time_is_up_and_the_next_goes_on(world: World) -> None:
    first = filled(world).run(PLENTY, RESERVE_SECONDS - 1)
    assert (first.ended, first.pages, world.place.after) == ("time", 1, "c4")
    assert world.run().ended == "done"
    assert sorted(world.sink.taken) == sorted(set(world.sink.taken))
    assert world.source.reads[:2] == ["customers>", "customers>c4"]


@pytest.mark.parametrize("crash_at", range(1, 9))
def test_a_crash_repeats_a_page_at_most(world: World, crash_at: int) -> None:
    filled(world).sink.crash_at = crash_at
    with pytest.raises(CrashError):
        world.run()
    before = list(world.sink.taken)
    world.run()
    again = [key for key in world.sink.taken[len(before) :] if key in before]
    assert set(world.sink.taken) == {"c0", "c1", "c2", "c3", "c4", "c5", "c6", "i0"}
    assert len(again) <= PAGE


def test_fresh_changes_are_asked_for_again_until_they_have_settled(world: World) -> None:
    filled(world).run()
    place = world.place
    world.source.change("c1")
    world.source.settled_until = 0
    world.run()
    assert world.place == place
    world.source.settled_until = 99
    world.run()
    assert world.sink.taken.count("c1") == 3
    world.run()
    assert world.sink.taken.count("c1") == 3


def test_many_fresh_changes_are_followed_to_the_end_in_one_run(world: World) -> None:
    filled(world).run()
    world.sink.taken.clear()
    for n in range(8):
        world.source.change(f"c{n % 3}")
    world.source.settled_until = 0
    assert world.run().ended == "done"
    assert len(world.sink.taken) == 8


def test_an_empty_source_is_asked_once_and_read_whole_when_something_appears(world: World) -> None:
    assert world.run().ended == "done"
    assert world.run().ended == "done"
    world.source.add("c0")
    assert world.run().written == 1
    assert (world.place.phase, world.place.mark) == (Phase.FOLLOWING, Mark("evt_1", 1))


def test_a_log_that_does_not_reach_back_is_made_good_by_reading_everything(world: World) -> None:
    filled(world, 2).run()
    assert world.place.mark
    world.source.forgotten.add(world.place.mark.change_id)
    world.source.add("c8", logged=False)
    world.source.change("c0")
    world.sink.taken.clear()
    assert world.run().ended == "done"
    assert {"c0", "c1", "c8", "i0"} <= set(world.sink.taken)


def test_a_list_whose_place_was_deleted_is_read_from_its_beginning(world: World) -> None:
    filled(world).run(PLENTY, 0)
    world.source.lists["customers"].remove(world.place.after)
    assert world.run().ended == "done"
    assert {"c0", "c1", "c2", "c3"} <= set(world.sink.taken)


def test_of_two_runs_at_once_the_slower_one_leaves(world: World) -> None:
    filled(world)
    source_read = world.source.read

    def read(stream: str, after: str) -> Page:
        page = source_read(stream, after)
        world.source.read = source_read  # type: ignore[method-assign]
        assert world.run().ended == "done"
        return page

    world.source.read = read  # type: ignore[method-assign]
    assert world.run().ended == "overtaken"
    assert world.place.phase is Phase.FOLLOWING


def test_a_source_that_asks_for_a_pause_ends_the_run_with_its_place_kept(world: World) -> None:
    filled(world).run(PLENTY, 0)
    place = world.place

    def busy(stream: str, after: str) -> Page:
        raise SourceBusyError("pause")

    world.source.read = busy  # type: ignore[method-assign]
    assert world.run().ended == "busy"
    assert world.place == place


def test_a_source_that_is_down_fails_the_run_with_its_place_kept(world: World) -> None:
    filled(world).run(PLENTY, 0)
    place = world.place

    def down(stream: str, after: str) -> Page:
        raise UnavailableError("down")

    world.source.read = down  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        world.run()
    assert world.place == place


def test_our_own_payments_are_looked_at_before_their_records_are_taken(world: World) -> None:
    order: list[str] = []

    class Looks:
        def look(self, reference: str) -> bool:
            order.append(f"look {reference}")
            return True

    class Sink:
        def take(self, source: str, records: Sequence[Record], customer_id: str = "") -> Taken:
            order.append(f"take {customer_id}")
            return Taken(unchanged=1)

    world.source.add("c0")
    world.source.read = lambda stream, after: Page(  # type: ignore[method-assign]
        (Batch((), "cus_anna", ("pi_1",)),) if stream == "invoices" else (), (), "x", False
    )
    report = Sync(world.source, Sink(), Looks(), world.places, world.payouts).run(lambda: PLENTY)
    assert order == ["look pi_1", "take cus_anna"]
    assert (report.payments, report.unchanged) == (1, 1)


@settings(max_examples=60)
@given(
    steps=st.lists(st.sampled_from(["add", "change", "crash", "short", "run", "forget"]), max_size=30),
    start=st.integers(0, 10),
)
def test_whatever_happens_in_between_every_object_is_taken_after_its_last_change(steps: list[str], start: int) -> None:
    world = World()
    for n in range(start):
        world.source.add(f"c{n}")
    dirty = {f"c{n}" for n in range(start)}
    for number, step in enumerate(steps):
        before = len(world.sink.taken)
        if step == "add":
            world.source.add(f"n{number}", "invoices")
            dirty.add(f"n{number}")
        elif step == "change" and world.source.lists["customers"]:
            world.source.change("c0")
            dirty.add("c0")
        elif step == "crash":
            world.sink.crash_at = before + 2
        elif step == "forget":
            world.source.forgotten |= {mark.change_id for mark, _ in world.source.log}
        with suppress(CrashError):
            world.run(*((PLENTY, 0) if step == "short" else ()))
        dirty -= set(world.sink.taken[before:])
    world.sink.crash_at = 0
    before = len(world.sink.taken)
    world.run()
    assert dirty <= set(world.sink.taken[before:])


def test_a_bucket_allows_a_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(per_second=10, burst=3)
    assert [bucket.wait_seconds(0.0) for _ in range(5)] == pytest.approx([0, 0, 0, 0.1, 0.2])
    assert bucket.wait_seconds(0.2) == pytest.approx(0.1)
    assert bucket.wait_seconds(100.0) == 0


@given(pauses=st.lists(st.floats(0, 2), min_size=1, max_size=200))
def test_no_second_holds_more_requests_than_burst_and_rate(pauses: list[float]) -> None:
    bucket, now, used = TokenBucket(per_second=5, burst=4), 0.0, []
    for pause in pauses:
        now += pause
        now += bucket.wait_seconds(now)
        used.append(now)
    for start in used:
        assert sum(start <= at < start + 1 for at in used) <= 5 + 4 + 1
