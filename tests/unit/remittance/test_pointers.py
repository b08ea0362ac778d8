"""What the index learns from a change, and which discounts an invoice's terms give."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dunwell.accounts.model import CustomerKind
from dunwell.ingestion.importing import Origin, import_records
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.remittance.model import DiscountTerm
from dunwell.remittance.pointers import SETTLED_DAYS, discount_terms, invoice_pointers, new_customer_keys
from tests.support.cash import euros
from tests.support.portal import customer
from tests.support.receivables import AT, TODAY, receivable

WHO = customer("cus_1", number="C10001", name="Müller Logistik Nord GmbH")
ISSUED = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        ("2/10 net 30", [(20, 10)]),
        ("2.5/14, net 60", [(25, 14)]),
        ("3/10, 2/20, n/30", [(30, 10), (20, 20)]),
        ("2 % Skonto innerhalb von 10 Tagen, 30 Tage netto", [(20, 10)]),
        ("1,5% discount within 8 days", [(15, 8)]),
        ("net 30", []),
        ("", []),
        ("50/10 net 30", []),
        ("invoice 12/345 of May", []),
        ("2/10", [(20, 10)]),
        ("due 06/30/2026", []),
        ("net, of 06/30/2026", []),
        ("June 06/26", []),
    ],
)
def test_discounts_are_read_from_terms_and_implausible_ones_are_not(terms: str, found: list[tuple[int, int]]) -> None:
    wanted = tuple(DiscountTerm(permille, ISSUED + timedelta(days=days)) for permille, days in found)
    assert discount_terms(terms, ISSUED) == wanted


def test_history_that_a_source_brings_is_not_pointed_to_and_what_was_settled_lately_is() -> None:
    days = (SETTLED_DAYS + 1, 3)
    rows = [receivable(f"INV-12345{one}", settled_on=TODAY - timedelta(days=one)) for one in days]
    (change,) = import_records(None, rows, Origin("e", "s", TODAY, AT)).changes
    numbers = [change.invoices[one.invoice_id].number for one in invoice_pointers(change)]
    assert numbers == ["INV-123453"]


def test_a_renamed_customer_is_found_under_the_new_name_too_and_an_internal_account_never() -> None:
    account = Account(WHO, 3)
    assert new_customer_keys(Change(account, replace(WHO, language="de"))) == ()
    assert new_customer_keys(Change(account, replace(WHO, name="Nordfracht SE")))
    internal = replace(WHO, kind=CustomerKind.SUSPENSE)
    change = Change(Account(internal), internal, {"inv_1": euros("INV-2026-010023", 1)})
    assert (list(invoice_pointers(change)), new_customer_keys(change)) == ([], ())
