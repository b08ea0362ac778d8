"""Figures from outside the books come the way of every upload, and stand beside the accounts they are about."""

from datetime import timedelta

from tests.support.debtors import TODAY, new_number, row
from tests.support.deployment import Deployment
from tests.support.emulator import eventually

HEADER = "about,name,period,published_on,value,told_by\n"


def test_uploaded_figures_are_stored_once_and_bad_ones_are_told_with_line_and_reason(deployed: Deployment) -> None:
    number, region = new_number(), new_number().lower()
    deployed.owe(row(number, "1", overdue_days=3))
    published = TODAY - timedelta(days=30)
    rows = (
        f"{number},credit_score,{published},{published},655,Bureau\n"
        f"{region},industry_payment_trend,{published:%Y-%m},{published},0.4,Office\n"
        f"{number},credit_score,{published},{published},much,Bureau\n"
    )

    run = deployed.upload(f"{number}-figures.csv", (HEADER + rows).encode())
    again = deployed.upload(f"{number}-figures-again.csv", (HEADER + rows + "\n").encode())

    assert (run["in_ledger"], run["rejected"], run["written"]) == (2, 1, 2), run
    assert (again["in_ledger"], again["written"]) == (2, 0), again
    rejects = eventually(lambda: deployed.result(f"{number}-figures.csv.rejects.csv"), 60)
    assert rejects.splitlines()[1].startswith("4,value,"), rejects
    [score] = [one for one in deployed.account(number).figures if one.name == "credit_score"]
    assert (score.name, score.value, score.told_by) == ("credit_score", "655", "Bureau")
    known = deployed.view.series.series("industry_payment_trend")
    assert [one.value for one in known if one.about == region] == ["0.4"]
    deployed.wait_until_empty("ScoringQueueUrl")
