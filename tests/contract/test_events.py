"""Every event has a schema, and every event that the code makes is what its schema says."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from dunwell import events
from dunwell.accounts.address_change import AddressChange
from dunwell.accounts.holds import Hold, hold_lifted, hold_placed
from dunwell.accounts.merging import customers_merged, merge_customers
from dunwell.accounts.model import Channel
from dunwell.arrangements.policy import Authority
from dunwell.errors import RefusedError
from dunwell.escalation.escalation import Escalation, Trouble
from dunwell.events import Event
from dunwell.ingestion.importing import Origin, import_records
from dunwell.ledger.moving import split
from dunwell.ledger.posting import reverse
from dunwell.ledger.update import update
from dunwell.outreach.delivery import Outcome
from dunwell.outreach.dispatch import Dispatcher
from dunwell.payments.gateway_events import GatewayEvent, GatewayEventKind
from dunwell.payments.methods import set_autopay
from dunwell.payments.ports import GatewayDispute, PaymentStatus
from dunwell_aws.outbox import read_outbox
from dunwell_aws.table import Table
from tests.support.agreements import method
from tests.support.arrangements import MONDAY, ArrangementWorld, at
from tests.support.cash import CashWorld, line
from tests.support.debits import MORNING, DebitWorld, debtor, declined, plan
from tests.support.decisions import decision_log, plan_and_keep
from tests.support.escalation import RecordedExecutions
from tests.support.memory import InMemoryCollection, InMemoryLedger, InMemoryMessageIndex, InMemorySwitches
from tests.support.outreach import NOW, POLICY, TODAY, SentBox, assessment, overdue, sent
from tests.support.portal import CodeBox, InMemoryAccessStore, account, customer
from tests.support.receivables import receivable
from tests.support.shop import Shop
from tests.support.template import ROOT, resources
from tests.unit.outreach.test_delivery import after, report

FOLDER = ROOT / "infra" / "events"
NAMES = sorted(value for name, value in vars(events).items() if name.isupper())
PERSONAL = {"name", "email", "phone", "address", "postcode", "number", "iban", "card", "note", "text", "token", "url"}


def schema(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    return read


def as_published(event: Event) -> dict[str, Any]:
    """An event as the bus gets it: through the outbox item and back."""
    table = Table(None, "t")  # type: ignore[arg-type]
    (put,) = table.outbox(event.customer_id, [event])
    (published,) = read_outbox([{"dynamodb": {"NewImage": put["Put"]["Item"]}}])
    passed: dict[str, Any] = json.loads(json.dumps(published))
    return passed


def of_ledger() -> list[Event]:
    made = import_records(None, [receivable(), receivable("A-2", settled_on=TODAY)], Origin("e", "s", TODAY, NOW))
    shop = Shop()
    shop.start("inv_a1")
    failed: dict[str, Any] = {"status": PaymentStatus.FAILED, "amount_minor": 0, "failure_code": "card_declined"}
    shop.gateway.pays(shop.order(), **failed)
    shop.events.apply(GatewayEvent("evt_1", GatewayEventKind.PAYMENT_FAILED, "pi_1"), NOW)
    shop.gateway.pays(shop.order())
    shop.events.apply(GatewayEvent("evt_2", GatewayEventKind.PAYMENT_SUCCEEDED, "pi_1"), NOW)
    (payment_id,) = shop.ledger.accounts["cus_anna"].payments
    undone: dict[str, Any] = {"method": "stripe", "reference": "re_1", "reversed_at": NOW, "reason": "refund"}
    update(shop.ledger, "cus_anna", lambda read: reverse(read, payment_id, 100, **undone))
    paid = shop.gateway.payments["pi_1"]
    doubt = GatewayDispute("du_1", paid.amount_minor, paid.amount_minor, "fraudulent", "needs_response", NOW, NOW)
    shop.gateway.payments["pi_1"] = replace(paid, disputes=(doubt,), version="2")
    shop.events.apply(GatewayEvent("evt_3", GatewayEventKind.PAYMENT_DISPUTED, "pi_1"), NOW)
    return [*(event for change in made.changes for event in change.events), *shop.ledger.events]


def of_outreach() -> list[Event]:
    """Planned, refused at planning, sent, refused by the service, reported, and handed over."""
    told: list[Event] = []
    for error, who in ((None, customer()), (RefusedError("no"), customer()), (None, customer(email=""))):
        store, box = InMemoryCollection(), SentBox(error=error)
        ledger = InMemoryLedger(account(overdue(5), who=who))
        for made in plan_and_keep(ledger.accounts["cus_anna"], store, POLICY, TODAY, NOW).contacts:
            ways, switches = {Channel.EMAIL: box}, InMemorySwitches()
            kept = store, switches, decision_log(), InMemoryMessageIndex()
            dispatcher = Dispatcher(ledger, store, ways, POLICY, lambda: NOW, *kept)
            dispatcher.dispatch("cus_anna", made.contact_id)
        told += store.events
    for outcome in Outcome:
        told += after(report(outcome))[1].events
    store = InMemoryCollection(sent("final", 10))
    store.assess([assessment(900)])
    plan_and_keep(account(overdue(40)), store, POLICY, TODAY, NOW)
    return told + store.events


def of_cases() -> list[Event]:
    cases = InMemoryCollection()
    escalation = Escalation(cases, InMemoryLedger(account(overdue(40))), RecordedExecutions())
    case = escalation.open(Trouble("cus_anna", "USD", "inv_a1", ("OVERDUE", "HIGH_RISK")), "run", NOW)
    assert case
    escalation.close("cus_anna", case.case_id, "settled", NOW + timedelta(days=1))
    return cases.events


def of_customers() -> list[Event]:
    debt = Hold("dispute_written", "inv_a1", NOW)
    held = [
        make("cus_anna", hold, NOW) for make in (hold_placed, hold_lifted) for hold in (debt, Hold("cease", None, NOW))
    ]
    kept, absorbed = merge_customers(customer(), customer("cus_bert", number="C-7"), NOW, "agent")
    parted, _ = split(account(overdue(1), overdue(2, "B")), ["inv_b"], "C-2", NOW, "ada")
    ledger, codes = InMemoryLedger(account()), CodeBox()
    moving = AddressChange(InMemoryAccessStore(), ledger, codes)
    token = moving.ask(customer(), "new@bakery.example", NOW)
    moving.confirm("cus_anna", token, "new@bakery.example", codes.sent[-1][1], "I agree.", NOW)
    return [*held, customers_merged(kept, absorbed, NOW), *parted.events, *ledger.events]


def of_cash() -> list[Event]:
    world = CashWorld()
    world.apply(line("1", 5_555, "thanks", "Nobody"))
    return world.ledger.events


def of_debits() -> list[Event]:
    """A method saved, switched to automatic payment, declined for good; a plan that is debited and announced."""
    lost = DebitWorld(debtor(methods=(method(words="x"),)))
    update(lost.ledger, "cus_anna", lambda read: set_autopay(read, "pmt_1", True, MORNING))
    lost.bank.answers = [declined("insufficient_funds"), declined("lost_card", advice="do_not_try_again")]
    lost.collect()
    lost.collect(MORNING + timedelta(days=10))
    kept = DebitWorld(debtor(plan()))
    kept.collect()
    kept.collect(MORNING + timedelta(days=32))
    return [*lost.store.events, *kept.store.events]


def of_arrangements() -> list[Event]:
    """A plan proposed, agreed to, revised, missed and broken; one kept; one that was declined."""
    world = ArrangementWorld()
    plan = world.planned(3)
    how: dict[str, Any] = {"who": "agent:jo", "authority": Authority.AGENT, "at": at(world.today)}
    world.desk.revise("cus_anna", plan.agreement_id, world.plan_terms(4), **how)
    world.look_until(MONDAY + timedelta(days=30))
    world.promised(100_00, world.today)
    world.pay(100_00)
    world.look()
    world.ticks += 1
    world.planned(2, 14, who="agent:jo", authority=Authority.AGENT)
    world.look_until(world.today + timedelta(days=30))
    return world.memory.events


MADE = [
    *of_arrangements(),
    *of_debits(),
    *of_cash(),
    *of_ledger(),
    *of_outreach(),
    *of_cases(),
    *of_customers(),
]


def test_every_event_has_a_schema_and_every_schema_an_event() -> None:
    assert sorted(path.name.removesuffix(".schema.json") for path in FOLDER.iterdir()) == NAMES


def test_every_event_is_made_by_some_code_here() -> None:
    assert sorted({event.name for event in MADE}) == NAMES


@pytest.mark.parametrize("event", MADE, ids=lambda event: event.name)
def test_an_event_is_what_its_schema_says(event: Event) -> None:
    validator = Draft202012Validator(schema(event.name), format_checker=FormatChecker())
    assert [error.message for error in validator.iter_errors(as_published(event))] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_closed_and_about_its_own_event(name: str) -> None:
    found = schema(name)
    Draft202012Validator.check_schema(found)
    data = found["properties"]["data"]
    assert (found["title"], found["properties"]["name"]) == (name, {"const": name})
    for level in (found, data):
        assert level["additionalProperties"] is False
        assert level["required"] == list(level["properties"])


@pytest.mark.parametrize("name", NAMES)
def test_an_event_has_no_room_for_personal_data_or_secrets(name: str) -> None:
    fields = schema(name)["properties"]["data"]["properties"]
    assert not PERSONAL & {word for field in fields for word in field.split("_")}
    for field, rule in fields.items():
        free_text = rule.get("type") == "string" and "pattern" not in rule and not field.endswith("_version")
        assert not free_text, field


def test_the_rules_of_the_bus_listen_to_events_that_exist() -> None:
    listened = {
        name
        for rule in resources("AWS::Events::Rule").values()
        if rule["Properties"]["EventPattern"].get("source") == ["dunwell.ledger"]
        for name in rule["Properties"]["EventPattern"]["detail-type"]
    }
    assert listened
    assert listened <= set(NAMES)
