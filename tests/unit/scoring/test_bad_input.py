"""What no ledger should hold, and some do: a score with its uncertainty or a refusal, and nobody else's day is lost."""

import time
from dataclasses import replace
from datetime import date, timedelta

import pytest

from dunwell.ledger.adjusting import WriteOffReason, write_off
from dunwell.ledger.model import Account, Invoice
from dunwell.scoring.actions import Action, ActionHistory
from dunwell.scoring.assess import Refusal, assess_accounts
from dunwell.scoring.assessment import INVOICES_KEPT
from dunwell_aws.documents import folder
from dunwell_onnx.scorer import OnnxScorer
from tests.support.escalation import NOW, TODAY, account, invoice
from tests.support.ledger import paid

SCORER = OnnxScorer(folder("model_artifacts") / "late_payment")
GOOD = account(invoice("F-1"), customer_id="cus_good")


def odd(**changes: object) -> Account:
    return account(replace(invoice("X"), **changes), customer_id="cus_odd")  # type: ignore[arg-type]


FUTURE = TODAY + timedelta(days=400)
SCORED = {
    "over nothing": odd(amount_minor=0),
    "over 10^12": odd(amount_minor=10**12),
    "over 10^30": odd(amount_minor=10**30),
    "without a currency": odd(currency=""),
    "due never": odd(due_on=date.max),
    "due before issue": odd(issued_on=TODAY - timedelta(days=5), due_on=TODAY - timedelta(days=90)),
    "issued a thousand years ago": odd(issued_on=date(1026, 1, 1), due_on=date(1026, 2, 1)),
}
WITHOUT_A_DAY = {"due never", "due before issue", "issued a thousand years ago"}


def test_what_was_written_off_is_no_longer_scored_and_weighs_on_no_risk() -> None:
    both = account(invoice("F-1", overdue_days=5), invoice("F-2", overdue_days=100))
    (before,) = assess_accounts([both], TODAY, SCORER).assessments
    by = {"key": "w1", "reason": WriteOffReason.UNCOLLECTIBLE, "authorised_by": "finance:jo", "on": TODAY, "at": NOW}
    given_up = write_off(both, "inv_F-2", both.open_minor("inv_F-2"), **by).applied()  # type: ignore[arg-type]
    (after,) = assess_accounts([given_up], TODAY, SCORER).assessments
    assert len(before.invoices) == 2
    assert [one.invoice_id for one in after.invoices] == ["inv_F-1"]
    assert after.risk_permille < before.risk_permille


@pytest.mark.parametrize("name", SCORED)
def test_it_is_scored_with_its_uncertainty(name: str) -> None:
    found = assess_accounts([GOOD, SCORED[name]], TODAY, SCORER)
    _, strange = found.assessments
    (one,) = strange.invoices
    assert found.refusals == []
    assert all(0 <= permille <= 1000 for permille in (one.late_permille, strange.risk_permille))
    if name in WITHOUT_A_DAY:
        assert (one.earliest_on, one.expected_on, one.latest_on) == (None, None, None)
        return
    assert one.earliest_on is not None
    assert one.expected_on is not None
    assert one.latest_on is not None
    assert TODAY <= one.earliest_on <= one.expected_on <= one.latest_on != one.earliest_on


def test_a_negative_amount_is_refused_by_name_and_the_others_keep_their_scores() -> None:
    found = assess_accounts([GOOD, odd(amount_minor=-500), GOOD], TODAY, SCORER)
    assert [one.customer_id for one in found.assessments] == ["cus_good", "cus_good"]
    ((customer_id, why),) = found.refusals
    assert customer_id == "cus_odd"
    assert why
    assert found.assessments[0] == assess_accounts([GOOD], TODAY, SCORER).assessments[0]


class UnreadableFor(ActionHistory):
    """What was done about one customer is kept in a form nobody can read."""

    def __init__(self, customer_id: str) -> None:
        self.customer_id = customer_id

    def actions(self, customer_id: str) -> dict[str, list[Action]]:
        if customer_id == self.customer_id:
            raise ValueError("This contact cannot be read.")
        return {}


def test_actions_that_cannot_be_read_refuse_their_customer_and_nobody_else() -> None:
    overdue = {"issued_on": TODAY - timedelta(days=60), "due_on": TODAY - timedelta(days=30)}
    accounts = [odd(**overdue), replace(odd(**overdue), customer=GOOD.customer)]
    found = assess_accounts(accounts, TODAY, SCORER, UnreadableFor("cus_odd"))
    assert found.refusals == [Refusal("cus_odd", "This contact cannot be read.")]
    (kept,) = found.assessments
    assert (kept.customer_id, len(kept.recoveries)) == ("cus_good", 1)
    assert {one.customer_id for one in found.moments} <= {"cus_good"}


def test_what_is_issued_in_the_future_is_not_scored_yet() -> None:
    found = assess_accounts([odd(issued_on=FUTURE, due_on=FUTURE)], TODAY, SCORER)
    assert (found.assessments, found.refusals) == ([], [])


def test_a_payment_from_the_future_is_not_known_yet() -> None:
    due = invoice("X", overdue_days=-20)
    early = assess_accounts([account(due)], TODAY, SCORER).assessments
    later = assess_accounts([account(due, paid(due))], TODAY, SCORER).assessments
    assert later == early


def test_a_clock_that_goes_back_gives_the_score_of_that_day() -> None:
    before = TODAY - timedelta(days=10)
    (then,) = assess_accounts([GOOD], before, SCORER).assessments
    (now,) = assess_accounts([GOOD], TODAY, SCORER).assessments
    assert (then.as_of, now.as_of) == (before, TODAY)
    assert assess_accounts([GOOD], before, SCORER).assessments == [then]


def test_a_customer_with_50_000_invoices_is_scored_in_seconds_and_its_assessment_can_be_kept() -> None:
    many: list[Invoice] = [invoice(f"M-{n}", 1_000 + n, overdue_days=n % 90 - 40) for n in range(50_000)]
    settled = [paid(one) for one in many[::2]]
    large = account(*many, *settled, customer_id="cus_many")
    started = time.process_time()
    found = assess_accounts([GOOD, large], TODAY, SCORER)
    assert time.process_time() - started < 30
    one = found.assessments[1]
    assert len(one.invoices) == INVOICES_KEPT
    assert one.invoices_left_out > 20_000
    assert max(len(str(each)) for each in one.invoices) * INVOICES_KEPT < 350_000
    assert found.assessments[0] == assess_accounts([GOOD], TODAY, SCORER).assessments[0]
