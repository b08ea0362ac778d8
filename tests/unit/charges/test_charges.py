"""Fees and interest of an account: what the facts imply, posted once, whatever arrives late."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.accounts.holds import Hold
from dunwell.accounts.model import CustomerKind
from dunwell.charges.policy import ChargePolicy, LateFee
from dunwell.charges.posting import charges_due
from dunwell.errors import InvalidInputError
from dunwell.ledger.agreements import AgreementKind, AgreementStatus, AgreementStep
from dunwell.ledger.books import Part
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account, Instalment, Invoice
from dunwell.ledger.posting import charge, post_payment, reverse
from tests.support.agreements import agreement
from tests.unit.charges.test_policy import CONTRACT, EU, FIRM, POLICY, RATES, SINCE, UK

ZONE = "Europe/London"
AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
DUE = date(2026, 3, 1)


def day(days: int) -> date:
    return DUE + timedelta(days=days)


def bill(number: str = "A", amount_minor: int = 1_000_00, currency: str = "GBP", **more: Any) -> Invoice:
    given = {"issued_on": day(-30), "due_on": DUE} | more
    return Invoice(f"inv_{number}", number, currency, amount_minor, **given)


def account(*invoices: Invoice, **who: Any) -> Account:
    return Account(replace(FIRM, **who), 1, {one.invoice_id: one for one in invoices})


def fact(kind: EntryKind, entry_id: str, amount_minor: int, on: int, number: str = "", **more: Any) -> Entry:
    directed = (Direction(f"inv_{number}", amount_minor),) if number else ()
    return Entry(entry_id, kind, more.pop("currency", "GBP"), amount_minor, day(on), directed_to=directed, **more)


def paid(amount_minor: int, on: int, entry_id: str = "pay_1", currency: str = "GBP") -> Entry:
    return fact(EntryKind.PAYMENT, entry_id, amount_minor, on, currency=currency)


def add(made: Account, *entries: Entry) -> Account:
    return Change(made, entries={one.entry_id: one for one in entries}).applied()


def due(made: Account, on: int, policy: ChargePolicy = POLICY) -> Change:
    return charges_due(made, policy, day(on), ZONE, AT)


def charged(made: Account, on: int, policy: ChargePolicy = POLICY) -> Account:
    return due(made, on, policy).applied()


def standing(made: Account, kind: EntryKind | None = None) -> dict[str, int]:
    """What stands charged, by key."""
    found = {
        e.reference: made.books.standing_minor(i)
        for i, e in made.entries.items()
        if e.kind in (EntryKind.FEE, EntryKind.INTEREST) and (kind is None or e.kind is kind)
    }
    return {key: amount for key, amount in found.items() if amount}


def interest(made: Account) -> int:
    return sum(standing(made, EntryKind.INTEREST).values())


def test_a_thousand_pounds_fifty_days_late_cost_sixteen_pounds_ten_and_seventy() -> None:
    made = charged(add(account(bill()), paid(1_100_00, 50)), 50)
    assert standing(made) == {"late_fee": 70_00, "interest#2026-03-31": 9_66, "interest#2026-04-20": 6_44}
    assert interest(made) == 16_10
    assert {entry.reason for entry in made.entries.values()} == {"", "statutory_interest", "statutory_fixed_sum"}


def test_ten_thousand_euros_forty_five_days_late_cost_their_interest_and_forty() -> None:
    made = account(bill(amount_minor=10_000_00, currency="EUR"))
    made = charged(add(made, paid(10_200_00, 45, currency="EUR")), 60, ChargePolicy((EU,), reference_rates=RATES))
    assert (interest(made), standing(made, EntryKind.FEE)) == (125_14, {"late_fee": 40_00})


def test_thirty_days_at_a_contracts_twelve_per_cent() -> None:
    made = account(bill(amount_minor=5_000_00, currency="USD", due_on=date(2026, 2, 28)))
    made = charged(add(made, paid(5_000_00, 29, currency="USD")), 29)
    assert standing(made) == {"interest#2026-03-30": 49_32}


def test_who_pays_the_principal_on_its_last_day_is_charged_nothing() -> None:
    for on in (-20, 0):
        assert due(add(account(bill()), paid(1_000_00, on)), 90).is_empty


def test_a_month_is_charged_at_its_end_and_not_before() -> None:
    made = charged(account(bill()), 1)
    assert standing(made) == {"late_fee": 70_00}
    assert due(made, 29).is_empty
    assert standing(charged(made, 30)) == {"late_fee": 70_00, "interest#2026-03-31": 9_66}


def test_charges_asked_for_again_are_charged_once() -> None:
    made = account(bill(), bill("B", 20_00, due_on=day(5)))
    for on in range(100):
        made = charged(made, on)
        assert due(made, on).is_empty
    assert standing(made) == standing(charged(account(bill(), bill("B", 20_00, due_on=day(5))), 99))


def test_interest_is_on_what_was_open_each_day() -> None:
    policy = ChargePolicy((replace(CONTRACT, interest_percent=Decimal("11.75")),))
    expected = (1_000_00 * 10 + 600_00 * 20) * Decimal("11.75") / 36_500
    assert interest(charged(add(account(bill()), paid(400_00, 10)), 30, policy)) == round(expected)


def test_a_payment_settles_the_fee_first_and_interest_runs_on_what_it_leaves() -> None:
    expected = (1_000_00 * 10 + 670_00 * 20) * Decimal("11.75") / 36_500
    assert interest(charged(add(account(bill()), paid(400_00, 10)), 30)) == round(expected)


def test_interest_bears_no_interest() -> None:
    made = account(bill())
    for on in range(60, 600, 30):
        made = charged(made, on, ChargePolicy((replace(CONTRACT, interest_percent=Decimal(12)),)))
    assert interest(made) <= 1_000_00 * 12 * 600 // 36_500 + 20


def test_a_payment_that_arrives_late_takes_back_what_was_charged_too_much() -> None:
    wrongly = charged(account(bill()), 60)
    assert interest(wrongly) == 9_66 + 9_66
    late = add(wrongly, paid(1_100_00, 10))
    change = due(late, 61)
    made = change.applied()
    assert standing(made) == standing(charged(add(account(bill()), paid(1_100_00, 10)), 61))
    assert {event.data["reason"] for event in change.events} == {"correction", "statutory_interest"}
    assert due(made, 62).is_empty


def test_a_payment_on_time_that_arrives_late_takes_back_the_fee_as_well() -> None:
    made = charged(add(charged(account(bill()), 60), paid(1_000_00, 0)), 61)
    assert (standing(made), made.balances, made.unapplied) == ({}, {}, {})


def test_a_payment_that_bounces_is_charged_from_then_on() -> None:
    made = charged(add(account(bill()), paid(1_100_00, 10)), 12)
    bounced = add(made, fact(EntryKind.REVERSAL, "rev_1", 1_100_00, 15, of="pay_1"))
    assert standing(charged(bounced, 30)) == {
        "late_fee": 70_00,
        "interest#2026-03-11": 3_22,
        "interest#2026-03-31": 4_83,
    }


def test_what_was_waived_is_not_charged_again_nor_taken_back_twice() -> None:
    made = charged(account(bill()), 30)
    (fee,) = (e for e in made.entries.values() if e.kind is EntryKind.FEE)
    waiver: dict[str, Any] = {"method": "console", "reference": "w1", "reversed_at": AT, "reason": "waiver"}
    made = reverse(made, fee.entry_id, 70_00, **waiver).applied()
    assert due(made, 30).is_empty
    made = charged(add(made, paid(1_000_00, 0)), 40)
    assert (standing(made), made.unapplied) == ({}, {})
    assert due(made, 41).is_empty


@pytest.mark.parametrize("kind", ["bankruptcy", "breathing_space", "deceased", "scra_active_duty", "dispute_written"])
def test_the_days_of_a_hold_are_never_charged_not_even_afterwards(kind: str) -> None:
    hold = Hold(kind, None, datetime(2026, 3, 11, 12, tzinfo=UTC), datetime(2026, 3, 21, 12, tzinfo=UTC))
    made = charged(account(bill(), holds=(hold,)), 30)
    # 2 to 10 and 22 to 31 March
    assert interest(made) == round(1_000_00 * 19 * Decimal("11.75") / 36_500)
    standing_hold = replace(hold, until=None)
    assert standing(charged(account(bill(), holds=(standing_hold,)), 90), EntryKind.INTEREST) == {
        "interest#2026-03-31": 2_90
    }


def test_a_hold_on_the_first_late_day_spares_the_fee_for_good() -> None:
    hold = Hold("breathing_space", None, datetime(2026, 2, 20, tzinfo=UTC), datetime(2026, 4, 21, tzinfo=UTC))
    made = charged(account(bill(), holds=(hold,)), 90)
    assert standing(made, EntryKind.FEE) == {}
    assert interest(made) > 0


def test_a_hold_that_stops_only_contacts_stops_no_interest() -> None:
    hold = Hold("cease", None, datetime(2026, 2, 20, tzinfo=UTC))
    assert standing(charged(account(bill(), holds=(hold,)), 30)) == standing(charged(account(bill()), 30))


def test_a_hold_on_one_invoice_leaves_the_others() -> None:
    hold = Hold("dispute_written", "inv_A", datetime(2026, 2, 20, tzinfo=UTC))
    made = charged(account(bill(), bill("B"), holds=(hold,)), 30)
    assert {e.directed_to[0].invoice_id for e in made.entries.values()} == {"inv_B"}


def test_what_is_disputed_is_charged_only_where_the_policy_says_so() -> None:
    contested = add(account(bill()), fact(EntryKind.DISPUTE, "dsp", 400_00, -5, "A"))
    assert interest(charged(contested, 30)) == round(600_00 * 30 * Decimal("11.75") / 36_500)
    on_all = ChargePolicy((replace(UK, on_disputed=True),), reference_rates=RATES)
    assert interest(charged(contested, 30, on_all)) == 9_66
    ended = add(contested, fact(EntryKind.DISPUTE_END, "end", 400_00, 10, of="dsp"))
    expected = (600_00 * 10 + 1_000_00 * 20) * Decimal("11.75") / 36_500
    assert interest(charged(ended, 30)) == round(expected)


def test_an_instalment_that_is_not_due_yet_bears_no_interest() -> None:
    parts = (Instalment(DUE, 400_00), Instalment(day(20), 600_00))
    expected = (400_00 * 20 + 1_000_00 * 10) * Decimal("11.75") / 36_500
    assert interest(charged(account(bill(instalments=parts)), 30)) == round(expected)


def test_the_interest_of_an_instalment_that_was_paid_late_is_charged_at_the_months_end() -> None:
    parts = (Instalment(DUE, 400_00), Instalment(day(100), 600_00))
    policy = ChargePolicy((CONTRACT,))
    made = charged(add(account(bill(instalments=parts)), paid(400_00, 10)), 60, policy)
    assert standing(made) == {"interest#2026-03-31": round(400_00 * 10 * Decimal(12) / 36_500)}


def test_what_had_accrued_is_forgone_when_the_source_calls_the_invoice_settled() -> None:
    settled = fact(EntryKind.SETTLEMENT, "set_1", 1_000_00, 40, "A")
    made = charged(charged(account(bill()), 35), 35)
    late = charged(add(made, settled), 90)
    assert (standing(late), late.balances) == ({"late_fee": 70_00, "interest#2026-03-31": 9_66}, {"GBP": 79_66})


def test_within_the_days_of_grace_nothing_is_charged_and_after_them_all_of_it() -> None:
    rule = replace(CONTRACT, grace_days=10, late_fee=LateFee({"GBP": 25_00}))
    policy = ChargePolicy((rule,))
    assert due(add(account(bill()), paid(1_000_00, 10)), 60, policy).is_empty
    assert standing(charged(add(account(bill()), paid(1_000_00, 11)), 60, policy)) == {
        "late_fee": 25_00,
        "interest#2026-03-12": round(1_000_00 * 11 * Decimal(12) / 36_500),
    }


def test_fees_and_interest_keep_to_the_cap() -> None:
    rule = replace(CONTRACT, late_fee=LateFee(percent=Decimal(2)), max_percent=Decimal("2.5"))
    made = charged(account(bill()), 300, ChargePolicy((rule,)))
    assert sum(standing(made).values()) == 25_00


def test_nothing_is_charged_for_the_time_before_the_rule() -> None:
    rule = replace(CONTRACT, since=day(20), late_fee=LateFee({"GBP": 25_00}))
    assert standing(charged(account(bill()), 30, ChargePolicy((rule,)))) == {
        "interest#2026-03-31": round(1_000_00 * 11 * Decimal(12) / 36_500)
    }


def test_rules_that_follow_one_another_each_count_for_their_days() -> None:
    first = replace(CONTRACT, until=day(10))
    then = replace(CONTRACT, since=day(11), interest_percent=Decimal(24))
    expected = 1_000_00 * (10 * 12 + 20 * 24) / Decimal(36_500)
    assert interest(charged(account(bill()), 30, ChargePolicy((first, then)))) == round(expected)


def test_the_rest_of_the_month_of_a_write_off_is_forgone() -> None:
    made = add(account(bill()), fact(EntryKind.WRITE_OFF, "wof", 1_079_66, 45, "A"))
    assert standing(charged(made, 90)) == {"late_fee": 70_00, "interest#2026-03-31": 9_66}


def test_invoices_that_their_source_removed_are_left_alone() -> None:
    made = charged(account(bill()), 30)
    removed = replace(made, invoices={"inv_A": bill(removed=True)})
    assert due(removed, 90).is_empty


def test_without_rules_or_for_persons_nothing_is_charged_nor_corrected() -> None:
    made = charged(account(bill()), 30)
    assert due(made, 90, ChargePolicy()).is_empty
    assert due(account(bill(), kind=CustomerKind.PERSON), 90).is_empty


def test_a_missing_rate_charges_nothing_and_says_what_is_missing() -> None:
    with pytest.raises(InvalidInputError, match="bank_rate of 2026-12-31"):
        due(account(bill(due_on=date(2027, 2, 1), issued_on=DUE)), 400)


def test_currencies_are_charged_each_by_itself() -> None:
    made = charged(account(bill(), bill("B", currency="USD")), 30)
    assert {(e.currency, e.reference) for e in made.entries.values()} == {
        ("GBP", "late_fee"),
        ("GBP", "interest#2026-03-31"),
        ("USD", "interest#2026-03-31"),
    }


def test_a_debit_note_by_hand_and_charges_by_policy_do_not_mix() -> None:
    made = charge(account(bill()), EntryKind.FEE, "inv_A", 5_00, key="late_fee", on=DUE, at=AT, reason="x").applied()
    with_both = charged(made, 1)
    assert with_both.open_minor("inv_A") in (1_000_00 + 5_00 + 70_00, 1_000_00 + 70_00)


AMOUNTS = st.integers(1, 900_00)
EVENTS = st.lists(
    st.one_of(
        st.builds(lambda a, on: ("pay", a, on), AMOUNTS, st.integers(-10, 80)),
        st.builds(lambda a, on: ("credit", a, on), AMOUNTS, st.integers(-10, 80)),
        st.builds(lambda a, on: ("debit", a, on), AMOUNTS, st.integers(-10, 80)),
        st.builds(lambda a, on: ("dispute", a, on), AMOUNTS, st.integers(-10, 80)),
        st.builds(lambda a, on: ("bounce", a, on), st.integers(0, 5), st.integers(0, 90)),
    ),
    max_size=7,
)
KINDS = {
    "pay": EntryKind.PAYMENT,
    "credit": EntryKind.CREDIT_NOTE,
    "debit": EntryKind.DEBIT_NOTE,
    "dispute": EntryKind.DISPUTE,
}


def facts(events: Sequence[tuple[str, int, int]]) -> list[Entry]:
    made: list[Entry] = []
    for number, (what, amount, on) in enumerate(events):
        if what == "bounce":
            pays = [e for e in made if e.kind is EntryKind.PAYMENT]
            if pays:
                about = pays[amount % len(pays)]
                made.append(fact(EntryKind.REVERSAL, f"rev_{number}", about.amount_minor, on, of=about.entry_id))
        else:
            made.append(fact(KINDS[what], f"ent_{number}", amount, on, "AB"[number % 2] if what != "pay" else ""))
    return made


@settings(max_examples=80)
@given(EVENTS, st.lists(st.integers(0, 120), max_size=10), st.randoms())
def test_whatever_arrives_when_the_charges_are_what_the_facts_imply(
    events: list[tuple[str, int, int]], passes: list[int], random: Any
) -> None:
    bills = (bill(), bill("B", 300_00, due_on=day(14)))
    arriving = facts(events)
    random.shuffle(arriving)
    made = account(*bills)
    for on in sorted(passes):
        if arriving:
            made = add(made, arriving.pop())
        made = charged(made, on)
        assert due(made, on).is_empty
        assert all(made.books.part_minor(one.invoice_id, part) >= 0 for one in bills for part in Part)
    made = charged(add(made, *arriving), 120)
    at_once = charged(add(account(*bills), *facts(events)), 120)
    assert {k: v for k, v in sums(made).items() if v} == sums(at_once)
    assert made.balances == at_once.balances


def sums(made: Account) -> dict[tuple[str, EntryKind, str], int]:
    """What stands charged by invoice, kind and period."""
    found: dict[tuple[str, EntryKind, str], int] = {}
    for i, entry in made.entries.items():
        if entry.method == "charges" and entry.kind is not EntryKind.REVERSAL:
            key = (entry.directed_to[0].invoice_id, entry.kind, entry.reference.partition("/")[0])
            found[key] = found.get(key, 0) + made.books.standing_minor(i)
    return found


def test_a_payment_by_posting_and_the_days_of_the_creditors_zone_agree() -> None:
    late_evening = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    made = post_payment(
        account(bill()), method="m", reference="r", currency="GBP", amount_minor=1_000_00, received_at=late_evening
    ).applied()
    assert "interest#2026-03-31" in standing(charged(made, 40))
    assert SINCE < DUE


# --- agreements ---


def under(status: AgreementStatus, ended_on: int | None = None, **changes: Any) -> Account:
    """An account whose invoice was agreed about from 11 March on, until a day after the due date."""
    made_at = datetime(2026, 3, 11, 12, tzinfo=UTC)
    steps = [AgreementStep(AgreementStatus.ACTIVE, made_at, "customer")]
    if ended_on is not None:
        steps.append(AgreementStep(status, datetime.combine(day(ended_on), time(12), UTC), "system"))
    plan = AgreementKind.PLAN
    made = agreement("inv_A", kind=plan, status=status, made_at=made_at, steps=tuple(steps), **changes)
    return replace(account(bill(), bill("B")), agreements={made.agreement_id: made})


def interest_on(made: Account, invoice_id: str) -> int:
    entries = (one for one in made.entries.values() if one.kind is EntryKind.INTEREST)
    return sum(one.amount_minor for one in entries if one.directed_to[0].invoice_id == invoice_id)


def per_days(days: int) -> int:
    return round(1_000_00 * days * Decimal("11.75") / 36_500)


def test_while_a_plan_stands_its_debt_costs_no_interest_and_others_do() -> None:
    made = charged(under(AgreementStatus.ACTIVE), 30)
    assert interest_on(made, "inv_A") == per_days(9)  # 2 to 10 March
    assert interest_on(made, "inv_B") == per_days(30)


def test_a_broken_plan_costs_interest_again_from_the_next_day_and_none_for_the_days_it_stood() -> None:
    made = charged(under(AgreementStatus.BROKEN, 20), 30)
    assert interest_on(made, "inv_A") == per_days(9 + 10)  # and 22 to 31 March
    assert standing(made, EntryKind.FEE) == {"late_fee": 70_00}


def test_a_promise_stops_interest_until_it_runs_out() -> None:
    made = charged(under(AgreementStatus.ACTIVE, pauses_until=day(20)), 30)
    assert interest_on(made, "inv_A") == per_days(9 + 10)


@pytest.mark.parametrize("status", [AgreementStatus.PROPOSED, AgreementStatus.LAPSED, AgreementStatus.CANCELLED])
def test_what_nobody_agreed_to_stops_no_interest(status: AgreementStatus) -> None:
    made = under(status)
    (one,) = made.agreements.values()
    asked = replace(one, steps=(AgreementStep(status, one.made_at, "customer"),))
    assert interest_on(charged(replace(made, agreements={"agr_1": asked}), 30), "inv_A") == per_days(30)


def test_a_plan_made_late_takes_back_nothing_that_was_charged_before() -> None:
    before = charged(account(bill(), bill("B")), 30)
    late = under(AgreementStatus.ACTIVE)
    (one,) = late.agreements.values()
    at = datetime(2026, 4, 10, 12, tzinfo=UTC)
    agreed = replace(one, made_at=at, steps=(AgreementStep(AgreementStatus.ACTIVE, at, "customer"),))
    made = charged(replace(before, agreements={"agr_1": agreed}), 60)
    assert interest_on(made, "inv_A") == interest_on(before, "inv_A") + per_days(39) - per_days(30)
