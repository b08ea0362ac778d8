"""A bank line is applied when one reading stands out, suggested when it does not, and never guessed."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dunwell.remittance.matching import match
from dunwell.remittance.model import (
    BankLine,
    Decision,
    DiscountTerm,
    LineKind,
    Match,
    OpenInvoice,
    Payer,
    Payout,
    PostedLine,
    Purpose,
)
from infra.local.remittance.memory_index import InMemoryRemittanceIndex

TODAY = date(2026, 6, 30)
MUELLER, WALSH, TWIN = (
    Payer("cus_1", "C10001", "Müller Logistik Nord GmbH"),
    Payer("cus_2", "C10002", "Walsh Marine LLC"),
    Payer("cus_3", "C10003", "Walsh Marine Ltd"),
)
MUELLERS_ACCOUNT = "DE89370400440532013000"


def invoice(number: str, minor: int, payer: Payer = MUELLER, issued: int = 40) -> OpenInvoice:
    issued_on = TODAY - timedelta(days=issued)
    return OpenInvoice(f"inv_{number}", payer.customer_id, number, "EUR", minor, issued_on, issued_on + timedelta(30))


@pytest.fixture
def index() -> InMemoryRemittanceIndex:
    made = InMemoryRemittanceIndex()
    for payer in (MUELLER, WALSH, TWIN):
        made.put_payer(payer)
    made.learn_account(MUELLERS_ACCOUNT, MUELLER.customer_id, 5)
    for number, minor in (("INV-2026-010023", 119_000), ("INV-2026-010031", 45_050), ("INV-2026-010047", 230_171)):
        made.put_invoice(invoice(number, minor))
    made.put_invoice(invoice("INV-2026-010025", 88_000, WALSH))
    made.put_invoice(invoice("INV-2026-010090", 55_500, WALSH))
    made.put_invoice(invoice("INV-2026-010091", 55_500, TWIN))
    return made


def line(minor: int, text: str = "", **changes: object) -> BankLine:
    made = BankLine(
        "bln_1", "DE02", TODAY, TODAY, "EUR", minor, "MUELLER LOGISTIK", "", (text,), kind=LineKind.TRANSFER
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def given(found: Match) -> dict[str, int]:
    assert found.proposal is not None
    return {one.number: one.amount_minor for one in found.proposal.allocations}


@pytest.mark.parametrize(
    "text",
    [
        "INV-2026-010023",
        "Rechnung inv 2026 010023 vom 01.06.2026",
        "10023",
        "2026/010023",
        "INV-2O26-O1OO23",
        "INV-2026-01 0023",
        "INV-2026-0100023",
        "INV-2026-010032 sorry",
        "lNV-2026-010028",
    ],
)
def test_a_reference_is_recognised_however_it_was_mangled(index: InMemoryRemittanceIndex, text: str) -> None:
    found = match(line(119_000, text), index)
    assert given(found) == {"INV-2026-010023": 119_000}
    assert found.decision is Decision.APPLIED
    assert found.proposal is not None
    assert found.proposal.reasons


def test_several_invoices_in_one_line_are_all_found(index: InMemoryRemittanceIndex) -> None:
    found = match(line(349_171, "INV-2026-010023, 010047"), index)
    assert found.decision is Decision.APPLIED
    assert given(found) == {"INV-2026-010023": 119_000, "INV-2026-010047": 230_171}


def test_a_range_names_what_lies_between_its_ends(index: InMemoryRemittanceIndex) -> None:
    found = match(line(394_221, "INV-2026-010023 bis 010047"), index)
    assert given(found) == {"INV-2026-010023": 119_000, "INV-2026-010031": 45_050, "INV-2026-010047": 230_171}


def test_a_discount_that_the_terms_give_is_taken_and_a_late_one_is_not(index: InMemoryRemittanceIndex) -> None:
    for number, until in (("INV-2026-020001", TODAY), ("INV-2026-020777", TODAY - timedelta(days=20))):
        index.put_invoice(replace(invoice(number, 100_000), discounts=(DiscountTerm(100, until),)))
    taken = match(line(90_000, "INV-2026-020001"), index)
    assert taken.decision is Decision.APPLIED
    assert taken.proposal is not None
    assert taken.proposal.allocations[0].discount_minor == 10_000
    late = match(line(90_000, "INV-2026-020777"), index)
    assert late.proposal is not None
    assert late.proposal.allocations[0].discount_minor == 0


def test_a_banks_fee_is_written_off_only_within_the_tolerance(index: InMemoryRemittanceIndex) -> None:
    within = match(line(118_000, "INV-2026-010023"), index).proposal
    beyond = match(line(110_000, "INV-2026-010023"), index).proposal
    assert within is not None
    assert beyond is not None
    assert within.allocations[0].fee_minor == 1_000
    assert (beyond.allocations[0].fee_minor, beyond.allocations[0].amount_minor) == (0, 110_000)


def test_what_the_payer_says_it_deducted_is_not_taken_for_a_fee(index: InMemoryRemittanceIndex) -> None:
    found = match(line(118_000, "INV-2026-010023 less damaged goods"), index)
    assert found.decision is Decision.SUGGESTED


def test_a_part_payment_leaves_the_rest_open_for_the_next_line(index: InMemoryRemittanceIndex) -> None:
    found = match(line(50_000, "INV-2026-010023"), index)
    assert given(found) == {"INV-2026-010023": 50_000}
    index.pay("inv_INV-2026-010023", 50_000)
    rest = match(line(69_000, "INV-2026-010023", line_id="bln_2"), index)
    assert given(rest) == {"INV-2026-010023": 69_000}
    assert rest.decision is Decision.APPLIED


def test_what_is_paid_too_much_is_the_customers_credit(index: InMemoryRemittanceIndex) -> None:
    found = match(line(120_000, "INV-2026-010023"), index)
    assert found.proposal is not None
    assert found.proposal.unapplied_minor == 1_000
    assert given(found) == {"INV-2026-010023": 119_000}


def test_a_known_account_pays_its_one_invoice_of_that_amount_without_a_word(index: InMemoryRemittanceIndex) -> None:
    found = match(line(45_050, payer_name="X", payer_account="DE89 3704 0044 0532 0130 00"), index)
    assert found.decision is Decision.APPLIED
    assert given(found) == {"INV-2026-010031": 45_050}


def test_the_only_invoices_that_add_up_are_found_within_the_payer(index: InMemoryRemittanceIndex) -> None:
    found = match(line(164_050, payer_account=MUELLERS_ACCOUNT), index)
    assert given(found) == {"INV-2026-010023": 119_000, "INV-2026-010031": 45_050}
    assert found.decision is Decision.APPLIED


def test_two_subsets_that_fit_are_suggested_and_not_applied(index: InMemoryRemittanceIndex) -> None:
    index.put_invoice(invoice("INV-2026-010060", 164_050))
    index.put_invoice(invoice("INV-2026-010061", 164_050))
    found = match(line(164_050, payer_account=MUELLERS_ACCOUNT), index)
    assert found.decision is Decision.SUGGESTED


def test_two_customers_of_one_name_are_suggested_and_not_applied(index: InMemoryRemittanceIndex) -> None:
    found = match(line(55_500, payer_name="WALSH MARINE"), index)
    assert found.decision is not Decision.APPLIED


def test_another_firm_may_pay_when_it_names_the_invoice(index: InMemoryRemittanceIndex) -> None:
    found = match(line(119_000, "INV-2026-010023", payer_name="Zentrale Dienste Holding AG"), index)
    assert found.decision is Decision.APPLIED
    assert given(found) == {"INV-2026-010023": 119_000}


def test_a_number_of_anothers_invoice_by_a_slip_is_not_applied_to_the_other(index: InMemoryRemittanceIndex) -> None:
    """010025 is Walsh's; Müller meant 010023, as its account and the amount say."""
    found = match(line(119_000, "INV-2026-010025", payer_account=MUELLERS_ACCOUNT), index)
    assert found.decision is not Decision.APPLIED or found.proposal is None or found.proposal.customer_id == "cus_1"
    assert found.proposal is not None
    assert found.proposal.customer_id == "cus_1"


def test_a_second_payment_of_a_settled_invoice_is_not_applied(index: InMemoryRemittanceIndex) -> None:
    index.pay("inv_INV-2026-010023", 119_000)
    index.put_posted("EUR", PostedLine("bln_0", "cus_1", TODAY - timedelta(days=3), 119_000))
    found = match(line(119_000, "INV-2026-010023"), index)
    assert found.decision is not Decision.APPLIED


def test_money_of_nobody_known_stays_in_suspense(index: InMemoryRemittanceIndex) -> None:
    found = match(line(77_777, "thank you", payer_name="Nobody Inc"), index)
    assert (found.decision, found.proposal) == (Decision.UNMATCHED, None)
    assert found.reasons


def test_a_payout_is_reconciled_and_never_a_customers_even_when_an_invoice_has_its_amount(
    index: InMemoryRemittanceIndex,
) -> None:
    payout = line(119_000, "STRIPE PAYOUT", payer_name="STRIPE PAYMENTS EUROPE")
    assert (match(payout, index).decision, match(payout, index).purpose) == (Decision.UNMATCHED, Purpose.PAYOUT)
    index.put_payout(Payout("po_1", "stripe", "EUR", 119_000, TODAY))
    found = match(payout, index)
    assert (found.decision, found.about, found.proposal) == (Decision.APPLIED, "po_1", None)
    index.put_payout(Payout("po_2", "stripe", "EUR", 119_000, TODAY))
    assert match(payout, index).decision is Decision.SUGGESTED


def test_a_return_names_the_payment_it_undoes_and_is_applied_only_with_its_own_id(
    index: InMemoryRemittanceIndex,
) -> None:
    index.put_posted("EUR", PostedLine("bln_0", "cus_1", TODAY, 119_000, MUELLERS_ACCOUNT, "E2E-7"))
    sure = match(line(-119_000, "R-TRANSACTION", kind=LineKind.RETURN, end_to_end_id="E2E-7"), index)
    unsure = match(line(-119_000, "returned", kind=LineKind.TRANSFER), index)
    assert (sure.decision, sure.purpose, sure.about) == (Decision.APPLIED, Purpose.RETURN, "bln_0")
    assert (unsure.decision, unsure.about) == (Decision.SUGGESTED, "bln_0")


def test_a_charge_and_a_suppliers_payment_touch_no_invoice(index: InMemoryRemittanceIndex) -> None:
    assert match(line(-490, "fee", kind=LineKind.CHARGE), index).purpose is Purpose.BANK_CHARGE
    assert match(line(-119_000, "INV-2026-010023"), index).purpose is Purpose.OUTGOING


def test_another_currency_is_never_mixed_in(index: InMemoryRemittanceIndex) -> None:
    found = match(line(119_000, "INV-2026-010023", currency="USD"), index)
    assert found.decision is Decision.UNMATCHED
