"""What an event announces, and when it announces nothing (any more)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from dunwell import events as names
from dunwell.events import Event, Scalar
from dunwell.ledger.agreements import AgreedInstalment, Agreement, AgreementKind, AgreementStatus
from dunwell.ledger.debits import STOPPED_BY_CUSTOMER, AttemptStatus, MethodStatus
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.outreach.announced import Announced
from dunwell.outreach.announcements import ANNOUNCING, Announcement, announcement_of, is_still_true
from dunwell.outreach.contact import Contact
from dunwell.outreach.policy import Policy, Receipts
from dunwell.outreach.promised import schedule_of
from tests.support.agreements import MADE_AT, agreement, attempt, method
from tests.support.ledger import Facts
from tests.support.outreach import NOW, POLICY, TODAY, contact, overdue
from tests.support.portal import account

TODAY_AND_TEN = (AgreedInstalment(1, TODAY + timedelta(days=3), 6_000), AgreedInstalment(2, date(2026, 12, 23), 4_000))
STANDING, ENDED = AgreementStatus.ACTIVE, AgreementStatus.CANCELLED


def happened(name: str, event_id: str = "evt_1", **data: Scalar) -> Event:
    return Event(event_id, name, "cus_anna", NOW, data)


def plan(**changes: Any) -> Agreement:
    """A plan over invoice A1: in two parts, the first in three days."""
    made = agreement("inv_a1", kind=AgreementKind.PLAN, instalments=TODAY_AND_TEN, grace_days=5)
    return replace(made, **changes)


def owing(*agreements: Agreement, facts: tuple[Facts, ...] = (), **more: Any) -> Account:
    """Anna owes A1, agreed as said."""
    made = account(overdue(5), *facts)
    return replace(made, agreements={one.agreement_id: one for one in agreements}, **more)


def money(amount_minor: int, on: date = TODAY, **changes: Any) -> Entry:
    to = (Direction("inv_a1", amount_minor),)
    made = Entry("pay_1", EntryKind.PAYMENT, "USD", amount_minor, on, NOW, "stripe", "pi_1", to)
    return replace(made, **changes)


def told(
    event: Event, it: Account, *contacts: Contact, policy: Policy = POLICY, on: date = TODAY
) -> Announcement | None:
    return announcement_of(event, it, lambda: contacts, policy, on)


def kind_told(event: Event, it: Account, *contacts: Contact, **more: Any) -> Announced | None:
    found = told(event, it, *contacts, **more)
    return found.kind if found else None


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        (names.AGREEMENT_PROPOSED, AgreementStatus.PROPOSED, None),
        (names.AGREEMENT_MADE, AgreementStatus.AUTHORISED, Announced.AGREEMENT_COPY),
        (names.AGREEMENT_MADE, AgreementStatus.COMPLETED, Announced.AGREEMENT_COPY),
        (names.AGREEMENT_MADE, AgreementStatus.CANCELLED, None),
        (names.AGREEMENT_COMPLETED, AgreementStatus.COMPLETED, Announced.AGREEMENT_COMPLETED),
        (names.AGREEMENT_COMPLETED, AgreementStatus.ACTIVE, None),
        (names.AGREEMENT_BROKEN, AgreementStatus.BROKEN, Announced.AGREEMENT_BROKEN),
        (names.AGREEMENT_BROKEN, AgreementStatus.ACTIVE, None),
        (names.AGREEMENT_ENDED, AgreementStatus.CANCELLED, Announced.AGREEMENT_ENDED),
        (names.AGREEMENT_ENDED, AgreementStatus.LAPSED, Announced.AGREEMENT_ENDED),
        (names.AGREEMENT_ENDED, AgreementStatus.ACTIVE, None),
    ],
)
def test_a_step_of_an_agreement_is_told_while_it_stands_there(
    name: str, status: AgreementStatus, kind: Announced | None
) -> None:
    found = told(happened(name, agreement_id="agr_1", why=""), owing(plan(status=status)))
    assert (found.kind if found else None) is kind
    assert found is None or (found.currency, found.invoice_ids) == ("USD", ("inv_a1",))


def test_what_nobody_knows_or_nobody_tells_announces_nothing() -> None:
    for name in sorted(ANNOUNCING - {names.PAYMENT_FAILED}):
        assert (
            told(happened(name, agreement_id="agr_9", method_id="pmt_9", payment_id="p", entry_id="e"), owing()) is None
        )
    assert told(happened(names.HOLD_PLACED), owing(plan())) is None


def test_an_agreement_that_another_one_took_the_place_of_ends_in_silence() -> None:
    ended = owing(plan(status=ENDED), plan(agreement_id="agr_2", replaces="agr_1"))
    assert told(happened(names.AGREEMENT_ENDED, agreement_id="agr_1", why="replaced"), ended) is None


def test_a_proposal_is_told_when_it_waits_for_approval_and_again_when_it_may_be_accepted() -> None:
    event = happened(names.AGREEMENT_PROPOSED, agreement_id="agr_1")
    waiting = told(event, owing(plan(status=AgreementStatus.PROPOSED, approval="supervisor")))
    offered = told(event, owing(plan(status=AgreementStatus.PROPOSED, made_by="system")))
    assert waiting
    assert offered
    assert waiting.identity != offered.identity
    assert not is_still_true(waiting.kind, waiting.about, owing(plan(status=AgreementStatus.PROPOSED)), POLICY, TODAY)
    approved = happened(names.AGREEMENT_PROPOSED, agreement_id="agr_1", why="approved")
    assert kind_told(approved, owing(plan(status=AgreementStatus.PROPOSED))) is Announced.AGREEMENT_PROPOSED
    late = owing(plan(status=AgreementStatus.PROPOSED, made_by="agent:jo", expires_on=TODAY - timedelta(days=1)))
    assert told(event, late) is None


def due(number: int = 1, **data: Scalar) -> Event:
    told = {"agreement_id": "agr_1", "instalment": number, "is_debited": True, **data}
    return Event("evt_1", names.INSTALMENT_DUE, "cus_anna", NOW, told)


@pytest.mark.parametrize(
    ("facts", "on", "is_told"),
    [
        ((), TODAY, True),
        ((), TODAY + timedelta(days=3), True),
        ((), TODAY + timedelta(days=4), False),
        ((money(2_000),), TODAY, True),
        ((money(6_000),), TODAY, False),
        ((money(6_000, date(2026, 11, 19), at=MADE_AT - timedelta(days=1)),), TODAY, True),
    ],
)
def test_an_instalment_is_announced_until_its_day_and_while_money_for_it_is_missing(
    facts: tuple[Facts, ...], on: date, is_told: bool
) -> None:
    assert (kind_told(due(), owing(plan(), facts=facts), on=on) is Announced.INSTALMENT_DUE) is is_told


def test_no_instalment_of_an_ended_agreement_is_announced() -> None:
    assert told(due(), owing(plan(status=ENDED))) is None
    assert told(due(7), owing(plan())) is None


def missed_on(day: date, *contacts: Contact, facts: tuple[Facts, ...] = ()) -> Announced | None:
    event = happened(names.INSTALMENT_MISSED, agreement_id="agr_1", instalment=1, is_debited=True)
    return kind_told(event, owing(plan(), facts=facts), *contacts, on=day)


def test_an_instalment_is_missed_after_its_day_until_it_is_paid() -> None:
    after = TODAY + timedelta(days=4)
    assert missed_on(after) is Announced.INSTALMENT_MISSED
    assert missed_on(TODAY) is None
    assert missed_on(after, facts=(money(6_000, after, at=None),)) is None


def test_a_failed_debit_that_was_just_announced_says_already_that_its_instalment_is_missing() -> None:
    after = TODAY + timedelta(days=4)
    failed = contact("payment_failed", about={"attempt_id": "agr_1#1#1"}, planned_on=after)
    assert missed_on(after, failed) is None
    assert missed_on(after, replace(failed, planned_on=TODAY)) is Announced.INSTALMENT_MISSED
    assert missed_on(after, replace(failed, about={"attempt_id": "agr_1#2#1"})) is Announced.INSTALMENT_MISSED


def test_a_change_is_told_against_what_the_customer_was_told_last_and_once() -> None:
    old, new = plan(status=ENDED), plan(agreement_id="agr_2", replaces="agr_1", instalments=TODAY_AND_TEN[:1])
    event = happened(names.AGREEMENT_REVISED, agreement_id="agr_2")
    found = told(event, owing(old, new))
    assert found
    assert (found.kind, found.about["was"]) == (Announced.AGREEMENT_CHANGED, schedule_of(old))
    copy = contact("agreement_copy", about={"agreement_id": "agr_1", "schedule": "1:2026-12-01:100"})
    again = told(event, owing(old, new), copy)
    assert again
    assert again.about["was"] == "1:2026-12-01:100"
    assert (
        told(event, owing(old, new), replace(copy, about={"agreement_id": "agr_2", "schedule": schedule_of(new)}))
        is None
    )


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, Announced.RECEIPT),
        ({"method": "imported"}, None),
        ({"on": TODAY - timedelta(days=4)}, None),
        ({"on": TODAY - timedelta(days=3)}, Announced.RECEIPT),
    ],
)
def test_money_through_the_gateway_gets_a_receipt_while_it_is_news(
    changes: dict[str, Any], kind: Announced | None
) -> None:
    paid = owing(facts=(money(4_000, **changes),))
    event = happened(names.PAYMENT_APPLIED, payment_id="pay_1")
    assert kind_told(event, paid) is kind
    assert kind_told(event, paid, policy=replace(POLICY, receipts=None)) is None


def test_money_that_went_back_meanwhile_gets_no_receipt_and_a_refund_is_told() -> None:
    back = Entry("rev_1", EntryKind.REVERSAL, "USD", 4_000, TODAY, NOW, "stripe", of="pay_1", reason="refund")
    undone = owing(facts=(money(4_000), back))
    assert told(happened(names.PAYMENT_APPLIED, payment_id="pay_1"), undone) is None
    assert kind_told(happened(names.ENTRY_POSTED, entry_id="rev_1"), undone) is Announced.REFUND
    lost = owing(facts=(money(4_000), replace(back, reason="chargeback")))
    assert told(happened(names.ENTRY_POSTED, entry_id="rev_1"), lost) is None


def test_receipts_can_be_for_other_money_too() -> None:
    policy = replace(POLICY, receipts=Receipts(methods=frozenset({"camt053"})))
    paid = owing(facts=(money(4_000, method="camt053"),))
    assert kind_told(happened(names.PAYMENT_APPLIED, payment_id="pay_1"), paid, policy=policy) is Announced.RECEIPT


def debit(**changes: Any) -> Account:
    tried = attempt(
        **{"status": AttemptStatus.FAILED, "code": "insufficient_funds", "lines": (("inv_a1", 100),)} | changes
    )
    return owing(plan(), attempts={tried.attempt_id: tried}, methods={"pmt_1": method()})


FAILED = happened(names.DEBIT_FAILED, attempt_id="agr_1#1#1", code="insufficient_funds", outcome="retry", next_on=None)


def test_a_failed_debit_is_told_unless_a_later_one_did_better_or_the_money_came() -> None:
    it = debit()
    assert kind_told(FAILED, it) is Announced.PAYMENT_FAILED
    later = attempt("agr_1#1#2", status=AttemptStatus.PROCESSING)
    assert told(FAILED, replace(it, attempts=it.attempts | {later.attempt_id: later})) is None
    assert told(FAILED, replace(it, entries={"pay_1": money(10_000)})) is None
    assert told(FAILED, debit(status=AttemptStatus.SUCCEEDED)) is None


def test_the_rest_of_an_instalment_that_failed_is_told_though_a_part_of_it_came_before() -> None:
    part = attempt(status=AttemptStatus.SUCCEEDED, lines=(("inv_a1", 1_000),))
    rest = attempt("agr_1#1#2", status=AttemptStatus.FAILED, lines=(("inv_a1", 500),))
    it = owing(plan(), attempts={one.attempt_id: one for one in (part, rest)}, methods={"pmt_1": method()})
    event = happened(names.DEBIT_FAILED, attempt_id="agr_1#1#2", code="x", outcome="customer", next_on=None)
    assert kind_told(event, it) is Announced.PAYMENT_FAILED


# --- automatic debits ---

DEBIT_ON = TODAY + timedelta(days=12)
PURPOSE = f"autopay#inv_a1#{overdue(5).due_on}"
PLANNED = happened(
    names.DEBIT_PLANNED,
    attempt_id=f"{PURPOSE}#0",
    method_id="pmt_1",
    invoice_id="inv_a1",
    currency="USD",
    amount_minor=10_000,
    on=DEBIT_ON.isoformat(),
)


def on_automatic_payment(**changes: Any) -> Account:
    """Anna's invoice is debited by itself, and that was planned today."""
    notice = attempt(
        f"{PURPOSE}#0",
        status=AttemptStatus.ANNOUNCED,
        next_on=DEBIT_ON,
        amount_minor=10_000,
        started_at=NOW,
        lines=(("inv_a1", 10_000),),
    )
    made = owing(attempts={notice.attempt_id: notice}, methods={"pmt_1": method(autopay=True)})
    return replace(made, **changes)


def test_an_automatic_debit_is_told_with_its_amount_and_its_day_each_time_it_is_planned() -> None:
    found = told(PLANNED, on_automatic_payment())
    assert found
    assert (found.kind, found.invoice_ids) == (Announced.DEBIT_COMING, ("inv_a1",))
    assert (found.about["amount_minor"], found.about["on"]) == (10_000, DEBIT_ON.isoformat())
    again = told(replace(PLANNED, event_id="evt_2"), on_automatic_payment())
    assert again
    assert again.identity != found.identity


def test_an_automatic_debit_that_will_not_be_made_so_is_not_told() -> None:
    it = on_automatic_payment()
    (notice,) = it.attempts.values()
    later = {notice.attempt_id: replace(notice, next_on=DEBIT_ON + timedelta(days=3))}
    stopped = attempt(f"{PURPOSE}#1", status=AttemptStatus.FAILED, code=STOPPED_BY_CUSTOMER)
    untrue: list[dict[str, Any]] = [
        {"entries": {"pay_1": money(10_000)}},
        {"methods": {"pmt_1": method()}},
        {"methods": {"pmt_1": method(autopay=True, status=MethodStatus.UNUSABLE)}},
        {"attempts": {}},
        {"attempts": it.attempts | {stopped.attempt_id: stopped}},
        {"agreements": {"agr_1": plan()}},
    ]
    for changes in untrue:
        assert told(PLANNED, replace(it, **changes)) is None, changes
    found = told(PLANNED, it)
    assert found
    assert not is_still_true(found.kind, found.about, replace(it, attempts=later), POLICY, TODAY)


@pytest.mark.parametrize(
    ("failure_code", "decline_code", "is_told"),
    [
        ("card_declined", "insufficient_funds", False),
        ("payment_intent_authentication_failure", "", False),
        ("insufficient_funds", "", True),
        ("account_closed", "", True),
        ("insufficient_funds", "R01", True),
    ],
)
def test_a_card_that_was_declined_on_the_page_is_no_news_but_a_bank_debit_that_came_back_is(
    failure_code: str, decline_code: str, is_told: bool
) -> None:
    codes = {"failure_code": failure_code, "decline_code": decline_code}
    event = happened(names.PAYMENT_FAILED, payment_reference="pi_9", order_id="o", advice="", **codes)
    assert (kind_told(event, owing()) is Announced.PAYMENT_FAILED) is is_told
    returned = told(event, owing(facts=(money(4_000, reference="pi_9#succeeded"),)))
    assert (returned.about["amount_minor"] if returned else None) == (4_000 if is_told else None)
    ours = debit(payment_reference="pi_9")
    assert told(event, ours) is None, "our own debits have an event of their own"
    assert told(event, account()) is None, "nothing is open"


def test_a_payment_method_is_told_when_saved_and_when_ended_as_it_is_now() -> None:
    saved, ended = (
        owing(methods={"pmt_1": method(autopay=True)}),
        owing(methods={"pmt_1": method(status=MethodStatus.REMOVED)}),
    )
    save = happened(names.PAYMENT_METHOD_SAVED, method_id="pmt_1", autopay=True)
    end = happened(names.PAYMENT_METHOD_ENDED, method_id="pmt_1", autopay=False)
    assert kind_told(save, saved) is Announced.PAYMENT_METHOD_SAVED
    assert told(save, ended) is None
    assert told(save, owing(methods={"pmt_1": method(autopay=False)})) is None, (
        "automatic payment was switched off since"
    )
    assert kind_told(end, ended) is Announced.PAYMENT_METHOD_ENDED
    assert told(end, saved) is None
