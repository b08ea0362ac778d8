"""Batches from a queue: each message by itself, and a line in the log for each that fails."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dunwell_aws.observability import count, logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


def each_message(
    event: dict[str, Any], context: "LambdaContext", handle: Callable[[str], None]
) -> "PartialItemFailureResponse":
    """Handle the body of each message; those that fail come again, and end among the dead letters.

    Args:
        handle: must be safe to repeat.

    Returns:
        The failed messages' ids, for the queue's mapping.
    """

    def logged(record: SQSRecord) -> None:
        try:
            handle(record.body)
        except Exception:
            logger.exception("message failed", message_id=record.message_id)
            count("MessagesFailed")
            raise

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, logged, processor, context)
