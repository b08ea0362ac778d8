"""A change of an account reaches its score by bus, queue and function, without a daily cycle."""

from dunwell.scoring.assessment import Assessment, Basis
from tests.support.debtors import TODAY, new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually


def scored_as_it_stands(deployed: Deployment, number: str) -> Assessment:
    """The customer's assessment, once it is of the account's present version."""
    version = deployed.account(number).version

    def look() -> Assessment | None:
        found = deployed.view.collection.assessment(deployed.customer_id(number))
        return found if found and found.account_version == version else None

    return eventually(look, WAIT_SECONDS)


def test_an_import_is_scored_and_what_comes_later_is_scored_anew(deployed: Deployment) -> None:
    number = new_number()
    deployed.owe(row(number, "1", overdue_days=25))
    first = scored_as_it_stands(deployed, number)
    assert (first.as_of, len(first.invoices)) == (TODAY, 1)
    assert all(invoice.reasons and invoice.earliest_on for invoice in first.invoices)

    deployed.owe(row(number, "2", overdue_days=2))
    second = scored_as_it_stands(deployed, number)
    assert len(second.invoices) == 2
    assert deployed.view.collection.basis(deployed.customer_id(number)) == Basis(TODAY, second.account_version)
    deployed.wait_until_empty("ScoringQueueUrl")
