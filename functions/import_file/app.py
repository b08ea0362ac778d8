"""Does the steps of a large file's import; invoked by the state machine ingest_file."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import Field

from dunwell_aws.bootstrap import base, ingestion
from dunwell_aws.environment import IngestEnvironment, read_environment
from dunwell_aws.large_files import LargeImport, Part, Plan
from dunwell_aws.observability import logger, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class FileEnvironment(IngestEnvironment):
    """What the import of large files reads from its variables."""

    range_bytes: int = Field(alias="RANGE_BYTES", gt=0)


@cache
def _large() -> LargeImport:
    range_bytes = read_environment(FileEnvironment).range_bytes
    return LargeImport(ingestion.results(), ingestion.file_import(), ingestion.sources(), range_bytes)


@observed
def handler(event: Mapping[str, Any], context: "LambdaContext", *, large: LargeImport | None = None) -> dict[str, Any]:
    """One step: ``plan``, ``range`` or ``join``. Raises only for what a retry may heal."""
    files = large or _large()
    logger.info("step", step=event["step"], part=event.get("part"))
    if event["step"] == "plan":
        return files.plan(event["key"], base.clock().now())
    plan = Plan.model_validate(event["plan"])
    if event["step"] == "join":
        return dict(files.join(plan))
    files.take(plan, Part.model_validate(event["part"]))
    return {"outcome": "done"}
