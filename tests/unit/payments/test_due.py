"""What is debited and what is not: the rules at the moment of the pull, each by name."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from dunwell.accounts.holds import Hold
from dunwell.accounts.model import CustomerKind
from dunwell.arrangements.policy import ArrangementPolicy, DebitHours
from dunwell.hold_kinds import HoldKind
from dunwell.ledger.agreements import AgreedInstalment, AgreementKind, AgreementStatus, Authorisation
from dunwell.ledger.debits import STOPPED_BY_CUSTOMER, AttemptStatus, MethodKind, MethodStatus
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.payments.due import Due, due_debits
from dunwell_aws.agreed import PolicyArrangements
from tests.support.agreements import attempt, method
from tests.support.debits import AGREED_AT, DUE_ON, MORNING, WORDS, debtor, plan
from tests.support.portal import invoice

AGREED = PolicyArrangements(ArrangementPolicy())
HOURS = AGREED.hours
EVIDENCE = Authorisation(WORDS, AGREED_AT, "portal", "customer", "203.0.113.9", "pmt_1")
AUTOPAY = method(words="Debit my invoices when they fall due.", autopay=True)


def due(mine: Account, now: datetime = MORNING) -> Due:
    return due_debits(mine, AGREED.unpaid, HOURS, now)


def announced(mine: Account, told_at: datetime = MORNING - timedelta(days=14)) -> Account:
    """The account after its customer was told of what is on automatic payment."""
    found = due(mine, told_at)
    assert found.announced
    return replace(mine, attempts=mine.attempts | found.attempts)


def started(found: Due) -> list[tuple[str, tuple[tuple[str, int], ...]]]:
    return [(one.attempt_id, one.lines) for one in found.started]


def rules(found: Due) -> set[str]:
    return {one.rule for one in found.refusals}


def held(mine: Account, kind: str, invoice_id: str | None = None, **changes: Any) -> Account:
    hold = Hold(kind, invoice_id, MORNING - timedelta(hours=1), **changes)
    return replace(mine, customer=replace(mine.customer, holds=(hold,)))


def contested(mine: Account, invoice_id: str, amount_minor: int) -> Account:
    entry = Entry(
        "ent_d",
        EntryKind.DISPUTE,
        "USD",
        amount_minor,
        AGREED_AT.date(),
        directed_to=(Direction(invoice_id, amount_minor),),
    )
    return replace(mine, entries={**mine.entries, "ent_d": entry})


def coming(mine: Account, amount_minor: int, invoice_id: str = "") -> Account:
    directed = (Direction(invoice_id, amount_minor),) if invoice_id else ()
    entry = Entry("pen_1", EntryKind.PENDING, "USD", amount_minor, MORNING.date(), at=MORNING, directed_to=directed)
    return replace(mine, entries={**mine.entries, "pen_1": entry})


def test_an_instalment_is_debited_on_its_day_for_the_oldest_debt_first() -> None:
    found = due(debtor(plan()))
    assert started(found) == [("agr_1#1#1", (("inv_a1", 60_00),))]
    (one,) = found.started
    assert (one.amount_minor, one.method_id, one.purpose, one.next_on) == (60_00, "pmt_1", "agr_1#1", DUE_ON)
    assert not started(due(debtor(plan()), MORNING - timedelta(days=1)))


def test_two_instalments_that_are_due_share_the_debts() -> None:
    both = plan(instalments=(AgreedInstalment(1, DUE_ON, 60_00), AgreedInstalment(2, DUE_ON, 65_50)))
    assert started(due(debtor(both))) == [
        ("agr_1#1#1", (("inv_a1", 60_00),)),
        ("agr_1#2#1", (("inv_a1", 40_00), ("inv_a2", 25_50))),
    ]


RULES = {
    "bankruptcy": "HOLD-BK",
    "chapter_13_codebtor": "HOLD-BK",
    "discharged": "HOLD-BK",
    "deceased": "HOLD-DECEASED",
    "attorney": "HOLD-ATTY",
    "dispute_written": "HOLD-DISPUTE",
    "dispute_oral": "HOUSE-DISPUTE",
    "dispute_late": "HOUSE-DISPUTE",
    "identity_theft": "HOLD-IDT",
    "breathing_space": "UK-BREATHING",
    "mental_health_crisis": "UK-CRISIS",
    "vulnerable": "HOUSE-VULN",
    "minor": "HOLD-MINOR",
    "disaster": "HOUSE-PAUSE",
    "complaint": "HOUSE-PAUSE",
    "litigation_hold": "HOUSE-PAUSE",
    "paid_or_settled": "NO-TRANSFER",
}


@pytest.mark.parametrize("kind", sorted(HoldKind))
@pytest.mark.parametrize("what", ["plan", "autopay"])
def test_a_hold_stops_a_debit_at_the_moment_of_the_pull_where_the_table_says_so(kind: str, what: str) -> None:
    mine = debtor(plan()) if what == "plan" else announced(debtor(methods=(AUTOPAY,)))
    found = due(held(mine, kind))
    if kind in {"cease", "scra_active_duty", "time_barred", "email_suppressed", "number_reassigned", "reply_unread"}:
        assert found.started
    else:
        assert not found.started
        assert rules(found) == {RULES[kind]}
        assert found.waiting


def test_a_hold_counts_from_the_minute_it_is_placed_until_it_is_lifted_and_for_its_own_debt() -> None:
    mine = debtor(plan())
    assert due(held(mine, "complaint", until=MORNING)).started
    assert not due(held(mine, "complaint", until=MORNING + timedelta(minutes=1))).started
    assert due(held(mine, "dispute_written", "inv_a2")).started
    assert not due(held(mine, "dispute_written", "inv_a1")).started
    assert not due(held(mine, "deceased", "inv_of_another_debt")).started


def test_nothing_is_debited_without_a_stored_authorisation() -> None:
    for evidence in (None, replace(EVIDENCE, words=" ")):
        found = due(debtor(plan(authorisation=evidence)))
        assert not found.started
        assert rules(found) == {"REGE-AUTH"}
    found = due(debtor(methods=(replace(AUTOPAY, words=""),)))
    assert not found.started
    assert rules(found) == {"REGE-AUTH"}


@pytest.mark.parametrize(
    "method_of",
    [
        method(words="x", status=MethodStatus.REMOVED),
        method(words="x", status=MethodStatus.UNUSABLE),
        method("pmt_other", words="x"),
    ],
)
def test_a_method_that_was_taken_away_ended_or_is_not_the_authorised_one_is_not_debited(method_of: Any) -> None:
    found = due(debtor(plan(), methods=(method_of,)))
    assert not found.started
    assert not found.refusals


@pytest.mark.parametrize("status", [one for one in AgreementStatus if one not in ("authorised", "active")])
def test_an_agreement_that_does_not_stand_is_not_debited(status: AgreementStatus) -> None:
    assert not due(debtor(plan(status=status))).started


def test_a_promise_is_never_debited() -> None:
    promise = plan(kind=AgreementKind.PROMISE, status=AgreementStatus.ACTIVE)
    assert not due(debtor(promise)).started


@pytest.mark.parametrize(
    "now",
    [
        MORNING.replace(hour=8, minute=59),
        MORNING.replace(hour=17),
        MORNING.replace(day=5),
        datetime(2026, 12, 25, 10, tzinfo=MORNING.tzinfo),
    ],
)
def test_outside_the_creditors_hours_and_on_days_banks_rest_debits_wait(now: datetime) -> None:
    found = due(debtor(plan()), now)
    assert not found.started
    assert rules(found) == {"HOURS"}


def test_the_policy_names_the_hours() -> None:
    early = PolicyArrangements(ArrangementPolicy(debit_hours=DebitHours(7, 8))).hours
    at_half_past_seven = MORNING.replace(hour=7, minute=30)
    assert due_debits(debtor(plan()), AGREED.unpaid, early, at_half_past_seven).started
    assert not due_debits(debtor(plan()), AGREED.unpaid, early, MORNING.replace(hour=8)).started
    assert early.open_again_on(MORNING.replace(hour=6)) == MORNING.date()


def test_what_is_disputed_is_never_debited() -> None:
    partly = contested(debtor(plan()), "inv_a1", 70_00)
    assert started(due(partly)) == [("agr_1#1#1", (("inv_a1", 30_00), ("inv_a2", 25_50)))]
    wholly = contested(announced(debtor(methods=(AUTOPAY,))), "inv_a1", 100_00)
    assert [lines for _, lines in started(due(wholly))] == [(("inv_a2", 25_50),)]


def test_money_on_its_way_is_not_debited_again() -> None:
    mine = debtor(plan())
    assert not due(coming(mine, 60_00, "inv_a1")).started
    assert not due(coming(mine, 60_00)).started
    assert started(due(coming(mine, 20_00, "inv_a2"))) == [("agr_1#1#1", (("inv_a1", 40_00),))]
    assert [one for one, _ in started(due(coming(announced(debtor(methods=(AUTOPAY,))), 100_00, "inv_a1")))] == [
        "autopay#inv_a2#2026-10-31#1"
    ]


@pytest.mark.parametrize("status", [AttemptStatus.STARTED, AttemptStatus.PROCESSING, AttemptStatus.SUCCEEDED])
def test_what_is_under_way_or_was_debited_once_is_not_debited_again(status: AttemptStatus) -> None:
    mine = debtor(plan(), attempts={"agr_1#1#1": attempt(status=status, started_at=MORNING)})
    assert not due(mine).started


def test_a_failed_try_is_repeated_on_its_day_and_not_before_and_the_next_one_takes_its_place() -> None:
    failed = attempt(status=AttemptStatus.FAILED, started_at=MORNING - timedelta(days=3), next_on=DUE_ON)
    found = due(debtor(plan(), attempts={failed.attempt_id: failed}))
    assert [one for one, _ in started(found)] == ["agr_1#1#2"]
    assert found.attempts["agr_1#1#1"].next_on is None
    for next_on in (None, DUE_ON + timedelta(days=1)):
        waits = replace(failed, next_on=next_on)
        assert not due(debtor(plan(), attempts={failed.attempt_id: waits})).attempts


def test_a_method_saved_anew_is_tried_though_the_old_one_will_not_be() -> None:
    failed = attempt(status=AttemptStatus.FAILED, method_id="pmt_old", started_at=MORNING - timedelta(days=1))
    assert [one for one, _ in started(due(debtor(plan(), attempts={failed.attempt_id: failed})))] == ["agr_1#1#2"]


@pytest.mark.parametrize(
    ("kind", "tries", "amount_minor", "rule"),
    [
        (MethodKind.BANK_DEBIT, 2, 60_00, ""),
        (MethodKind.BANK_DEBIT, 3, 60_00, "NACHA"),
        (MethodKind.BANK_DEBIT, 1, 50_00, "NACHA"),  # another amount than was presented first
        (MethodKind.CARD, 3, 50_00, ""),
        (MethodKind.CARD, 4, 60_00, "CARD-RETRY"),
    ],
)
def test_the_caps_hold_at_the_pull_too(kind: MethodKind, tries: int, amount_minor: int, rule: str) -> None:
    made = [
        attempt(
            f"agr_1#1#{n}",
            status=AttemptStatus.FAILED,
            amount_minor=amount_minor,
            started_at=MORNING - timedelta(days=10 - n),
            next_on=DUE_ON if n == tries else None,
        )
        for n in range(1, tries + 1)
    ]
    mine = debtor(plan(), methods=(method(words="x", kind=kind),), attempts={one.attempt_id: one for one in made})
    found = due(mine)
    assert bool(found.started) is not bool(rule)
    if rule:
        assert rules(found) == {rule}
        assert found.attempts[f"agr_1#1#{tries}"].next_on is None


def test_an_old_retry_is_given_up_after_the_networks_time() -> None:
    old = attempt(status=AttemptStatus.FAILED, started_at=MORNING - timedelta(days=30), next_on=DUE_ON)
    assert rules(due(debtor(plan(), attempts={old.attempt_id: old}))) == {"CARD-RETRY"}


def test_a_retry_that_a_hold_stops_waits_for_the_next_banking_day_and_one_without_a_debt_is_dropped() -> None:
    failed = attempt(status=AttemptStatus.FAILED, started_at=MORNING - timedelta(days=3), next_on=DUE_ON)
    tried = {failed.attempt_id: failed}
    assert due(held(debtor(plan(), attempts=tried), "complaint")).attempts["agr_1#1#1"].next_on == date(2026, 12, 2)
    ended = debtor(plan(status=AgreementStatus.CANCELLED), attempts=tried)
    assert due(ended).attempts["agr_1#1#1"].next_on is None


@pytest.mark.parametrize(
    ("changed", "debited"),
    [
        (AgreedInstalment(1, DUE_ON, 60_00), True),  # agreed to before, as it is
        (AgreedInstalment(1, DUE_ON, 61_00), False),  # another amount: ten days
        (AgreedInstalment(1, DUE_ON - timedelta(days=1), 60_00), True),  # another day: seven
    ],
)
def test_a_changed_debit_waits_until_its_notice_is_old_enough(changed: AgreedInstalment, debited: bool) -> None:
    """Under the words of the plan before, of which the notice left when the plan was changed."""
    old = plan(status=AgreementStatus.CANCELLED)
    new = plan(agreement_id="agr_2", replaces="agr_1", instalments=(changed,), made_at=MORNING - timedelta(days=9))
    assert bool(due(debtor(old, new)).started) is debited
    later = MORNING + timedelta(days=1)
    assert due(debtor(old, new), later).started
    young = replace(new, made_at=MORNING - timedelta(days=6))
    assert bool(due(debtor(old, young)).started) is (changed == old.instalments[0])


def test_what_the_customer_authorised_anew_with_its_amounts_and_days_waits_for_no_notice() -> None:
    old = plan(status=AgreementStatus.CANCELLED)
    made_at = MORNING - timedelta(days=1)
    fresh = replace(EVIDENCE, words="I authorise you to debit $61.00 on 1 December.", at=made_at)
    new = plan(
        agreement_id="agr_2",
        replaces="agr_1",
        instalments=(AgreedInstalment(1, DUE_ON, 61_00),),
        made_at=made_at,
        authorisation=fresh,
    )
    assert started(due(debtor(old, new))) == [("agr_2#1#1", (("inv_a1", 61_00),))]


# --- the rest of what was debited in part ---


def tried(mine: Account, amount_minor: int, **changes: Any) -> Account:
    """The first try for the first instalment took so much of the first invoice."""
    on = DUE_ON
    paid = Entry(
        "pay_1",
        EntryKind.PAYMENT,
        "USD",
        amount_minor,
        on,
        MORNING,
        "stripe",
        "pi_1#succeeded",
        (Direction("inv_a1", amount_minor),),
    )
    made = attempt(
        status=AttemptStatus.SUCCEEDED,
        started_at=MORNING,
        amount_minor=amount_minor,
        lines=(("inv_a1", amount_minor),),
        payment_reference="pi_1",
    )
    return replace(
        mine, attempts={made.attempt_id: replace(made, **changes)}, entries={**mine.entries, paid.entry_id: paid}
    )


def given_back(mine: Account, amount_minor: int) -> Account:
    undone = Entry(
        "rev_1", EntryKind.REVERSAL, "USD", amount_minor, DUE_ON, MORNING, "stripe", of="pay_1", reason="refund"
    )
    return replace(mine, entries={**mine.entries, "rev_1": undone})


NEXT_DAY = MORNING + timedelta(days=1)


def test_after_a_try_for_less_the_rest_is_debited_by_the_next_try_of_the_same_instalment() -> None:
    mine = tried(debtor(plan()), 40_00)
    assert started(due(mine, NEXT_DAY)) == [("agr_1#1#2", (("inv_a1", 20_00),))]
    on_its_way = coming(mine, 20_00, "inv_a1")
    found = due(on_its_way, NEXT_DAY)
    assert not found.started
    assert found.waiting == {"agr_1#1"}
    assert not due(tried(debtor(plan()), 60_00), NEXT_DAY).refusals


def test_a_bank_account_is_debited_for_the_rest_though_the_first_amount_was_another() -> None:
    bank = method(words="x", kind=MethodKind.BANK_DEBIT)
    assert started(due(tried(debtor(plan(), methods=(bank,)), 40_00), NEXT_DAY)) == [
        ("agr_1#1#2", (("inv_a1", 20_00),))
    ]


def test_what_was_given_back_is_never_debited_again() -> None:
    wholly = tried(debtor(plan()), 60_00)
    assert not due(given_back(wholly, 60_00), NEXT_DAY).attempts
    partly = given_back(tried(debtor(plan()), 40_00), 10_00)
    assert started(due(partly, NEXT_DAY)) == [("agr_1#1#2", (("inv_a1", 20_00),))]
    by_hand = Entry(
        "pay_2", EntryKind.PAYMENT, "USD", 20_00, DUE_ON, MORNING, "bank", "b1", (Direction("inv_a1", 20_00),)
    )
    assert not due(replace(partly, entries={**partly.entries, "pay_2": by_hand}), NEXT_DAY).attempts


def test_a_stopped_debit_stays_off_whatever_method_pays_the_plan_then() -> None:
    stopped = attempt(status=AttemptStatus.FAILED, method_id="pmt_old", code=STOPPED_BY_CUSTOMER)
    assert not due(debtor(plan(), attempts={stopped.attempt_id: stopped})).attempts


# --- automatic payment ---


def test_an_invoice_is_announced_two_weeks_before_it_is_due_and_debited_on_its_day() -> None:
    mine = replace(debtor(methods=(AUTOPAY,)), invoices={"inv_n": invoice("N", 77_00, DUE_ON)})
    tell_on = DUE_ON - timedelta(days=14)
    assert mine.next_look_on == tell_on
    assert not due(mine, MORNING - timedelta(days=15)).attempts
    found = due(mine, MORNING - timedelta(days=14))
    (notice,) = found.announced
    assert (notice.attempt_id, notice.amount_minor, notice.next_on) == ("autopay#inv_n#2026-12-01#0", 77_00, DUE_ON)
    assert not found.started
    told = announced(mine)
    assert told.next_look_on == DUE_ON
    assert not due(told, MORNING - timedelta(days=1)).attempts
    assert started(due(told)) == [("autopay#inv_n#2026-12-01#1", (("inv_n", 77_00),))]


@pytest.mark.parametrize("kind", [CustomerKind.PERSON, CustomerKind.BUSINESS])
def test_nothing_is_debited_that_nobody_was_told_of_ten_days_before(kind: CustomerKind) -> None:
    """Neither what was overdue when automatic payment was switched on, nor an invoice that was issued too late."""
    mine = debtor(methods=(AUTOPAY,))
    mine = replace(mine, customer=replace(mine.customer, kind=kind))
    late = replace(mine, invoices=mine.invoices | {"inv_n": invoice("N", 77_00, DUE_ON)})
    found = due(late)
    assert not found.started
    assert {one.next_on for one in found.announced} == {date(2026, 12, 11)}
    told = announced(late, MORNING)
    for days in range(1, 10):
        assert not due(told, MORNING + timedelta(days=days)).attempts
    assert len(due(told, MORNING + timedelta(days=10)).started) == 3


def test_a_day_on_which_banks_rest_is_announced_as_the_next_one_on_which_they_work() -> None:
    saturday = replace(debtor(methods=(AUTOPAY,)), invoices={"inv_n": invoice("N", 77_00, date(2026, 12, 5))})
    assert [one.next_on for one in announced(saturday, MORNING).attempts.values()] == [date(2026, 12, 11)]
    early = announced(saturday, MORNING - timedelta(days=8))
    assert [one.next_on for one in early.attempts.values()] == [date(2026, 12, 7)]


def test_it_is_announced_in_the_creditors_hours_and_not_to_whom_nothing_may_be_told() -> None:
    mine = debtor(methods=(AUTOPAY,))
    assert rules(due(mine, MORNING.replace(hour=20))) == {"HOURS"}
    assert rules(due(held(mine, "cease"))) == {"HOLD-CEASE"}
    assert not due(held(mine, "bankruptcy")).attempts


def charged(mine: Account, amount_minor: int) -> Account:
    entry = Entry("fee_1", EntryKind.FEE, "USD", amount_minor, DUE_ON, directed_to=(Direction("inv_a1", amount_minor),))
    return replace(mine, entries={**mine.entries, "fee_1": entry})


def test_less_than_was_told_is_debited_when_less_is_owed_and_what_came_on_top_is_told_first() -> None:
    told = announced(replace(debtor(methods=(AUTOPAY,)), invoices={"inv_a1": invoice("A1", 100_00)}))
    paid = Entry("pay_1", EntryKind.PAYMENT, "USD", 30_00, DUE_ON, MORNING, "bank", "b1", (Direction("inv_a1", 30_00),))
    assert started(due(replace(told, entries={"pay_1": paid}))) == [
        ("autopay#inv_a1#2026-10-31#1", (("inv_a1", 70_00),))
    ]
    more = due(charged(told, 5_00))
    assert started(more) == [("autopay#inv_a1#2026-10-31#1", (("inv_a1", 100_00),))]
    money = replace(paid, amount_minor=100_00, reference="pi_1#succeeded", directed_to=(Direction("inv_a1", 100_00),))
    done = {
        i: replace(one, status=AttemptStatus.SUCCEEDED, payment_reference="pi_1", next_on=None)
        for i, one in more.attempts.items()
    }
    after = charged(replace(told, attempts=told.attempts | done, entries={"pay_1": money}), 5_00)
    found = due(after, NEXT_DAY)
    assert not found.started
    (notice,) = found.announced
    assert (notice.amount_minor, notice.next_on) == (5_00, date(2026, 12, 14))
    rest = due(replace(after, attempts=after.attempts | found.attempts), MORNING + timedelta(days=13))
    assert started(rest) == [("autopay#inv_a1#2026-10-31#2", (("inv_a1", 5_00),))]


def test_a_refund_of_an_automatic_debit_is_not_debited_again() -> None:
    told = announced(replace(debtor(methods=(AUTOPAY,)), invoices={"inv_a1": invoice("A1", 100_00)}))
    (made,) = due(told).started
    paid = Entry(
        "pay_1",
        EntryKind.PAYMENT,
        "USD",
        100_00,
        DUE_ON,
        MORNING,
        "stripe",
        "pi_1#succeeded",
        (Direction("inv_a1", 100_00),),
    )
    done = replace(made, status=AttemptStatus.SUCCEEDED, payment_reference="pi_1", next_on=None)
    after = replace(told, attempts=told.attempts | {made.attempt_id: done}, entries={"pay_1": paid})
    back = given_back(after, 100_00)
    assert back.open_minor("inv_a1") == 100_00
    assert not due(back, NEXT_DAY).attempts
    assert back.next_look_on is None


def test_another_method_or_a_day_that_passed_long_ago_is_announced_anew() -> None:
    told = announced(debtor(methods=(AUTOPAY,)))
    other = replace(told, methods={"pmt_2": replace(AUTOPAY, method_id="pmt_2")})
    assert not due(other).started
    assert {one.method_id for one in due(other).announced} == {"pmt_2"}
    late = MORNING + timedelta(days=15)
    assert not due(told, late).started
    assert {one.next_on for one in due(told, late).announced} == {date(2026, 12, 28)}


def test_invoices_under_an_agreement_are_not_debited_by_themselves() -> None:
    mine = announced(debtor(methods=(AUTOPAY,)))
    assert [one for one, _ in started(due(mine))] == ["autopay#inv_a1#2026-10-31#1", "autopay#inv_a2#2026-10-31#1"]
    agreed = replace(plan(next_on=None), authorisation=replace(EVIDENCE, method_id=""))
    assert not due(replace(mine, agreements={"agr_1": agreed})).started
