"""Agreements, saved methods and debits when customers are merged or a customer is split."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dunwell.accounts.model import customer_id_of
from dunwell.ledger.agreements import Agreement, AgreementStatus
from dunwell.ledger.change import Change
from dunwell.ledger.entry import EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.moving import merge, split
from tests.support.agreements import attempt, method
from tests.support.arrangements import MONDAY, ArrangementWorld, at, bill
from tests.support.portal import account, customer

LATER = at(MONDAY + timedelta(days=1))


def world() -> ArrangementWorld:
    return ArrangementWorld(invoices=(bill("A"), bill("B")))


def parted(made: Account, *invoice_ids: str) -> tuple[Account, Account, Change]:
    out, into = split(made, invoice_ids, "C-2", LATER, "jo")
    assert out.account.version == made.version
    return out.applied(), into.applied(), out


def test_the_kept_account_gets_the_agreements_methods_and_debits_of_both() -> None:
    one = world()
    plan = one.planned(3)
    debits: dict[str, Any] = {"methods": {"pmt_1": method(autopay=True)}, "attempts": {"a#1#1": attempt("a#1#1")}}
    absorbed = replace(one.account, **debits)
    kept = replace(account(bill("Z"), who=customer("cus_zoe")), methods={"pmt_2": method("pmt_2", autopay=True)})
    change, gone = (made.applied() for made in merge(kept, absorbed, LATER, "jo"))
    assert change.agreement_on("inv_a") == plan
    assert {i: one.autopay for i, one in change.methods.items()} == {"pmt_1": False, "pmt_2": True}
    assert set(change.attempts) == {"a#1#1"}
    assert gone.next_look_on is None


def test_automatic_payment_goes_on_when_only_the_absorbed_account_had_it() -> None:
    absorbed = replace(world().account, methods={"pmt_1": method(autopay=True)})
    merged = merge(account(bill("Z"), who=customer("cus_zoe")), absorbed, LATER, "jo")[0].applied()
    assert merged.methods["pmt_1"].autopay


def test_an_agreement_whose_debts_all_leave_goes_along_without_the_method() -> None:
    one = world()
    one.write(lambda read: Change(read, methods={"pmt_1": method()}))
    plan = one.proposed(3, invoice_ids=("inv_b",))
    one.desk.authorise("cus_anna", plan.agreement_id, one.evidence("pmt_1"))
    first, second, out = parted(one.account, "inv_b")
    there = second.agreements[plan.agreement_id]
    assert there.is_standing
    assert there.authorisation
    assert there.authorisation.method_id == ""
    assert (first.agreement_on("inv_b"), first.next_look_on) == (None, None)
    assert first.agreements[plan.agreement_id].status is AgreementStatus.CANCELLED
    assert [event.name for event in out.events] == ["CustomerSplit"]


def test_a_settlement_goes_along_with_what_it_gave_up() -> None:
    one = world()
    offer = one.settled(60_00, invoice_ids=("inv_b",))
    first, second, _ = parted(one.account, "inv_b")
    assert (first.balances, second.balances) == ({"USD": 300_00}, {"USD": 240_00})
    assert second.agreements[offer.agreement_id].is_standing


def test_an_agreement_of_which_a_part_leaves_is_cancelled_and_what_it_gave_up_is_taken_back() -> None:
    one = world()
    offer = one.settled(60_00)
    one.write(lambda read: Change(read, attempts={"x": waiting(offer)}))
    first, second, out = parted(one.account, "inv_b")
    assert first.agreements[offer.agreement_id].status is AgreementStatus.CANCELLED
    assert (first.balances, second.balances) == ({"USD": 300_00}, {"USD": 300_00})
    assert second.agreements == {}
    assert first.next_look_on is None
    assert [event.name for event in out.events] == ["AgreementEnded", "EntryPosted", "CustomerSplit"]


def waiting(agreement: Agreement) -> Any:
    """A debit of an agreement that is to be tried again."""
    return attempt(f"{agreement.agreement_id}#1#1", next_on=MONDAY + timedelta(days=3))


def test_an_agreement_about_other_debts_stays_as_it_is() -> None:
    one = world()
    plan = one.planned(3, invoice_ids=("inv_a",))
    first, second, _ = parted(one.account, "inv_b")
    assert (first.agreements, second.agreements) == ({plan.agreement_id: plan}, {})


@pytest.mark.parametrize("is_paid", [False, True])
def test_what_went_along_comes_back_with_a_merger_and_goes_on(is_paid: bool) -> None:
    one = world()
    plan = one.planned(3, invoice_ids=("inv_b",))
    if is_paid:
        one.pay(100_00, to="inv_b")
    first, second, _ = parted(one.account, "inv_b")
    assert second.customer.customer_id == customer_id_of("example", "test", "C-2")
    again = merge(first, second, LATER + timedelta(days=1), "jo")[0].applied()
    assert again.agreement_on("inv_b") == plan
    paid = [entry for entry in again.entries.values() if entry.kind is EntryKind.PAYMENT]
    assert len(paid) == is_paid
