"""A file in the bucket, and what the ledger and the answers beside the file say of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from dunwell_aws.results import UPLOADS
from tests.support.debtors import COLUMNS, TODAY, csv_file, new_number, row
from tests.support.deployment import Deployment

BAD_NUMBER = "UNREADABLE"
UNREADABLE = {
    "empty.csv": (b"", "the file is empty"),
    "blank.csv": (b"\n  \n", "the file is empty"),
    "pdf.csv": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "a PDF document"),
    "no-amount.csv": (csv_file([row(BAD_NUMBER)], columns=[c for c in COLUMNS if c != "amount"]), "columns amount"),
}


@pytest.fixture(scope="module")
def unreadable(deployed: Deployment) -> Deployment:
    """All of them at once, as a careless export would bring them."""
    for name, (content, _) in UNREADABLE.items():
        deployed.put_upload(name, content)
    return deployed


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_is_not_what_it_says_fails_with_the_reason_beside_it(unreadable: Deployment, name: str) -> None:
    run = unreadable.run_record(name)

    assert run["status"] == "failed"
    assert UNREADABLE[name][1] in run["failure"]
    assert (run["rows"], run["in_ledger"]) == (0, 0)
    assert not unreadable.is_known(BAD_NUMBER)


def test_the_run_record_accounts_for_every_row_and_the_rejects_file_names_the_bad_ones(deployed: Deployment) -> None:
    good, bad = new_number(), new_number()
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    rows = [
        row(good, "1", settled_on=(TODAY - timedelta(days=1)).isoformat()),
        row(good, "2", amount="80.50"),
        row(good, "3", issued_on=tomorrow, due_on=tomorrow),
        row(bad, "1", currency="XQZ"),
        row(bad, "2", due_on="30.06.2026"),
    ]

    run = deployed.upload("mixed.csv", csv_file(rows))

    assert (run["status"], run["rows"], run["in_ledger"], run["later"], run["rejected"]) == ("done", 5, 2, 1, 2)
    assert deployed.account(good).balances == {"USD": 8_050}
    assert not deployed.is_known(bad)
    rejects = (deployed.result("mixed.csv.rejects.csv") or "").splitlines()
    assert [line.split(",")[:2] for line in rejects[1:]] == [["5", "currency"], ["6", "due_on"]]


def test_the_same_file_twice_writes_nothing_new(deployed: Deployment) -> None:
    number = new_number()
    content = csv_file([row(number, "1", settled_on=TODAY.isoformat()), row(number, "2")])
    first = deployed.upload("once.csv", content)
    before = deployed.account(number)

    second = deployed.upload("twice.csv", content)

    assert deployed.account(number) == before, "its version tells of any write"
    told = {"file": "", "status": "", "same_as": "", "written": 0}
    assert {**second, **told} == {**first, **told}
    assert (second["status"], second["same_as"], second["written"]) == ("skipped", "once.csv", 0)


def test_of_half_a_file_the_whole_rows_are_kept_and_the_cut_one_is_named(deployed: Deployment) -> None:
    whole, cut = new_number(), new_number()
    content = csv_file([row(whole), row(cut)])
    half = content[: content.rindex(cut.encode()) + len(cut)]

    run = deployed.upload("half.csv", half)

    assert (run["rows"], run["in_ledger"], run["rejected"]) == (2, 1, 1)
    assert deployed.account(whole).balances == {"USD": 12_000}
    assert not deployed.is_known(cut)
    rejects = (deployed.result("half.csv.rejects.csv") or "").splitlines()
    assert rejects[1].startswith("3,")
    assert "cut off" in rejects[1]


def test_an_upload_announced_several_times_at_once_is_imported_once(deployed: Deployment) -> None:
    numbers = [new_number() for _ in range(8)]
    settled = TODAY.isoformat()
    rows = [row(number, n, settled_on=settled if n == "1" else "") for number in numbers for n in "12"]
    announced = {"detail": {"object": {"key": UPLOADS + "announced.csv"}}}

    deployed.put_upload("announced.csv", csv_file(rows))
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: deployed.send("IngestQueueUrl", announced), range(3)))
    run = deployed.run_record("announced.csv")
    deployed.wait_until_empty("IngestQueueUrl")

    assert (run["rows"], run["in_ledger"]) == (16, 16)
    for number in numbers:
        account = deployed.account(number)
        assert account.version == 1
        assert (len(account.invoices), len(account.payments), account.balances) == (2, 1, {"USD": 12_000})
