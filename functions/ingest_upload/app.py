"""A file was uploaded: into the ledger with it. Trigger: S3 → EventBridge → SQS."""

import json
from functools import cache
from typing import Any

from pydantic import Field

from dunwell_aws.aws import client
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import base, ingestion
from dunwell_aws.environment import IngestEnvironment, read_environment
from dunwell_aws.large_files import FileMachine
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.results import BANK_UPLOADS
from dunwell_aws.uploads import UploadImport


class UploadEnvironment(IngestEnvironment):
    """What the import of uploads reads from its variables."""

    file_machine: str = Field(alias="FILE_MACHINE", min_length=1)
    large_file_bytes: int = Field(alias="LARGE_FILE_BYTES", gt=0)


@cache
def _uploads() -> UploadImport:
    read = read_environment(UploadEnvironment)
    machine = FileMachine(client("stepfunctions"), read.file_machine)
    return UploadImport(
        ingestion.results(), ingestion.file_import(), ingestion.sources(), read.large_file_bytes, machine
    )


@observed
def handler(event: dict[str, Any], context: Any, *, uploads: UploadImport | None = None) -> BatchAnswer:
    """A batch of uploads. A file imported twice is in the ledger once."""

    def take(body: str) -> None:
        message = json.loads(body)
        told = message["detail"]["object"]
        if told["key"].startswith(BANK_UPLOADS):
            logger.info("left to match_remittance")
            return
        attempt = f"{told.get('sequencer', '')} {message.get('resumes', '')}"
        run = (uploads or _uploads()).run(told["key"], base.clock().now(), attempt)
        if run is None:
            logger.info("file handed over: it is large")
            return
        logger.info("file imported", status=run.status, rows=run.rows, rejected=run.rejected, later=run.later)
        count("RowsInLedger", run.in_ledger)
        count("RowsRejected", run.rejected)

    return each_message(event, take)
