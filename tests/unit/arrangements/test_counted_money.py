"""Which money counts for an agreement: what came since it was made, as finely as gateways tell."""

from datetime import UTC, datetime, timedelta

import pytest

from dunwell.arrangements.progress import counts_for
from dunwell.ledger.entry import Entry, EntryKind
from tests.support.agreements import agreement

MADE_AT = datetime(2026, 6, 30, 15, 0, 26, 151_569, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "counts"), [(-1, False), (0, True), (1, True)])
def test_money_of_the_second_in_which_an_agreement_was_made_counts_and_earlier_money_does_not(
    seconds: int, counts: bool
) -> None:
    told_at = MADE_AT.replace(microsecond=0) + timedelta(seconds=seconds)
    paid = Entry(
        "pay_1", EntryKind.PAYMENT, "USD", 57_25, told_at.date(), at=told_at, method="stripe", reference="pi_1"
    )
    assert counts_for(agreement("inv_1", made_at=MADE_AT), paid) is counts
