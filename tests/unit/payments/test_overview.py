"""What a customer is shown."""

from dataclasses import replace
from datetime import date

import pytest

from dunwell.accounts.holds import Hold
from dunwell.errors import RefusedError
from dunwell.hold_kinds import HoldKind
from dunwell.ledger.debits import AttemptStatus
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import post_payment
from dunwell.payments.overview import overview
from dunwell.payments.payable import choose_invoices
from tests.support.agreements import attempt
from tests.support.ledger import in_dispute
from tests.support.portal import NOW, account, customer, invoice

TODAY = date(2026, 11, 22)
PROTECTED = {
    "bankruptcy",
    "chapter_13_codebtor",
    "discharged",
    "deceased",
    "identity_theft",
    "breathing_space",
    "mental_health_crisis",
    "minor",
}
"""Under these a person takes what is paid, by telephone."""


def paid(owed: Account, chosen: list[str] | None) -> list[str]:
    """The invoices that a press of a pay button pays."""
    return sorted(one.invoice.invoice_id for one in choose_invoices(owed, "USD", chosen, NOW))


def test_currencies_are_shown_apart_and_disputes_left_out_of_pay_all() -> None:
    shown = overview(
        account(
            invoice("A1", 1_000, due_on=date(2026, 11, 12)),
            in_dispute(invoice("A2", 200, due_on=date(2026, 12, 1))),
            invoice("J1", 30, currency="JPY", due_on=TODAY),
        ),
        NOW,
        TODAY,
    )
    yen, dollars = shown.sections
    assert (yen.currency, yen.open_minor, yen.past_due_minor) == ("JPY", 30, 0)
    assert (dollars.open_minor, dollars.past_due_minor, dollars.payable_minor) == (1_200, 1_000, 1_000)
    assert [line.days_past_due for line in dollars.invoices] == [10, -9]
    assert not shown.is_settled


def test_a_settled_account_shows_its_payments_and_credit() -> None:
    owed = account(invoice("A1", 1_000))
    paid = post_payment(owed, method="bank", reference="1", currency="USD", amount_minor=1_500, received_at=NOW)
    shown = overview(paid.applied(), NOW, TODAY)
    assert shown.is_settled
    assert shown.sections[0].credit_minor == 500
    assert [[one.number for one, _ in receipt.parts] for receipt in shown.payments] == [["A1"]]


@pytest.mark.parametrize("kind", HoldKind)
def test_a_page_asks_for_nothing_under_a_hold_that_says_so_and_may_still_take_it(kind: HoldKind) -> None:
    who = customer().with_hold(Hold(kind, None, NOW))
    owed = account(invoice("A1", 1_000, due_on=date(2026, 11, 12)), invoice("A2", 200), who=who)
    shown = overview(owed, NOW, TODAY)
    section = shown.sections[0]
    asks = kind in {"scra_active_duty", "time_barred", "email_suppressed", "number_reassigned", "reply_unread"}
    takes = kind not in PROTECTED
    assert (shown.asks, shown.takes) == (asks, takes)
    assert {(line.asked_for, bool(line.payable_minor)) for line in section.invoices} == {(asks, takes)}
    assert (section.open_minor, section.payable_minor) == (1_200, 1_200 if asks else 0)
    if takes:
        assert paid(owed, ["inv_a1"]) == ["inv_a1"]
        assert paid(owed, None) == ["inv_a1", "inv_a2"]
    else:
        with pytest.raises(RefusedError, match="may not take a payment"):
            paid(owed, None)


@pytest.mark.parametrize("kind", ["dispute_written", "dispute_oral", "complaint"])
def test_an_invoice_that_may_not_be_asked_for_is_left_out_of_pay_all_and_paid_by_choice(kind: str) -> None:
    owed = account(invoice("A1", 1_000), invoice("A2", 200), who=customer().with_hold(Hold(kind, "inv_a1", NOW)))
    shown = overview(owed, NOW, TODAY)
    assert (shown.asks, shown.takes, shown.sections[0].payable_minor) == (True, True, 200)
    assert paid(owed, None) == ["inv_a2"]
    assert paid(owed, ["inv_a1"]) == ["inv_a1"]


@pytest.mark.parametrize("kind", ["deceased", "minor"])
def test_a_fact_of_the_person_covers_every_invoice_whichever_it_was_noted_on(kind: str) -> None:
    owed = account(invoice("A1", 1_000), invoice("A2", 200), who=customer().with_hold(Hold(kind, "inv_a1", NOW)))
    assert (overview(owed, NOW, TODAY).asks, overview(owed, NOW, TODAY).takes) == (False, False)
    with pytest.raises(RefusedError, match="may not take a payment"):
        paid(owed, ["inv_a2"])


def test_a_debit_on_its_way_is_pending_once_however_it_is_known() -> None:
    debit = Entry("pen_1", EntryKind.PENDING, "USD", 1_000, TODAY, method="stripe", reference="pi_1")
    tried = replace(attempt(status=AttemptStatus.PROCESSING, amount_minor=1_000), payment_reference="pi_1")
    owed = replace(account(invoice("A1", 1_000)), entries={"pen_1": debit}, attempts={tried.attempt_id: tried})
    arrived = Entry("pay_1", EntryKind.PAYMENT, "USD", 1_000, TODAY, of="pen_1")
    paid = replace(owed, entries={**owed.entries, "pay_1": arrived}, attempts={})
    assert overview(owed, NOW, TODAY).sections[0].pending_minor == 1_000
    assert not overview(paid, NOW, TODAY).sections
