"""A file was uploaded: into the ledger with it. Trigger: S3 → EventBridge → SQS."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from pydantic import Field

from dunwell.ingestion.run import FileImport
from dunwell_aws import bootstrap
from dunwell_aws.aws import client
from dunwell_aws.environment import LedgerEnvironment, read_environment
from dunwell_aws.ledger import ENTRIES_PER_CHANGE
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.uploads import UploadImport, in_threads


class IngestEnvironment(LedgerEnvironment):
    ingest_bucket: str = Field(alias="INGEST_BUCKET", min_length=1)


@cache
def uploads() -> UploadImport:
    creditor = bootstrap.policy().creditor
    files = FileImport(bootstrap.ledger(), creditor.creditor_id, ENTRIES_PER_CHANGE, in_threads)
    bucket = read_environment(IngestEnvironment).ingest_bucket
    return UploadImport(client("s3"), files, bootstrap.mappings(), creditor.timezone, bucket)


def import_upload(record: SQSRecord) -> None:
    run = uploads().run(record.json_body["detail"]["object"]["key"], bootstrap.clock().now())
    logger.info("file imported", status=run.status, rows=run.rows, rejected=run.rejected, later=run.later)
    count("RowsInLedger", run.in_ledger)
    count("RowsRejected", run.rejected)


@observed
def handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event, import_upload, BatchProcessor(event_type=EventType.SQS), context)
