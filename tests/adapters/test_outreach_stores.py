"""Tasks, notices, switches, counts, pointers and letters, on the local AWS and in memory: one contract for both."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from dunwell.accounts.contact_points import Channel, PointKind, address_id
from dunwell.accounts.shared import Said, Word
from dunwell.ledger.ports import SHARDS
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.notices import Notice
from dunwell.outreach.plan import contact_event
from dunwell.outreach.release import CLOCKS_DIFFER_BY, release_due
from dunwell.outreach.switches import Counts, Switch, turned
from dunwell.outreach.tasks import Task, TaskKind
from dunwell_aws.collection import DynamoCollection
from dunwell_aws.letters import LetterOutbox, letter_key
from dunwell_aws.message_index import DynamoMessageIndex, Written, number_id
from dunwell_aws.switch_store import KEEP_SECONDS, CachedSwitches, DynamoCounts, DynamoSwitches
from dunwell_aws.table import Table
from dunwell_aws.tasks import DynamoNotices, DynamoTasks
from tests.support.emulator import Emulator, running_emulator
from tests.support.memory import InMemoryCollection, InMemoryMessageIndex, InMemoryNotices, InMemorySwitches, shard_of
from tests.support.outreach import NOW, contact, sent
from tests.support.template import create_table_call


@dataclass
class Stores:
    """The stores of one kind."""

    contacts: Any
    tasks: Any
    notices: Any
    switches: Any
    counts: Any
    index: Any


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running_emulator() as running:
        yield running


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        both, switches = InMemoryCollection(), InMemorySwitches()
        return Stores(both, both, InMemoryNotices(), switches, switches, InMemoryMessageIndex())
    client = request.getfixturevalue("emulator").client("dynamodb")
    name = f"ledger-{request.node.name[:60].replace('[', '-').replace(']', '')}"
    client.create_table(**create_table_call("LedgerTable", name))
    table = Table(client, name)
    return Stores(
        DynamoCollection(table),
        DynamoTasks(table),
        DynamoNotices(table),
        DynamoSwitches(table),
        DynamoCounts(table),
        DynamoMessageIndex(table),
    )


def task(number: int = 1) -> Task:
    return Task(f"tsk_{number}", "cus_anna", TaskKind.CALL, "due", NOW + timedelta(hours=number), "+12125550111")


def test_a_task_is_opened_once_and_done_once(stores: Stores) -> None:
    assert [stores.tasks.open_task(task()) for _ in range(2)] == [True, False]
    assert stores.tasks.task("cus_anna", "tsk_1") == task()
    assert stores.tasks.task("cus_anna", "tsk_9") is None
    done = replace(task(), outcome="reached", agent="mia", done_at=NOW)
    assert [stores.tasks.finish_task(done), stores.tasks.finish_task(replace(done, agent="tom"))] == [True, False]
    assert stores.tasks.open_task(task()) is False
    assert (stores.tasks.task("cus_anna", "tsk_1"), stores.tasks.open_tasks(9)) == (done, [])


def test_the_oldest_tasks_come_first_and_no_more_than_asked_for(stores: Stores) -> None:
    for number in (3, 1, 2):
        stores.tasks.open_task(task(number))
    assert [one.task_id for one in stores.tasks.open_tasks(2)] == ["tsk_1", "tsk_2"]


def test_a_task_is_no_part_of_what_planning_reads(stores: Stores) -> None:
    stores.tasks.open_task(task())
    assert stores.contacts.state("cus_anna").contacts == ()


def test_a_notice_is_written_once_and_seen_once(stores: Stores) -> None:
    first, later = (Notice(f"con_{i}", "cus_anna", "s", "t", NOW + timedelta(days=i)) for i in (1, 2))
    for notice in (first, later, replace(first, text="other")):
        stores.notices.write_notice(notice)
    assert stores.notices.notices("cus_anna") == [later, first]
    seen = replace(first, seen_at=NOW)
    assert [stores.notices.notice_seen(seen), stores.notices.notice_seen(replace(first, seen_at=later.written_at))] == [
        True,
        False,
    ]
    assert stores.notices.notices("cus_anna") == [later, seen]


def test_a_switch_is_turned_by_one_of_two(stores: Stores) -> None:
    turned(stores.switches, "channel:sms", True, "ops", "price", NOW)
    turned(stores.switches, "jurisdiction:US-NY", True, "counsel", "law", NOW)
    assert not stores.switches.turn(Switch("channel:sms", True, NOW, "late", "x"))
    back = turned(stores.switches, "channel:sms", False, "ops", "mended", NOW)
    assert [(one.scope, one.is_stopped, one.turns) for one in stores.switches.switches()] == [
        ("channel:sms", False, 2),
        ("jurisdiction:US-NY", True, 1),
    ]
    assert back.by == "ops"


def test_what_comes_back_is_counted_by_day_and_turn(stores: Stores) -> None:
    added = [(0, 1, Counts(3, 1)), (0, 1, Counts(1, 0, 1)), (6, 1, Counts(2)), (7, 1, Counts(9)), (0, 2, Counts(5))]
    for days, turns, counts in added:
        stores.counts.add(Channel.EMAIL, turns, NOW - timedelta(days=days), counts)
    stores.counts.add(Channel.SMS, 1, NOW, Counts(7))
    assert stores.counts.total(Channel.EMAIL, 1, NOW) == Counts(6, 1, 1)
    assert stores.counts.total(Channel.EMAIL, 2, NOW) == Counts(5)


def test_a_message_and_an_address_lead_to_whom_was_written(stores: Stores) -> None:
    where, elsewhere = (address_id(PointKind.PHONE, number) for number in ("+12125550111", "+12125550112"))
    assert [stores.index.note_customer(where, one) for one in ("cus_anna", "cus_bert", "cus_anna")] == [[]] * 3
    stores.index.note_message("m-1", "+12125550111", "cus_anna", "con_1")
    assert (stores.index.customers(where), stores.index.customers(elsewhere)) == (["cus_anna", "cus_bert"], [])
    assert stores.index.written("m-1") == Written("cus_anna", "con_1", number_id("+12125550111"))
    assert stores.index.written("m-2") is None


STOP = Word(Channel.SMS, Said.REFUSED, "stop_reply", NOW)
START = Word(Channel.SMS, Said.AGREED, "start_reply", NOW + timedelta(microseconds=1))
ELSEWHERE = Word(Channel.WHATSAPP, Said.REFUSED, "stop_reply", NOW - timedelta(days=1))
BOUNCED = Word(Channel.SMS, Said.BOUNCED, "invalid", NOW)
COMPLAINED = Word(Channel.EMAIL, Said.COMPLAINED, "complained", NOW)


@pytest.mark.parametrize(
    "order", [[STOP, START], [START, STOP], [STOP, START, STOP], [START, replace(START, said=Said.REFUSED), START]]
)
def test_the_latest_word_at_an_address_is_kept(stores: Stores, order: list[Word]) -> None:
    where = address_id(PointKind.EMAIL, "Anna@b.example")
    latest = max(order, key=lambda word: word.order)
    for word in [*order, BOUNCED, ELSEWHERE, COMPLAINED, *order]:
        assert stores.index.note_word(where, word) == []
    kept = stores.index.note_customer(where, "cus_anna")
    assert {(word.channel, word.said.topic): word for word in kept} == {
        (Channel.SMS, "choice"): latest,
        (Channel.WHATSAPP, "choice"): ELSEWHERE,
        (Channel.SMS, "bounced"): BOUNCED,
        (Channel.EMAIL, "complained"): COMPLAINED,
    }
    assert (len(kept), stores.index.note_word(where, STOP)) == (4, ["cus_anna"])
    assert stores.index.note_customer(address_id(PointKind.EMAIL, "bert@b.example"), "cus_bert") == []


def test_what_was_said_outlives_the_notes_of_who_is_at_an_address_and_tells_no_address(
    emulator: Emulator,
) -> None:
    client = emulator.client("dynamodb")
    client.create_table(**create_table_call("LedgerTable", "ledger-words"))
    index, where = DynamoMessageIndex(Table(client, "ledger-words")), address_id(PointKind.EMAIL, "anna@b.example")
    index.note_customer(where, "cus_anna")
    index.note_word(where, COMPLAINED)
    items = client.scan(TableName="ledger-words")["Items"]
    assert {one["sk"]["S"]: "ttl" in one for one in items} == {"cus_anna": True, "SAID#email#complained": False}
    assert "anna@" not in str(items)


def test_what_was_heard_is_kept_only_over_what_was_read(stores: Stores) -> None:
    read = sent("due", 1)
    stores.contacts.plan("cus_anna", [read], [])
    opened = replace(read, status=ContactStatus.DELIVERED, opened_at=NOW)
    told = [contact_event("ContactDelivered", opened, NOW)]
    assert stores.contacts.keep(opened, read, told)
    assert not stores.contacts.keep(replace(read, clicked_at=NOW), read, [])
    earlier = replace(opened, opened_at=NOW - timedelta(hours=1), clicked_at=NOW)
    assert stores.contacts.keep(earlier, opened, [])
    assert not stores.contacts.keep(opened, opened, [])
    assert stores.contacts.contact("cus_anna", read.contact_id) == earlier


def test_dispatch_goes_by_what_it_read_for_some_seconds() -> None:
    store: Any = InMemorySwitches()
    seconds = [0.0]
    cached = CachedSwitches(store, lambda: seconds[0])
    assert cached.stopped() == frozenset()
    turned(store, "channel:sms", True, "ops", "x", NOW)
    assert cached.stopped() == frozenset()
    seconds[0] += KEEP_SECONDS + 1
    assert cached.stopped() == {"channel:sms"}


# --- letters ---

MONDAY = date(2026, 11, 23)


@pytest.fixture
def bucket(emulator: Emulator, request: pytest.FixtureRequest) -> tuple[Any, str]:
    s3, name = emulator.client("s3"), f"letters-{abs(hash(request.node.name))}"
    s3.create_bucket(Bucket=name)
    return s3, name


@pytest.fixture
def write(bucket: tuple[Any, str]) -> Callable[[date, str], None]:
    def put(day: date, contact_id: str) -> None:
        bucket[0].put_object(Bucket=bucket[1], Key=letter_key(day, contact_id), Body=b"%PDF " + contact_id.encode())

    return put


def test_every_letter_is_in_exactly_one_manifest_whenever_it_came(
    bucket: tuple[Any, str], write: Callable[[date, str], None]
) -> None:
    outbox, tuesday = LetterOutbox(*bucket), MONDAY + timedelta(days=1)
    write(MONDAY, "con_1")
    write(MONDAY, "con_2")
    outbox.close_day(MONDAY)
    write(MONDAY, "con_late")
    write(tuesday, "con_3")
    outbox.close_day(tuesday)
    write(tuesday, "con_4")
    outbox.close_day(tuesday)
    outbox.close_day(MONDAY)
    listed = [[one.contact_id for one in outbox.manifest(day)] for day in (MONDAY, tuesday)]
    assert listed == [["con_1", "con_2"], ["con_late", "con_3", "con_4"]]


def test_a_manifest_is_a_table_and_a_document_and_one_without_letters_says_so(
    bucket: tuple[Any, str], write: Callable[[date, str], None]
) -> None:
    outbox = LetterOutbox(*bucket)
    assert outbox.close_day(MONDAY - timedelta(days=30)) == []
    write(MONDAY, "con_1")
    (letter,) = outbox.close_day(MONDAY)
    s3, name = bucket
    table = s3.get_object(Bucket=name, Key="manifests/2026-11-23.csv")["Body"].read().decode().splitlines()
    assert table[0] == "key,contact_id,bytes,etag"
    assert table[1] == f"letters/2026-11-23/con_1.pdf,con_1,{letter.bytes},{letter.etag}"
    assert outbox.manifest(MONDAY - timedelta(days=1)) == ()


def test_a_letter_is_never_written_over(bucket: tuple[Any, str], write: Callable[[date, str], None]) -> None:
    from tests.adapters.test_senders import letter_sender, message

    s3, name = bucket
    sender = letter_sender(s3)
    sender._bucket = name
    made = message(Channel.LETTER, "1 Main St\nNew York")
    key = sender.prepare(made)()
    s3.put_object(Bucket=name, Key=key, Body=b"the first")
    assert sender.prepare(made)() == key
    assert s3.get_object(Bucket=name, Key=key)["Body"].read() == b"the first"


# --- contacts that wait for their minute ---


def test_what_a_contact_is_about_is_read_as_it_was_written(stores: Stores) -> None:
    about = {"agreement_id": "agr_1", "instalment": 2, "is_debited": True, "next_on": None}
    made = contact("instalment_due", about=about)
    assert stores.contacts.plan("cus_anna", [made], [])
    assert stores.contacts.contact("cus_anna", made.contact_id) == made


def test_contacts_wait_in_the_order_of_their_minutes_until_they_are_let_go_once(stores: Stores) -> None:
    shard = shard_of("cus_anna")
    minutes = (5, 1, 90)
    waiting = [contact(stage, send_after=NOW + timedelta(minutes=n)) for stage, n in zip("abc", minutes, strict=True)]
    stores.contacts.plan("cus_anna", [*waiting, contact("now")], [])
    due = NOW + timedelta(minutes=5)

    def stages(at: datetime) -> list[str]:
        return [one.stage for one in stores.contacts.waiting(shard, at)]

    assert (stages(NOW), stages(due), stages(NOW + timedelta(hours=2))) == ([], ["b", "a"], ["b", "a", "c"])
    assert list(stores.contacts.waiting((shard + 1) % SHARDS, due)) == []
    assert release_due(stores.contacts, shard, due) == 1  # a clock elsewhere may be behind
    assert [release_due(stores.contacts, shard, due + CLOCKS_DIFFER_BY) for _ in range(2)] == [2, 2]
    assert stages(NOW + timedelta(hours=2)) == ["b", "a", "c"]
    for one, status in zip(waiting, (ContactStatus.SENT, ContactStatus.REFUSED, ContactStatus.CANCELLED), strict=True):
        assert stores.contacts.move(replace(one, status=status), ContactStatus.PLANNED)
    assert stages(NOW + timedelta(hours=2)) == []
