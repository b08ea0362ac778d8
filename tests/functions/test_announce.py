"""The bus says what happened to agreements and payments; announce plans what customers are told, dispatch says it."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from dunwell.accounts.holds import Hold
from dunwell.accounts.model import Channel, CustomerKind
from dunwell.arrangements.policy import Authority
from dunwell.errors import InvalidInputError
from dunwell.events import (
    AGREEMENT_ENDED,
    AGREEMENT_MADE,
    AGREEMENT_REVISED,
    DEBIT_PLANNED,
    INSTALMENT_DUE,
    PAYMENT_APPLIED,
    Scalar,
)
from dunwell.ledger.agreements import AgreedInstalment, AgreementKind, AgreementStatus, Authorisation
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.outreach.blocked import Addressee, addressee_of
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.dispatch import Dispatcher
from dunwell.outreach.promised import schedule_of
from dunwell.outreach.tasks import TaskDesk, TaskKind
from dunwell_aws.documents import folder
from dunwell_aws.messages import Renderer
from functions.announce import app
from tests.support.agreements import MADE_AT, agreement, method
from tests.support.arrangements import MONDAY, ArrangementWorld
from tests.support.debits import AGREED_AT, DebitWorld, debtor
from tests.support.decisions import DecisionsBucket, decision_log
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryCollection, InMemoryLedger, InMemoryMessageIndex, InMemorySwitches
from tests.support.outreach import NOW, POLICY, TODAY, SentBox, overdue
from tests.support.portal import account

WORDS = "I agree to two payments of $50.00,\nand that you debit each from my Visa •••• 4242."
PARTS = (AgreedInstalment(1, TODAY + timedelta(days=3), 5_000), AgreedInstalment(2, date(2026, 12, 28), 5_000))
PLAN = agreement(
    "inv_a1",
    kind=AgreementKind.PLAN,
    instalments=PARTS,
    authorisation=Authorisation(WORDS, MADE_AT, "portal", "customer", "192.0.2.7", "pmt_1"),
)
PAID = Entry("pay_1", EntryKind.PAYMENT, "USD", 5_000, TODAY, NOW, "stripe", "pi_1", (Direction("inv_a1", 5_000),))


def said(name: str, event_id: str, **data: Scalar) -> dict[str, Any]:
    fact = {"event_id": event_id, "name": name, "customer_id": "cus_anna", "occurred_at": NOW.isoformat(), "data": data}
    return {"detail": fact}


MADE = said(AGREEMENT_MADE, "evt_1", agreement_id="agr_1", why="")
ENDED = said(AGREEMENT_ENDED, "evt_2", agreement_id="agr_1", why="customer")
DUE = said(INSTALMENT_DUE, "evt_3", agreement_id="agr_1", instalment=1, is_debited=True)
RECEIVED = said(PAYMENT_APPLIED, "evt_4", payment_id="pay_1")


class World:
    """Anna, who owes A1 and agreed to a plan."""

    def __init__(self, status: AgreementStatus = AgreementStatus.ACTIVE, *entries: Entry) -> None:
        known = {"agr_1": replace(PLAN, status=status)}
        self.account = replace(account(overdue(5), *entries), agreements=known, methods={"pmt_1": method()})
        self.ledger, self.store, self.bucket = InMemoryLedger(self.account), InMemoryCollection(), DecisionsBucket()
        self.box, self.now = SentBox(), NOW

    def announce(self, *events: dict[str, Any]) -> list[Contact]:
        answer = app.handler(
            sqs_event(*events),
            lambda_context(),
            ledger=self.ledger,
            store=self.store,
            log=decision_log(self.bucket),
            tasks=self.store,
            policy=POLICY,
            now=self.now,
        )
        assert answer == {"batchItemFailures": []}
        return list(self.store.contacts.values())

    def dispatch(self, contact: Contact) -> ContactStatus | None:
        senders: Any = {Channel.EMAIL: self.box, Channel.PORTAL: self.box}
        log, switches = decision_log(self.bucket), InMemorySwitches()
        kept = self.store, switches, log, InMemoryMessageIndex()
        ways = Dispatcher(self.ledger, self.store, senders, POLICY, lambda: self.now, *kept)
        return ways.dispatch("cus_anna", contact.contact_id)


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch)


def test_doubled_and_late_events_plan_what_is_true_once() -> None:
    world = World(AgreementStatus.CANCELLED)
    (ended,) = world.announce(ENDED, MADE, DUE, ENDED, MADE)
    assert ended.stage == "agreement_ended"
    assert len(world.bucket.files) == 1


def test_the_copy_says_the_exact_words_every_payment_and_how_to_stop() -> None:
    world = World()
    (copy,) = world.announce(MADE, MADE)
    assert world.dispatch(copy) is ContactStatus.SENT
    (message,) = world.box.messages
    mail = Renderer(folder("infra") / "messages", POLICY).email(message, "https://p.example/l", "https://p.example/s")
    for part in (*WORDS.splitlines(), "$50.00, Nov 26, 2026", "$50.00, Dec 28, 2026", "$100.00", "three business days"):
        assert part in mail.text
    for part in (*WORDS.splitlines(), "Nov 26, 2026", "Dec 28, 2026", "<blockquote"):
        assert part in mail.html
    assert POLICY.creditor.telephone.replace(" ", "\u00a0") in mail.text


def test_an_automatic_debit_that_was_planned_is_told_in_the_same_hour_with_all_that_its_consent_promised() -> None:
    """From the collector's write over the bus to the mail; doubled, it is one."""
    lately = AGREED_AT + timedelta(hours=2)
    house = DebitWorld(debtor(methods=(method(words="Debit my invoices.", autopay=True),)))
    house.collect(lately)
    planned = [event for event in house.store.events if event.name == DEBIT_PLANNED]
    world = World()
    world.account, world.now = house.account, lately
    world.ledger.accounts["cus_anna"] = house.account
    told = [said(one.name, one.event_id, **one.data) for one in planned]
    contacts = world.announce(*told, *told)
    assert [one.stage for one in contacts] == ["debit_coming", "debit_coming"]
    assert [world.dispatch(one) for one in contacts] == [ContactStatus.SENT, ContactStatus.SENT]
    mail = Renderer(folder("infra") / "messages", POLICY).email(world.box.messages[0], "https://p/l", "https://p/s")
    for part in ("On December 3, 2026 we debit", "$100.00", "Visa •••• 4242", "invoice A1", "You can stop this debit"):
        assert part in mail.text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("events", "meanwhile"),
    [
        ((DUE,), {"entries": {"pay_1": PAID}}),
        ((DUE,), {"agreements": {"agr_1": replace(PLAN, status=AgreementStatus.CANCELLED)}}),
        ((MADE,), {"agreements": {"agr_1": replace(PLAN, status=AgreementStatus.CANCELLED)}}),
    ],
)
def test_what_is_no_longer_so_when_it_would_leave_is_not_said(events: Any, meanwhile: dict[str, Any]) -> None:
    world = World()
    (planned,) = world.announce(*events)
    world.ledger.accounts["cus_anna"] = replace(world.account, **meanwhile)
    assert world.dispatch(planned) is ContactStatus.CANCELLED
    assert world.box.messages == []
    assert world.store.contacts[planned.contact_id].decisions[-1].reason_code == "NOTHING_LEFT_TO_SAY"


def test_who_has_refused_mail_in_between_gets_none_and_the_copy_finds_another_way() -> None:
    world = World()
    (planned,) = world.announce(MADE)
    refusing = world.account.customer.with_refusal(Channel.EMAIL, NOW, "customer")
    world.ledger.accounts["cus_anna"] = replace(world.account, customer=refusing)
    assert world.dispatch(planned) is ContactStatus.REFUSED
    refused = world.store.events[-1]
    told = json.loads(json.dumps(dict(refused.data)))
    again = world.announce(said(refused.name, refused.event_id, **told))[-1]
    assert (again.channel, again.stage) == (Channel.PORTAL, "agreement_copy")
    assert world.dispatch(again) is ContactStatus.SENT


def test_a_message_that_would_leave_at_night_waits_for_the_morning() -> None:
    world = World()
    person = replace(world.account.customer, kind=CustomerKind.PERSON, region="NY")
    world.account = replace(world.account, customer=person)
    world.ledger.accounts["cus_anna"] = world.account
    (planned,) = world.announce(DUE)
    world.now = NOW + timedelta(hours=13)
    assert world.dispatch(planned) is ContactStatus.PLANNED
    waiting = world.store.contacts[planned.contact_id]
    assert waiting.send_after == NOW + timedelta(hours=22)
    assert [one.reason_code for one in waiting.decisions] == ["OK", "HOUSE_QUIET_HOURS"]
    world.now = NOW + timedelta(hours=22)
    assert world.dispatch(planned) is ContactStatus.SENT


def test_a_payment_of_an_instalment_is_receipted_once() -> None:
    world = World(AgreementStatus.ACTIVE, PAID)
    (receipt,) = world.announce(RECEIVED, RECEIVED, DUE)
    assert world.dispatch(receipt) is ContactStatus.SENT
    mail = Renderer(folder("infra") / "messages", POLICY).email(world.box.messages[0], "https://p", "https://s")
    for part in ("We received $50.00 on November 23, 2026", "$50.00 is still open", "Invoice A1: $50.00", "reference"):
        assert part in mail.text
    assert "money owed" not in mail.text


def test_an_event_that_cannot_be_read_comes_again_and_the_others_are_done() -> None:
    world = World()
    broken = {"detail": {"customer_id": "cus_anna"}}
    event = sqs_event(broken, MADE)
    log = decision_log(world.bucket)
    answer = app.handler(
        event, lambda_context(), ledger=world.ledger, store=world.store, log=log, policy=POLICY, now=NOW
    )
    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == [event["Records"][0]["messageId"]]
    assert len(world.store.contacts) == 1


class Life:
    """A customer's plan on its days; what is told of it, as the bus brings it at the end of each day."""

    def __init__(self) -> None:
        self.days, self.store, self.told = ArrangementWorld(), InMemoryCollection(), 0
        self.policy = replace(POLICY, arrangements=self.days.policy)

    def hear(self) -> list[str]:
        """The stages of what was announced since the last time, the newest events twice and in reverse."""
        new = self.days.memory.events[self.told :]
        self.told = len(self.days.memory.events)
        events = [said(one.name, one.event_id, **dict(one.data)) for one in (*reversed(new), *new)]
        known = set(self.store.contacts)
        if events:
            ports: Any = {"ledger": self.days.memory, "store": self.store, "log": decision_log()}
            app.handler(sqs_event(*events), lambda_context(), policy=self.policy, now=self.days.now, **ports)
        return sorted(one.stage for i, one in self.store.contacts.items() if i not in known)

    def until(self, day: date) -> list[str]:
        heard = []
        while self.days.today < day:
            self.days.look_until(self.days.today + timedelta(days=1))
            heard += self.hear()
        return heard


def test_a_plan_that_is_kept_is_told_from_its_copy_to_its_end() -> None:
    life = Life()
    life.days.planned(2, 10)
    assert life.hear() == ["agreement_copy"]
    assert life.until(MONDAY + timedelta(days=10)) == ["instalment_due"]
    life.days.pay(150_00)
    assert life.until(MONDAY + timedelta(days=39)) == ["instalment_due"]
    life.days.pay(150_00)
    assert life.until(MONDAY + timedelta(days=60)) == ["agreement_completed"]


def test_a_plan_that_is_not_kept_is_told_in_time_to_cure_it_and_when_it_is_broken() -> None:
    life = Life()
    life.days.planned(2, 10)
    assert life.hear() == ["agreement_copy"]
    assert life.until(MONDAY + timedelta(days=30)) == ["instalment_due", "instalment_missed", "agreement_broken"]


def test_a_request_that_an_agent_approves_is_told_at_each_step() -> None:
    life = Life()
    asked = life.days.proposed(9, 10)
    assert asked.approval
    assert life.hear() == ["agreement_proposed"]
    how: dict[str, Any] = {"who": "agent:jo", "authority": Authority.AGENT, "at": life.days.now}
    life.days.desk.approve("cus_anna", asked.agreement_id, **how)
    assert life.hear() == ["agreement_proposed"]
    life.days.desk.authorise("cus_anna", asked.agreement_id, life.days.evidence())
    assert life.hear() == ["agreement_copy"]


# --- what law demands and nothing may carry ---


def held(world: World, *kinds: str) -> None:
    """Puts the customer on hold, as a consumer."""
    holds = tuple(Hold(kind, None, NOW - timedelta(days=1), note="Attorney Lee, 1 Main St") for kind in kinds)
    person = replace(world.account.customer, kind=CustomerKind.PERSON, region="NY", holds=holds)
    world.account = replace(world.account, customer=person)
    world.ledger.accounts["cus_anna"] = world.account


def heard(world: World) -> None:
    """Brings announce what became of contacts, twice, until nothing new comes of it."""
    known = 0
    while known < len(world.store.events):
        new, known = world.store.events[known:], len(world.store.events)
        facts = [said(one.name, one.event_id, **json.loads(json.dumps(dict(one.data)))) for one in new]
        world.announce(*facts, *facts)


@pytest.mark.parametrize(
    ("kind", "reason", "addressee"),
    [
        ("attorney", "ATTORNEY_REPRESENTED", Addressee.ATTORNEY),
        ("cease", "CEASE_COMMUNICATION", Addressee.COUNSEL),
        ("deceased", "DECEASED", Addressee.ESTATE),
        ("bankruptcy", "BANKRUPTCY_STAY", Addressee.TRUSTEE),
    ],
)
def test_a_copy_that_a_hold_stops_is_a_task_once_with_its_reason_and_whom_it_goes_to(
    kind: str, reason: str, addressee: Addressee
) -> None:
    world = World()
    held(world, kind)
    (refused,) = world.announce(MADE)
    assert refused.status is ContactStatus.REFUSED
    heard(world)
    (task,) = world.store.open_tasks(9)
    assert (task.kind, task.reason, task.stage) == (TaskKind.NOTICE, reason, "agreement_copy")
    assert (task.contact_id, task.invoice_ids) == (refused.contact_id, ("inv_a1",))
    assert addressee_of(task.reason) is addressee


def test_a_copy_that_was_stopped_on_every_channel_just_before_it_left_is_one_task() -> None:
    world = World()
    (planned,) = world.announce(MADE)
    held(world, "attorney")
    assert world.dispatch(planned) is ContactStatus.REFUSED
    heard(world)
    assert [one.stage for one in world.store.open_tasks(9)] == ["agreement_copy"]


def test_a_copy_for_which_a_channel_is_left_is_nobodys_task() -> None:
    world = World()
    (planned,) = world.announce(MADE)
    refusing = world.account.customer.with_refusal(Channel.EMAIL, NOW, "customer")
    world.ledger.accounts["cus_anna"] = replace(world.account, customer=refusing)
    assert world.dispatch(planned) is ContactStatus.REFUSED
    heard(world)
    assert world.store.open_tasks(9) == []


def test_what_law_does_not_demand_is_no_task() -> None:
    world = World()
    held(world, "attorney")
    world.announce(DUE)
    heard(world)
    assert world.store.open_tasks(9) == []


def test_the_task_ends_by_itself_when_what_it_tells_is_not_so_any_more() -> None:
    world = World()
    held(world, "attorney")
    world.announce(MADE)
    heard(world)
    (task,) = world.store.open_tasks(9)
    ended = {"agr_1": replace(PLAN, status=AgreementStatus.CANCELLED)}
    world.ledger.accounts["cus_anna"] = replace(world.account, agreements=ended)
    world.announce(ENDED, ENDED, MADE)
    assert world.store.open_tasks(9) == []
    done = world.store.task("cus_anna", task.task_id)
    assert done
    assert (done.outcome, done.agent, done.done_at) == ("not_needed", "system", NOW)


def test_a_task_that_an_agent_did_is_not_opened_again() -> None:
    world = World()
    held(world, "attorney")
    world.announce(MADE)
    heard(world)
    (task,) = world.store.open_tasks(9)
    desk = TaskDesk(world.ledger, world.store, world.store, POLICY)
    with pytest.raises(InvalidInputError):
        desk.finish_trouble("cus_anna", task.task_id, "", "mia", NOW)
    desk.finish_trouble("cus_anna", task.task_id, "By post to attorney Lee.", "mia", NOW)
    heard(world)
    assert world.store.open_tasks(9) == []


def test_of_two_changes_that_nothing_may_carry_only_the_newest_is_to_be_told() -> None:
    world = World()
    held(world, "attorney")
    changed = replace(PLAN, replaces="agr_0")
    world.ledger.accounts["cus_anna"] = replace(world.account, agreements={"agr_1": changed})
    world.announce(said(AGREEMENT_MADE, "evt_1", agreement_id="agr_1", why=""))
    for day in (1, 2):
        moved = tuple(replace(one, due_on=one.due_on + timedelta(days=day)) for one in PARTS)
        now_agreed = {"agr_1": replace(changed, instalments=moved)}
        world.ledger.accounts["cus_anna"] = replace(world.account, agreements=now_agreed)
        world.announce(said(AGREEMENT_REVISED, f"evt_r{day}", agreement_id="agr_1"))
        heard(world)
    changes = [one for one in world.store.open_tasks(9) if one.stage == "agreement_changed"]
    assert len(changes) == 1
    assert world.store.contacts[changes[0].contact_id].about["schedule"] == schedule_of(now_agreed["agr_1"])
