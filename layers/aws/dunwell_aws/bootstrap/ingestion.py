"""What comes in: files, pulled records, bank lines."""

from functools import cache
from typing import TYPE_CHECKING

from dunwell_aws.bootstrap import base, books, scoring
from dunwell_aws.environment import Environment, IngestEnvironment, read_environment

if TYPE_CHECKING:
    from dunwell.ingestion.mapping import SourceMapping
    from dunwell.ingestion.ports import RecordSink
    from dunwell.ingestion.reading import Workbook
    from dunwell.ingestion.run import FileImport
    from dunwell.ingestion.taking import Importer
    from dunwell.remittance.applying import CashApplication
    from dunwell_aws.remittance_index import DynamoRemittanceIndex
    from dunwell_aws.results import Results
    from dunwell_aws.uploads import Sources


@cache
def mappings() -> "list[SourceMapping]":
    """The sources that Dunwell can read."""
    from dunwell_aws.documents import folder, read_mappings

    return read_mappings(folder("infra"), base.policy().creditor.timezone)


@cache
def sources() -> "Sources":
    """What files are read with. Workbooks are opened by a package that is imported when one comes."""
    from dunwell_aws.documents import folder
    from dunwell_aws.uploads import Sources, edition_of

    def workbook() -> "Workbook":
        from dunwell_aws.workbook import open_workbook

        return open_workbook

    zone = base.policy().creditor.timezone
    return Sources(mappings(), edition_of(folder("infra"), zone), workbook, zone)


@cache
def importer() -> "Importer":
    """Rows into the ledger."""
    from dunwell.ingestion.taking import Importer
    from dunwell_aws.known_facts import DynamoKnownFacts

    known = DynamoKnownFacts(books.ledger_table())
    return Importer(books.ledger(), base.policy().creditor.creditor_id, known, remittance_index(), scoring.series())


@cache
def file_import() -> "FileImport":
    """Files into the ledger."""
    from dunwell.ingestion.run import FileImport
    from dunwell_aws.uploads import THREADS, in_threads

    return FileImport(importer(), in_threads, THREADS)


@cache
def record_sink() -> "RecordSink":
    """Where the records of pulled sources go."""
    from dunwell.ingestion.sink import LedgerSink

    return LedgerSink(importer(), base.clock().now, base.policy().creditor.timezone)


@cache
def remittance_index() -> "DynamoRemittanceIndex":
    """Pointers to invoices and payers, and the bank lines."""
    from dunwell_aws.remittance_index import DynamoRemittanceIndex

    return DynamoRemittanceIndex(books.ledger_table())


@cache
def cash() -> "CashApplication":
    """Bank lines into the ledger."""
    from dunwell.remittance.applying import CashApplication
    from dunwell_aws.documents import folder, read_cash_policy

    index, creditor = remittance_index(), base.policy().creditor
    rules = read_cash_policy(folder("infra"), read_environment(Environment).policy, base.policy().version)
    return CashApplication(books.ledger(), index, index, creditor.creditor_id, creditor.timezone, rules)


@cache
def results() -> "Results":
    """The answers to uploaded files."""
    from dunwell_aws.aws import client
    from dunwell_aws.results import Results

    return Results(client("s3"), read_environment(IngestEnvironment).ingest_bucket)
