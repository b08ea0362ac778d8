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
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.uploads import UploadImport, in_threads


class IngestEnvironment(LedgerEnvironment):
    """What the import reads from its variables."""

    ingest_bucket: str = Field(alias="INGEST_BUCKET", min_length=1)


@cache
def _uploads() -> UploadImport:
    creditor = bootstrap.policy().creditor
    files = FileImport(bootstrap.ledger(), creditor.creditor_id, in_threads)
    bucket = read_environment(IngestEnvironment).ingest_bucket
    return UploadImport(client("s3"), files, bootstrap.mappings(), creditor.timezone, bucket)


@observed
def handler(event: dict[str, Any], context: Any, *, uploads: UploadImport | None = None) -> BatchAnswer:
    """A batch of uploads. A file imported twice is in the ledger once."""

    def take(body: str) -> None:
        key = json.loads(body)["detail"]["object"]["key"]
        run = (uploads or _uploads()).run(key, bootstrap.clock().now())
        logger.info("file imported", status=run.status, rows=run.rows, rejected=run.rejected, later=run.later)
        count("RowsInLedger", run.in_ledger)
        count("RowsRejected", run.rejected)

    return each_message(event, take)
