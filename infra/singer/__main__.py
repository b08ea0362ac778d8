"""`tap-… | target-dunwell --config config.json`: see `target-dunwell --help`."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import IO, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.singer.config import Config, read_config
from infra.singer.errors import TargetError
from infra.singer.target import Batches, Send

_UPLOADS = "uploads/"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run to the end of the standard input; the exit status: 1 when something was not taken."""
    try:
        config = read_config(sys.argv[1:] if arguments is None else arguments)
        Batches(_sender(config), _tell_state, config.batch_records, config.batch_bytes).take(sys.stdin.buffer)
    except TargetError as error:
        print(f"target-dunwell: {error}", file=sys.stderr)
        return 1
    return 0


def _sender(config: Config) -> Send:
    """Sends files of one run under names of their own, in the order of their content."""
    s3: Any = boto3.client("s3", endpoint_url=config.endpoint_url or None)
    run, numbers = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f"), count(1)

    def send(file: IO[bytes], records: int) -> None:
        key = f"{_UPLOADS}{run}-{next(numbers):04}.{config.source}.singer.jsonl"
        try:
            s3.upload_fileobj(file, config.bucket, key, ExtraArgs={"ContentType": "application/x-ndjson"})
        except (BotoCoreError, ClientError, boto3.exceptions.S3UploadFailedError) as error:
            reason = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            raise TargetError(f"{records} records could not be sent to s3://{config.bucket}: {reason}") from error
        print(f"target-dunwell: {records} records to s3://{config.bucket}/{key}", file=sys.stderr)

    return send


def _tell_state(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    sys.exit(main())
