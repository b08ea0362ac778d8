"""Holds, disputes and agreements: what each stops, that it stops nothing else, and that everything resumes.

The table is that of the rule book on holds; what it pauses is stopped here until somebody has looked.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dunwell.accounts.contact_points import contact_points
from dunwell.accounts.holds import Hold
from dunwell.accounts.model import Channel, CustomerKind
from dunwell.charges.policy import ChargePolicy
from dunwell.charges.posting import charges_due
from dunwell.hold_kinds import HoldKind
from dunwell.ledger.agreements import AgreementKind, AgreementStatus, AgreementStep
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.plan import plan_account
from dunwell.outreach.policy import Conditions, Stage
from dunwell.outreach.ports import CollectionState
from dunwell.payments.due import due_debits
from dunwell.payments.stops import Hours
from tests.support.agreements import agreement, method
from tests.support.dispatching import PERSON, World
from tests.support.outreach import NOW, POLICY, TODAY, overdue, sent
from tests.support.portal import account
from tests.unit.charges.test_policy import CONTRACT

DAY = timedelta(days=1)
BEGAN = NOW - timedelta(days=60)
ENDED = NOW - 2 * DAY
EVERYWHERE = replace(
    PERSON,
    contact_points=contact_points(email="anna@bakery.example", phone="+12125550111", postal="1 Main St\nNew York"),
).with_consent(Channel.SMS, BEGAN, "on paper")
OWING = account(overdue(40, amount_minor=1_000_000), who=EVERYWHERE)
CHARGES = ChargePolicy((replace(CONTRACT, kinds=frozenset({CustomerKind.PERSON})),))
WARNED = CollectionState((sent("final", 12),), risk_permille=900)


Goes = Callable[[Account], bool]
"""Whether something goes on about an account today."""


def by(channel: Channel) -> Goes:
    """A message that is planned today."""

    def goes(owing: Account) -> bool:
        policy = replace(POLICY, stages=(Stage("final", Conditions(1), (channel,)),))
        contacts = plan_account(owing, CollectionState(), policy, TODAY, NOW).contacts
        return any(one.status is ContactStatus.PLANNED for one in contacts)

    return goes


def queued(owing: Account) -> bool:
    """A message that was planned before, and whose minute has come."""
    world = World(OWING)
    world.ledger.accounts["cus_anna"] = owing
    return world.dispatch() is ContactStatus.SENT


def handed_off(owing: Account) -> bool:
    return bool(plan_account(owing, WARNED, POLICY, TODAY, NOW).escalations)


def accrues(owing: Account) -> bool:
    """Whether today costs interest."""
    return _interest(owing, TODAY) > _interest(owing, TODAY - DAY)


def _interest(owing: Account, until: date) -> int:
    """All interest until a day: what is paid then ends it."""
    close = Entry("pay_end", EntryKind.PAYMENT, "USD", 2_000_000, until, NOW)
    paid = replace(owing, entries={**owing.entries, close.entry_id: close})
    made = charges_due(paid, CHARGES, until, POLICY.creditor.timezone, NOW).entries
    return sum(one.amount_minor for one in made.values() if one.kind is EntryKind.INTEREST)


def debited(owing: Account) -> bool:
    """Autopay for what is due and was announced, with a method that was saved with consent."""
    saved = method(words="Debit my invoices when they fall due.", autopay=True)
    now, hours = NOW.astimezone(ZoneInfo(POLICY.creditor.timezone)), Hours(lambda _: True, 9, 17)
    with_method = replace(owing, methods={saved.method_id: saved})
    told = due_debits(replace(OWING, methods=with_method.methods), _nothing_left, hours, now - 11 * DAY).attempts
    assert told
    return bool(due_debits(replace(with_method, attempts=told), _nothing_left, hours, now).started)


def _nothing_left(*_: object) -> dict[int, int]:
    return {}


GOES: dict[str, Goes] = {
    "email": by(Channel.EMAIL),
    "letter": by(Channel.LETTER),
    "call": by(Channel.CALL),
    "text": by(Channel.SMS),
    "queued": queued,
    "hand-off": handed_off,
    "interest": accrues,
    "auto-debit": debited,
}
CONTACTS = frozenset({"email", "letter", "call", "text", "queued"})
ALL = frozenset(GOES)

STOPS = {
    "bankruptcy": ALL,
    "chapter_13_codebtor": CONTACTS | {"hand-off", "auto-debit"},
    "discharged": ALL,
    "deceased": ALL,
    # An authority to debit stands until somebody has looked.
    "attorney": CONTACTS | {"auto-debit"},
    # What the customer authorised goes on.
    "cease": CONTACTS,
    "dispute_written": ALL,
    "dispute_oral": ALL,
    "dispute_late": ALL,
    "identity_theft": ALL,
    # The law caps interest at 6 %: a person decides, so nothing is charged until then.
    "scra_active_duty": frozenset({"interest"}),
    "breathing_space": ALL,
    "mental_health_crisis": ALL,
    "vulnerable": ALL,
    "minor": ALL,
    # With the disclosure, which the content rules ask for; no suit follows from a hand-off to our own agents.
    "time_barred": frozenset[str](),
    "disaster": ALL,
    "complaint": ALL,
    "litigation_hold": ALL,
    "paid_or_settled": ALL,
    # Facts of one way to the customer.
    "email_suppressed": frozenset({"email", "queued"}),
    "number_reassigned": frozenset({"call", "text"}),
    "reply_unread": frozenset({"text"}),
}


def held(kind: str, invoice_id: str | None = None, lifted_at: datetime | None = None) -> Account:
    hold = Hold(kind, invoice_id, BEGAN, placed_by="agent", lifted_at=lifted_at)
    return replace(OWING, customer=replace(EVERYWHERE, holds=(hold,)))


def agreed(kind: AgreementKind, *ended: AgreementStatus) -> Account:
    steps = [AgreementStep(AgreementStatus.ACTIVE, BEGAN, "customer")]
    steps += [AgreementStep(status, ENDED, "system") for status in ended]
    made = agreement("inv_a1", kind=kind, made_at=BEGAN, status=steps[-1].status, steps=tuple(steps))
    return replace(OWING, agreements={made.agreement_id: made})


def contested(*, ended: bool = False) -> Account:
    whole = (Direction("inv_a1", OWING.open_minor("inv_a1")),)
    facts = [Entry("dsp", EntryKind.DISPUTE, "USD", whole[0].amount_minor, BEGAN.date(), BEGAN, directed_to=whole)]
    if ended:
        end = Entry("end", EntryKind.DISPUTE_END, "USD", whole[0].amount_minor, ENDED.date(), ENDED, of="dsp")
        facts.append(replace(end, directed_to=whole))
    return replace(OWING, entries={one.entry_id: one for one in facts})


def going(owing: Account) -> set[str]:
    return {name for name, goes in GOES.items() if goes(owing)}


def test_without_any_of_these_everything_goes_on() -> None:
    assert going(OWING) == ALL


def test_the_table_has_every_hold() -> None:
    assert set(STOPS) == set(HoldKind)


@pytest.mark.parametrize("kind", HoldKind)
def test_a_hold_stops_what_the_rule_book_says_and_nothing_else(kind: HoldKind) -> None:
    assert going(held(kind)) == ALL - STOPS[kind]


@pytest.mark.parametrize("kind", HoldKind)
def test_what_a_hold_stopped_goes_on_when_it_is_lifted(kind: HoldKind) -> None:
    assert going(held(kind, lifted_at=ENDED)) == ALL


@pytest.mark.parametrize("kind", HoldKind)
def test_a_hold_on_the_one_debt_stops_as_much_and_nothing_else(kind: HoldKind) -> None:
    assert going(held(kind, "inv_a1")) == ALL - STOPS[kind]


@pytest.mark.parametrize("kind", AgreementKind)
def test_an_agreement_stops_everything_about_its_debt(kind: AgreementKind) -> None:
    assert going(agreed(kind)) == set()


@pytest.mark.parametrize("kind", AgreementKind)
@pytest.mark.parametrize("ended", [AgreementStatus.BROKEN, AgreementStatus.CANCELLED])
def test_everything_goes_on_about_what_is_owed_when_an_agreement_ends(
    kind: AgreementKind, ended: AgreementStatus
) -> None:
    assert going(agreed(kind, ended)) == ALL


def test_a_promise_runs_out_by_itself() -> None:
    standing = agreed(AgreementKind.PROMISE)
    (made,) = standing.agreements.values()
    run_out = replace(made, pauses_until=TODAY - DAY)
    # Who debits judges the promise first, and then it does not stand any more.
    assert going(replace(standing, agreements={made.agreement_id: run_out})) == ALL - {"auto-debit"}


@pytest.mark.parametrize("status", [AgreementStatus.PROPOSED, AgreementStatus.LAPSED])
def test_what_was_only_proposed_stops_nothing(status: AgreementStatus) -> None:
    made = agreement("inv_a1", made_at=BEGAN, status=status)
    assert going(replace(OWING, agreements={made.agreement_id: made})) == ALL


def test_a_dispute_of_the_whole_debt_stops_everything_until_it_ends() -> None:
    assert going(contested()) == set()
    assert going(contested(ended=True)) == ALL
