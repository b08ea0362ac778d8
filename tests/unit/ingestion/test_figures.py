"""Dated figures in files: kept with the customer's account or as a series, each once, and never over what was known."""

from datetime import date, timedelta

from dunwell.figures import Figure, Figures
from dunwell.ingestion.reading import read_rows
from dunwell.ingestion.records import CustomerRecord, Reject
from dunwell.ingestion.run import RunRecord
from dunwell.ledger.model import Account
from dunwell.ledger.moving import merge
from tests.support.files import take_file
from tests.support.memory import InMemoryKnownFacts, InMemoryLedger, InMemorySeries
from tests.support.receivables import AT, TODAY, csv_file, mappings

CUSTOMERS = "customer_number,customer_name,industry,size,region,customer_since,credit_score,credit_score_on"
FIGURES = "about,name,period,published_on,value,told_by"


class Office:
    """A ledger, series and what is known of files, into which files are taken."""

    def __init__(self) -> None:
        self.ledger, self.known, self.series = InMemoryLedger(), InMemoryKnownFacts(), InMemorySeries()

    def take(self, header: str, *rows: str, days: int = 0) -> tuple[RunRecord, list[Reject]]:
        content = "\n".join([header, *rows]).encode() + b"\n"
        today = TODAY + timedelta(days=days)
        return take_file(self.ledger, content, self.known, today=today, series=self.series)

    @property
    def account(self) -> Account:
        (account,) = self.ledger.accounts.values()
        return account

    def newest(self, name: str, days: int) -> str | None:
        return Figures(self.account.figures).newest(name, TODAY + timedelta(days=days))


def test_the_columns_of_a_customer_become_dated_figures_of_its_account() -> None:
    office = Office()
    office.take(CUSTOMERS, "C-1,Anna,Food_Production,12,ny,2019-05-31,640,2026-10-01")
    assert set(office.account.figures) == {
        Figure("credit_score", "2026-10-01", date(2026, 10, 1), "640"),
        Figure("industry", "2026-11-20", TODAY, "food production"),
        Figure("size", "2026-11-20", TODAY, "12"),
        Figure("region", "2026-11-20", TODAY, "ny"),
        Figure("customer_since", "2026-11-20", TODAY, "2019-05-31"),
    }


def test_another_value_is_added_and_what_was_known_before_stays() -> None:
    office = Office()
    office.take(CUSTOMERS, "C-1,Anna,retail,12,,,640,2026-10-01")
    before = office.account.figures
    record, _ = office.take(CUSTOMERS, "C-1,Anna,transport,12,,,600,2026-11-25", days=10)
    assert record.written == 1
    assert office.account.figures[: len(before)] == before
    assert [one.value for one in office.account.figures[len(before) :]] == ["600", "transport"]
    assert [office.newest("industry", days) for days in (0, 1, 10, 11)] == [None, "retail", "retail", "transport"]
    assert [office.newest("credit_score", days) for days in (5, 6)] == ["640", "600"]


def test_a_value_that_comes_back_within_a_day_is_the_newest_again() -> None:
    office = Office()
    for industry in ("retail", "transport", "retail"):
        office.take(CUSTOMERS, f"C-1,Anna,{industry},,,,,")
    assert office.newest("industry", 1) == "retail"


def test_the_same_customers_again_write_nothing() -> None:
    office = Office()
    rows = ["C-1,Anna,retail,12,NY,2019-05-31,640,2026-10-01"]
    office.take(CUSTOMERS, *rows)
    version = office.account.version
    office.known = InMemoryKnownFacts()  # the cache is no more than a cache
    record, _ = office.take(CUSTOMERS, *rows, days=3)
    assert (record.in_ledger, record.written, office.account.version) == (1, 0, version)


def test_a_score_dated_after_today_waits_and_the_rest_of_the_row_does_not() -> None:
    office = Office()
    row = "C-1,Anna,retail,,,,700,2026-11-25"
    record, _ = office.take(CUSTOMERS, row)
    assert (record.in_ledger, record.waiting) == (1, 1)
    assert [one.name for one in office.account.figures] == ["industry"]
    office.take(CUSTOMERS, row, days=5)
    assert [one.name for one in office.account.figures] == ["industry", "credit_score"]


def test_an_older_description_brings_no_figures() -> None:
    office = Office()
    header = f"{CUSTOMERS},updated_at"
    office.take(header, "C-1,Anna,retail,,,,,,2026-11-02T00:00:00Z")
    office.take(header, "C-1,Anna,transport,,,,,,2026-11-01T00:00:00Z", days=1)
    assert [one.value for one in office.account.figures] == ["retail"]


def test_rows_of_figures_find_their_customer_and_come_once() -> None:
    office = Office()
    take_file(office.ledger, csv_file({}), office.known)
    rows = ["C-1,credit_score,2026-09-30,2026-10-02,655,Bureau", "C-1,Industry,2026-01,2026-01-05,Retail_Trade,"]
    record, rejects = office.take(FIGURES, *rows)
    assert (record.in_ledger, record.written, rejects) == (2, 2, [])
    assert record.counts == {"figure credit_score": 1, "figure industry": 1}
    told = [one for one in office.account.figures if one.published_on < TODAY]
    assert told == [
        Figure("credit_score", "2026-09-30", date(2026, 10, 2), "655", told_by="Bureau"),
        Figure("industry", "2026-01", date(2026, 1, 5), "retail trade"),
    ]
    office.known = InMemoryKnownFacts()
    version = office.account.version
    again, _ = office.take(FIGURES, *reversed(rows))
    assert (again.in_ledger, again.written, office.account.version) == (2, 0, version)


def test_figures_of_a_customer_of_another_source_name_that_source() -> None:
    office = Office()
    hubspot = 'Record ID,Company name,Industry,Number of Employees\n77,Anna,FOOD_PRODUCTION,"12"\n'
    take_file(office.ledger, hubspot.encode(), office.known)
    record, _ = office.take(f"source,{FIGURES}", "hubspot,77,credit_score,2026-09-30,2026-10-02,655,")
    assert record.written == 1
    found = {one.name: one.value for one in office.account.figures}
    assert found == {"industry": "food production", "size": "12", "credit_score": "655"}


def test_rows_that_cannot_be_taken_come_back_with_line_column_reason_and_fix() -> None:
    office = Office()
    take_file(office.ledger, csv_file({}), office.known)
    office.take(FIGURES, "C-1,credit_score,2026-09-30,2026-10-02,655,", ",unemployment,2026-09,2026-10-12,4.1,")
    record, rejects = office.take(
        FIGURES,
        "C-9,credit_score,2026-09-30,2026-10-02,655,",
        "C-1,credit_score,2026-09-30,2026-10-02,656,",
        "C-1,shoe_size,2026-09-30,2026-10-02,44,",
        ",credit_score,2026-09-30,2026-10-02,44,",
        ",unemployment,2026-09,2026-10-12,4.2,",
        ",unemployment,2026-09,soon,4.2,",
        ",unemployment,2026-10,2026-09-30,4.2,",
        ",unemployment,2026-10,2026-11-21,4.2,",
    )
    assert [(one.line, one.column) for one in rejects] == [
        (2, "about"),
        (3, "value"),
        (4, "name"),
        (5, "about"),
        (6, "value"),
        (7, "published_on"),
        (8, "published_on"),
    ]
    assert all(one.reason and one.fix for one in rejects)
    assert (record.rows, record.rejected, record.later, record.written) == (8, 7, 1, 0)


def test_a_series_is_kept_once_with_its_corrections() -> None:
    office = Office()
    rows = [
        ",unemployment,2026-09,2026-10-12,4.1,Office of Statistics",
        ",unemployment,2026-09,2026-11-12,4.3,Office of Statistics",
        "Retail_Trade,industry_payment_trend,2026-09,2026-10-20,0.4,",
    ]
    record, _ = office.take(FIGURES, *rows)
    assert (record.in_ledger, record.written) == (3, 3)
    again, _ = office.take(FIGURES, *rows, days=1)
    assert (again.in_ledger, again.written) == (3, 0)
    series = Figures(office.series.figures)
    known = [series.newest("unemployment", day) for day in (date(2026, 11, 12), date(2026, 11, 13))]
    assert known == ["4.1", "4.3"]
    assert series.newest("industry_payment_trend", TODAY, "retail trade") == "0.4"
    assert office.ledger.accounts == {}


def test_a_merged_customers_figures_are_the_kept_ones() -> None:
    office = Office()
    office.take(CUSTOMERS, "C-1,Anna,retail,,,,,", "C-2,Anna,,,,,640,2026-10-01")
    kept, absorbed = sorted(office.ledger.accounts.values(), key=lambda one: one.customer.number)
    changed, _ = merge(kept, absorbed, AT, "agent")
    assert {one.name for one in changed.applied().figures} == {"industry", "credit_score"}


def test_crm_exports_bring_industry_and_size() -> None:
    salesforce = b"Id,Name,BillingCity,Industry,NumberOfEmployees\n1,Acme,Rome,Energy,1200\n2,Ltd,Rome,,many\n"
    records = [record for batch in read_rows(salesforce, mappings()).batches for record in batch.records]
    found = [(one.industry, one.size) for one in records if isinstance(one, CustomerRecord)]
    assert found == [("Energy", "1200"), ("", "")]
