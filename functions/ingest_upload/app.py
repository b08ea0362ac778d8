"""A file was uploaded: into the ledger with it. Trigger: S3 → EventBridge → SQS."""

import json
from functools import cache
from typing import Any

from pydantic import Field

from dunwell.ingestion.run import FileImport
from dunwell_aws import bootstrap
from dunwell_aws.aws import client
from dunwell_aws.batches import BatchAnswer, each_message
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


def import_upload(body: str) -> None:
    run = uploads().run(json.loads(body)["detail"]["object"]["key"], bootstrap.clock().now())
    logger.info("file imported", status=run.status, rows=run.rows, rejected=run.rejected, later=run.later)
    count("RowsInLedger", run.in_ledger)
    count("RowsRejected", run.rejected)


@observed
def handler(event: dict[str, Any], context: Any) -> BatchAnswer:
    return each_message(event, import_upload)
