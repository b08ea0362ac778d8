"""When somebody has to look at an account because of what was agreed, and what an agreement stops."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from dunwell.ledger.agreements import AgreementStatus
from dunwell.ledger.change import Change
from dunwell.ledger.debits import AttemptStatus
from tests.support.agreements import agreement, attempt, method
from tests.support.outreach import TODAY, overdue
from tests.support.portal import account

DUE_ON = overdue(3).due_on


def test_an_account_without_agreements_and_debits_needs_no_look() -> None:
    assert account(overdue(3)).next_look_on is None


def test_the_earliest_day_of_agreements_and_debits_counts() -> None:
    one = replace(
        account(overdue(3)),
        agreements={"agr_1": agreement("inv_a1", next_on=date(2026, 12, 5))},
        attempts={"a#1#1": attempt("a#1#1", next_on=date(2026, 12, 3))},
    )
    assert one.next_look_on == date(2026, 12, 3)


def test_automatic_payment_looks_at_each_invoice_two_weeks_before_it_is_due_and_on_its_announced_day() -> None:
    one = replace(account(overdue(3), overdue(1, "B")), methods={"pmt_1": method(autopay=True)})
    assert one.next_look_on == DUE_ON - timedelta(days=14)
    told = {
        invoice_id: attempt(
            f"autopay#{invoice_id}#{due_on}#0", status=AttemptStatus.ANNOUNCED, next_on=DUE_ON + timedelta(days=later)
        )
        for later, (invoice_id, due_on) in enumerate([("inv_a1", DUE_ON), ("inv_b", overdue(1, "B").due_on)], 8)
    }
    announced = replace(one, attempts={made.attempt_id: made for made in told.values()})
    assert announced.next_look_on == DUE_ON + timedelta(days=8)
    tried = attempt(f"autopay#inv_a1#{DUE_ON}#1", lines=(("inv_a1", 1),))
    assert replace(announced, attempts=announced.attempts | {"x": tried}).next_look_on == DUE_ON + timedelta(days=9)


@pytest.mark.parametrize("changes", [{"autopay": False}, {"autopay": True, "status": "removed"}])
def test_a_method_that_pays_nothing_by_itself_needs_no_look(changes: dict[str, Any]) -> None:
    assert replace(account(overdue(3)), methods={"pmt_1": method(**changes)}).next_look_on is None


def test_automatic_payment_leaves_out_what_is_agreed_about() -> None:
    agreed = {"agr_1": agreement("inv_a1")}
    one = replace(account(overdue(3)), methods={"pmt_1": method(autopay=True)}, agreements=agreed)
    assert one.next_look_on is None


@pytest.mark.parametrize(
    ("status", "pauses"),
    [
        (AgreementStatus.PROPOSED, False),
        (AgreementStatus.AUTHORISED, True),
        (AgreementStatus.ACTIVE, True),
        (AgreementStatus.COMPLETED, False),
        (AgreementStatus.BROKEN, False),
        (AgreementStatus.CANCELLED, False),
        (AgreementStatus.LAPSED, False),
    ],
)
def test_an_agreement_pauses_while_it_stands(status: AgreementStatus, pauses: bool) -> None:
    one = replace(account(overdue(3)), agreements={"agr_1": agreement("inv_a1", status=status)})
    assert one.paused_invoices(TODAY) == ({"inv_a1"} if pauses else set())
    assert (one.agreement_on("inv_a1") is not None) == pauses


def test_a_change_replaces_what_is_known_under_the_same_id() -> None:
    before = replace(account(overdue(3)), agreements={"agr_1": agreement("inv_a1")})
    ended = agreement("inv_a1", status=AgreementStatus.BROKEN)
    after = Change(before, agreements={"agr_1": ended}, methods={"pmt_1": method()}).applied()
    assert after.agreements == {"agr_1": ended}
    assert after.methods == {"pmt_1": method()}
    assert after.version == before.version + 1
