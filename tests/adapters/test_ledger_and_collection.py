"""The ledger and the collection in DynamoDB and in memory: one contract, proved of both."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import Channel, Customer, CustomerKind, Hold
from dunwell.errors import ConflictError, InvalidInputError
from dunwell.escalation.case import Case, CaseStatus
from dunwell.events import Event
from dunwell.ingestion.importing import Origin, import_records
from dunwell.ledger.agreements import AgreementStatus
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account, Delivery
from dunwell.ledger.ports import FACTS_PER_CHANGE, SHARDS
from dunwell.ledger.posting import post_payment
from dunwell.ledger.update import update
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.scoring.assessment import (
    HISTORY_DAYS,
    Assessment,
    Basis,
    InvoiceAssessment,
    PastScore,
    Recovery,
    ScoreReason,
)
from dunwell_aws.collection import DynamoCollection, kept_score, past_score
from dunwell_aws.dynamo_json import marshal, plain
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.table import CONTACT, LEDGER, OUTBOX, Table, partition
from tests.support.agreements import agreement, attempt, method
from tests.support.emulator import Emulator, running_emulator
from tests.support.memory import InMemoryCollection, InMemoryLedger, shard_of
from tests.support.outreach import NOW, TODAY, assessment, contact, sent
from tests.support.portal import customer, invoice
from tests.support.receivables import receivable
from tests.support.template import create_table_call


def by_id(one: Contact) -> str:
    return one.contact_id


@dataclass
class Store:
    """The two stores, and a look at what the outbox holds for the bus."""

    ledger: Any
    collection: Any
    outbox: Callable[[], list[str]]

    def holds(self, *numbers: str, who: Customer | None = None, amount_minor: int = 100) -> Account:
        """A stored account with these invoices."""
        account = Account(who or customer())
        made = {f"inv_{number.lower()}": invoice(number, amount_minor) for number in numbers}
        stored: Account = self.ledger.commit(Change(account, account.customer, made))
        return stored

    def post(self, amount_minor: int, reference: str = "r1", customer_id: str = "cus_anna") -> Account:
        posted: dict[str, Any] = {"method": "test", "reference": reference, "currency": "USD"}
        return update(
            self.ledger,
            customer_id,
            lambda read: post_payment(read, amount_minor=amount_minor, received_at=NOW, **posted),
        )


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running_emulator() as running:
        yield running


@pytest.fixture
def table(emulator: Emulator) -> Table:
    name, client = f"ledger-{time.monotonic_ns()}", emulator.client("dynamodb")
    client.create_table(**create_table_call("LedgerTable", name))
    return Table(client, name)


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "fake":
        ledger, collection = InMemoryLedger(), InMemoryCollection()
        return Store(ledger, collection, lambda: sorted(e.event_id for e in [*ledger.events, *collection.events]))
    table: Table = request.getfixturevalue("table")
    return Store(DynamoLedger(table), DynamoCollection(table), lambda: outbox(table))


def outbox(table: Table) -> list[str]:
    found = table.client.scan(TableName=table.name)["Items"]
    published = [
        plain(item) for item in found if item["sk"]["S"].startswith((OUTBOX, LEDGER, CONTACT)) and "events" in item
    ]
    return sorted(event["event_id"] for item in published for event in item.get("events", ()))


def event(number: int) -> Event:
    return Event(f"evt_{number}", "ContactPlanned", "cus_anna", NOW, {"n": number, "flag": True, "none": None})


# --- the ledger ---


def test_an_account_comes_back_as_it_was_written(store: Store) -> None:
    who = customer(
        kind=CustomerKind.PERSON,
        name='Zoë "Z" O\'Brien 木',
        phone="+12125550123",
        texts=True,
        refuses=[Channel.EMAIL],
        bounced=["a@b.example"],
        holds=(Hold("cease", "inv_a1", NOW, NOW + timedelta(days=1)), Hold("deceased", None, NOW)),
    )
    store.holds("A1", "A2", who=who, amount_minor=10**17)
    after = store.post(10**17 + 5)
    loaded = store.ledger.load("cus_anna")
    assert loaded == after
    assert (loaded.customer, loaded.version) == (who, 2)
    assert loaded.balances == {"USD": 10**17 - 5}


def test_how_an_invoice_was_sent_comes_back_as_it_was_written(store: Store) -> None:
    billed = {one.invoice_id: one for one in (invoice("A1", 100), replace(invoice("A2", 5), delivery=Delivery.PAPER))}
    store.ledger.commit(Change(Account(customer()), customer(), billed))
    assert store.ledger.load("cus_anna").invoices == billed


def test_an_unknown_customer_is_none(store: Store) -> None:
    assert store.ledger.load("cus_nobody") is None


def test_a_new_customer_is_added_once(store: Store) -> None:
    store.holds("A1")
    with pytest.raises(ConflictError):
        store.holds("A2")
    assert set(store.ledger.load("cus_anna").invoices) == {"inv_a1"}


def test_a_change_to_an_account_that_moved_on_is_refused_whole(store: Store) -> None:
    read = store.holds("A1")
    store.post(30)
    before = store.outbox()
    with pytest.raises(ConflictError):
        store.ledger.commit(Change(read, replace(read.customer, name="x"), {"inv_b": invoice("B", 1)}, {}, (event(1),)))
    loaded = store.ledger.load("cus_anna")
    assert (loaded.customer.name, set(loaded.invoices), loaded.version) == (read.customer.name, {"inv_a1"}, 2)
    assert store.outbox() == before


def test_a_payment_is_never_written_over(store: Store) -> None:
    paid = store.holds("A1") and store.post(30)
    again = post_payment(paid, method="test", reference="r1", currency="USD", amount_minor=30, received_at=NOW)
    assert again.is_empty
    with pytest.raises(InvalidInputError):
        store.post(99)
    assert store.ledger.load("cus_anna") == paid


def test_events_are_in_the_outbox_exactly_when_the_change_is_in_the_ledger(store: Store) -> None:
    read = store.holds("A1")
    assert store.outbox() == []
    store.ledger.commit(Change(read, events=(event(1), event(2))))
    assert store.outbox() == ["evt_1", "evt_2"]
    with pytest.raises(ConflictError):
        store.ledger.commit(Change(read, events=(event(3),)))
    assert store.outbox() == ["evt_1", "evt_2"]


def test_sixteen_writers_at_once_lose_nothing(store: Store) -> None:
    store.holds("A1", amount_minor=1_600)

    def pays_until_it_is_in(number: int) -> None:
        while True:
            try:
                store.post(75, f"r{number}")
            except ConflictError:
                continue
            else:
                return

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(pays_until_it_is_in, range(16)))
    loaded = store.ledger.load("cus_anna")
    assert (len(loaded.payments), loaded.balances, loaded.version) == (16, {"USD": 400}, 17)
    assert len(store.outbox()) == 16


def test_a_change_larger_than_an_item_is_written_whole_and_read_whole(store: Store) -> None:
    rows = [receivable(f"A-{n}", settled_on=TODAY) for n in range(FACTS_PER_CHANGE // 2)]
    (whole,) = import_records(None, rows, Origin("e", "s", TODAY, NOW)).changes
    assert len(whole.invoices) + len(whole.entries) == FACTS_PER_CHANGE
    terms = "x" * 1_000
    change = replace(whole, invoices={i: replace(one, terms=terms) for i, one in whole.invoices.items()})
    after = store.ledger.commit(change)
    loaded = store.ledger.load(after.customer.customer_id)
    assert (len(loaded.invoices), len(loaded.payments), loaded.balances) == (500, 500, {})
    assert loaded == after


def test_changes_of_two_accounts_are_written_together_or_not_at_all(store: Store) -> None:
    one, two = store.holds("A1"), store.holds("B1", who=customer("cus_bert"))
    store.ledger.commit(Change(one, replace(one.customer, name="x")), Change(two, replace(two.customer, name="y")))
    store.post(30)
    read = store.ledger.load("cus_bert")
    with pytest.raises(ConflictError):
        store.ledger.commit(Change(read, replace(two.customer, name="z")), Change(one, replace(one.customer, name="z")))
    assert [store.ledger.load(i).customer.name for i in ("cus_anna", "cus_bert")] == ["x", "y"]


def listed(store: Store) -> list[str]:
    return [found for shard in range(SHARDS) for found in store.ledger.open_customer_ids(shard)]


def test_an_account_is_on_the_work_list_while_something_is_open_or_unapplied(store: Store) -> None:
    assert listed(store) == []
    store.holds(who=customer("cus_idle"))
    store.holds("A1")
    assert listed(store) == ["cus_anna"]
    store.post(40, "r1")
    assert listed(store) == ["cus_anna"]
    store.post(60, "r2")
    assert listed(store) == []
    store.post(5, "r3")
    assert listed(store) == ["cus_anna"]


def test_a_shard_is_listed_in_order_after_an_id(store: Store) -> None:
    mine = sorted(one for one in (f"cus_{n}" for n in range(400)) if shard_of(one) == 7)[:5]
    for customer_id in reversed(mine):
        store.holds("A1", who=customer(customer_id))
    assert list(store.ledger.open_customer_ids(7)) == mine
    assert list(store.ledger.open_customer_ids(7, mine[2])) == mine[3:]
    assert list(store.ledger.open_customer_ids(8)) == []


# --- contacts ---

PLANNED = contact("firm")


def test_contacts_are_planned_all_or_none_and_once(store: Store) -> None:
    other = contact("firm", currency="EUR")
    assert store.collection.plan("cus_anna", [PLANNED], [event(1)])
    assert not store.collection.plan("cus_anna", [other, PLANNED], [event(2), event(3)])
    assert store.collection.state("cus_anna").contacts == (PLANNED,)
    assert store.collection.contact("cus_anna", other.contact_id) is None
    assert store.outbox() == ["evt_1"]


def test_a_contact_moves_once_from_a_state_and_tells_it_once(store: Store) -> None:
    store.collection.plan("cus_anna", [PLANNED], [])
    sending = replace(PLANNED, status=ContactStatus.SENDING)

    def claims(number: int) -> bool:
        moved: bool = store.collection.move(sending, ContactStatus.PLANNED, [event(number)])
        return moved

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claims, range(8))) == 1
    assert store.collection.contact("cus_anna", PLANNED.contact_id) == sending
    assert len(store.outbox()) == 1


def test_a_contact_that_is_not_there_does_not_move(store: Store) -> None:
    assert not store.collection.move(PLANNED, ContactStatus.PLANNED, [event(1)])
    assert store.collection.contact("cus_anna", PLANNED.contact_id) is None
    assert store.outbox() == []


def test_another_customers_contact_is_not_found(store: Store) -> None:
    store.collection.plan("cus_anna", [PLANNED], [])
    assert store.collection.contact("cus_bert", PLANNED.contact_id) is None
    assert store.collection.state("cus_bert").contacts == ()


def test_the_state_holds_contacts_oldest_first_the_score_and_the_currencies_in_a_case(store: Store) -> None:
    made = sent("final", 1), sent("due", 9), sent("firm", 4)
    store.collection.plan("cus_anna", made, [])
    store.collection.assess([assessment(700)])
    for number, currency in enumerate(("USD", "EUR", "GBP")):
        case = Case(f"cas_{number}", "cus_anna", currency, NOW, CaseStatus.OPENED, "run")
        store.collection.open_case(case, [])
    store.collection.move_case(Case("cas_1", "cus_anna", "EUR", NOW, CaseStatus.CLOSED, "run"))
    store.collection.move_case(Case("cas_2", "cus_anna", "GBP", NOW, CaseStatus.WAITING, "run", waiting_since=NOW))
    state = store.collection.state("cus_anna")
    assert [one.stage for one in state.contacts] == ["due", "firm", "final"]
    assert sorted(state.contacts, key=by_id) == sorted(made, key=by_id)
    assert (state.risk_permille, state.model_version, state.segment) == (700, "1", "drifting")
    assert state.currencies_in_case == {"USD", "GBP"}


def test_what_was_done_holds_all_contacts_and_all_cases_of_the_customer(store: Store) -> None:
    store.collection.plan("cus_anna", made := (sent("due", 9), sent("final", 1)), [])
    store.collection.assess([assessment(700)])
    closed = Case("cas_1", "cus_anna", "EUR", NOW, CaseStatus.CLOSED, "run")
    store.collection.open_case(closed, [])
    contacts, cases = store.collection.done("cus_anna")
    assert sorted(contacts, key=by_id) == sorted(made, key=by_id)
    assert cases == [closed]
    assert store.collection.done("cus_bert") == ([], [])


# --- assessments ---


def test_the_newest_assessment_is_kept_whatever_order_they_come_in(store: Store) -> None:
    about = InvoiceAssessment("inv_a1", 650, (ScoreReason("Paid 9 of 10 invoices late.", "late_ratio", 210),))
    older, newer = assessment(100, as_of=TODAY - timedelta(days=1)), replace(assessment(700), invoices=(about,))
    assert store.collection.assessment("cus_anna") is None
    store.collection.assess([newer, assessment(5, "cus_bert")])
    store.collection.assess([older])
    assert without_history(store.collection.assessment("cus_anna")) == newer
    because = (ScoreReason("The debt is old.", "overdue_months", -40),)
    expected = Recovery("USD", 10_000, 500, 600, 700, 5_000, 6_000, 7_000, because, "1", "MC-TEST")
    again = replace(newer, risk_permille=710, recoveries=(expected,))
    store.collection.assess([again])
    assert without_history(store.collection.assessment("cus_anna")) == again
    assert without_history(store.collection.assessment("cus_bert")) == assessment(5, "cus_bert")


def test_of_one_day_the_assessment_of_the_later_version_of_the_account_is_kept(store: Store) -> None:
    assert store.collection.basis("cus_anna") is None
    later = replace(assessment(700), account_version=8)
    store.collection.assess([later])
    store.collection.assess([replace(assessment(5), account_version=7)])
    assert without_history(store.collection.assessment("cus_anna")) == later
    assert store.collection.basis("cus_anna") == Basis(TODAY, 8)
    again = replace(assessment(710), account_version=8)
    tomorrow = replace(assessment(720, as_of=TODAY + timedelta(days=1)), account_version=8)
    for newer in (again, tomorrow):
        store.collection.assess([newer])
        assert without_history(store.collection.assessment("cus_anna")) == newer


def test_an_assessment_dated_ahead_of_today_is_replaced_by_one_that_is_not_and_leaves_the_history(
    store: Store,
) -> None:
    ahead, now = assessment(900, as_of=TODAY + timedelta(days=30)), assessment(500)
    assert store.collection.assess([ahead]) == []
    assert store.collection.assess([now]) == ["cus_anna"]  # who does not know today replaces nothing newer
    assert store.collection.assess([now], TODAY) == []
    assert store.collection.basis("cus_anna") == Basis(TODAY, now.account_version)
    found = store.collection.assessment("cus_anna")
    assert found is not None
    assert [one.as_of for one in found.history] == [TODAY]
    yesterday = assessment(400, as_of=TODAY - timedelta(days=1))
    assert store.collection.assess([yesterday], TODAY) == ["cus_anna"]


def without_history(found: Assessment | None) -> Assessment | None:
    return replace(found, history=()) if found else None


def test_past_scores_are_kept_in_order_once_a_day_and_for_so_many_days(store: Store) -> None:
    days = [TODAY + timedelta(days=number) for number in range(HISTORY_DAYS + 3)]
    for number, day in enumerate(days):
        store.collection.assess([assessment(number, as_of=day)])
    store.collection.assess([assessment(999, as_of=days[-1])])
    store.collection.assess([assessment(1, as_of=days[0])])
    found = store.collection.assessment("cus_anna")
    assert found is not None
    assert [one.as_of for one in found.history] == days[3:]
    assert [one.risk_permille for one in found.history] == [*range(3, HISTORY_DAYS + 2), 999]


def test_the_history_shows_where_another_model_began_to_speak(store: Store) -> None:
    first, second = ("7d" + "0" * 62, "b3" + "0" * 62)
    for number, sha256 in enumerate((first, first, second)):
        on = TODAY + timedelta(days=number)
        store.collection.assess([replace(assessment(500, as_of=on), model_sha256=sha256)])
    found = store.collection.assessment("cus_anna")
    assert found is not None
    assert [one.model for one in found.history] == ["7d", "7d", "b3"]
    assert [one.as_of for one in found.history] == [TODAY + timedelta(days=number) for number in range(3)]


def test_a_day_without_a_score_leaves_no_stale_one_in_the_history(store: Store) -> None:
    later = TODAY + timedelta(days=HISTORY_DAYS + 10)
    for day in (TODAY, TODAY + timedelta(days=20), later):
        store.collection.assess([assessment(500, as_of=day)])
    found = store.collection.assessment("cus_anna")
    assert found is not None
    assert [one.as_of for one in found.history] == [TODAY + timedelta(days=20), later]


# --- the table ---


def test_an_account_longer_than_a_page_of_dynamodb_is_read_whole(table: Table) -> None:
    ledger, number = DynamoLedger(table), "N" * 3_000
    account = Account(customer())
    for start in range(0, 400, 50):
        made = [replace(invoice(f"{n}", 1), number=number) for n in range(start, start + 50)]
        account = ledger.commit(
            Change(account, None if start else account.customer, {one.invoice_id: one for one in made})
        )
    loaded = ledger.load("cus_anna")
    assert loaded
    assert loaded.balances == {"USD": 400}


def test_a_change_is_one_item_with_its_events(table: Table) -> None:
    ledger = DynamoLedger(table)
    ledger.commit(Change(Account(customer()), customer(), events=(event(1), event(2))))
    (item,) = table.query(partition("cus_anna"), LEDGER)
    assert [one["event_id"] for one in item["events"]] == ["evt_1", "evt_2"]
    assert item["events"][0]["data"] == {"n": 1, "flag": True, "none": None}


def test_events_of_a_contact_are_one_item_of_the_outbox_which_is_forgotten_within_days(table: Table) -> None:
    store = DynamoCollection(table)
    store.plan("cus_anna", [PLANNED], [])
    assert store.move(replace(PLANNED, status=ContactStatus.SENT), ContactStatus.PLANNED, [event(1), event(2)])
    (item,) = table.query(partition("cus_anna"), OUTBOX)
    assert [one["event_id"] for one in item["events"]] == ["evt_1", "evt_2"]
    assert 6 * 86_400 < item["ttl"] - time.time() <= 7 * 86_400


def test_events_of_a_plan_stand_with_its_first_contact_until_it_moves(table: Table) -> None:
    store = DynamoCollection(table)
    assert store.plan("cus_anna", [PLANNED, contact("firm", currency="EUR")], [event(1), event(2)])
    assert list(table.query(partition("cus_anna"), OUTBOX)) == []
    stored = [one for one in table.query(partition("cus_anna"), CONTACT) if "events" in one]
    assert [[event["event_id"] for event in one["events"]] for one in stored] == [["evt_1", "evt_2"]]
    assert store.move(replace(PLANNED, status=ContactStatus.SENDING), ContactStatus.PLANNED)
    assert not [one for one in table.query(partition("cus_anna"), CONTACT) if "events" in one]


@pytest.mark.parametrize("value", [1.0, {"a": [0.5]}, float("nan"), {1, 2}, object()])
def test_what_does_not_belong_in_the_ledger_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="does not belong in the ledger"):
        marshal(value)


def test_a_float_that_came_from_elsewhere_stops_the_write_before_it_leaves(table: Table) -> None:
    with pytest.raises(TypeError):
        table.put({"pk": "p", "sk": "s", "amount_minor": 12.5})


@pytest.mark.parametrize("value", [0, -(10**30), True, False, None, "", "x", [], {}, [1, {"a": [None, "b"]}]])
def test_plain_values_come_back_as_they_were(table: Table, value: Any) -> None:
    table.transact([table.put({"pk": "p", "sk": "s", "value": value})])
    stored = table.get("p", "s")
    assert stored
    assert stored["value"] == value
    assert type(stored["value"]) is type(value)


def test_agreements_methods_and_debits_are_read_as_they_were_written_last(store: Store) -> None:
    account = store.holds("A")
    said = {"agr_1": agreement("inv_a", next_on=TODAY)}
    first = store.ledger.commit(Change(account, agreements=said, methods={"pmt_1": method()}))
    ended = {"agr_1": agreement("inv_a", status=AgreementStatus.BROKEN)}
    store.ledger.commit(Change(first, agreements=ended, attempts={"agr_1#1#1": attempt()}))
    read = store.ledger.load("cus_anna")
    assert (read.agreements, read.methods, read.attempts) == (ended, {"pmt_1": method()}, {"agr_1#1#1": attempt()})


def test_an_account_is_on_the_agenda_from_the_day_on_which_it_needs_a_look_until_it_needs_none(store: Store) -> None:
    account = store.holds("A")
    shard = shard_of("cus_anna")
    dated = store.ledger.commit(Change(account, agreements={"agr_1": agreement("inv_a", next_on=TODAY)}))
    assert [*store.ledger.agenda(shard, TODAY - timedelta(days=1))] == []
    assert [*store.ledger.agenda(shard, TODAY)] == ["cus_anna"]
    later = {"agr_1": agreement("inv_a", next_on=TODAY + timedelta(days=3))}
    moved = store.ledger.commit(Change(dated, agreements=later))
    assert [*store.ledger.agenda(shard, TODAY)] == []
    assert [*store.ledger.agenda(shard, TODAY + timedelta(days=9))] == ["cus_anna"]
    store.ledger.commit(Change(moved, agreements={"agr_1": agreement("inv_a", status=AgreementStatus.BROKEN)}))
    assert [*store.ledger.agenda(shard, TODAY + timedelta(days=9))] == []


def test_a_lost_race_leaves_the_agenda_as_the_winner_wrote_it(store: Store) -> None:
    account = store.holds("A")
    store.ledger.commit(Change(account, agreements={"agr_1": agreement("inv_a", next_on=TODAY)}))
    with pytest.raises(ConflictError):
        store.ledger.commit(Change(account, agreements={"agr_1": agreement("inv_a")}))
    assert [*store.ledger.agenda(shard_of("cus_anna"), TODAY)] == ["cus_anna"]


@given(st.dates(date(1990, 1, 1), date(2200, 1, 1)), st.integers(0, 1000), st.integers(0, HISTORY_DAYS - 1))
def test_a_score_of_the_history_is_read_as_it_was_kept(on: date, risk_permille: int, days_ago: int) -> None:
    kept = PastScore(on, risk_permille, "7d")
    ((name, stored),) = kept_score(kept).items()
    assert past_score(name, stored, on + timedelta(days=days_ago)) == kept


def test_a_score_kept_before_there_were_models_is_read_without_one() -> None:
    turn, place = divmod(TODAY.toordinal(), HISTORY_DAYS)
    stored = (turn * 1024 + 700).to_bytes(3)
    assert past_score(f"{place:02}", stored, TODAY) == PastScore(TODAY, 700)
