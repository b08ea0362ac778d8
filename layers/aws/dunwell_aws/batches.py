"""Batches from a queue: each message by itself, and a line in the log for each that fails.

Ours and not Powertools', whose batches import models of every kind of event: more than the rest of a handler together.
"""

from collections.abc import Callable
from typing import Any

from dunwell_aws.observability import count, logger

BatchAnswer = dict[str, list[dict[str, str]]]


def each_message(event: dict[str, Any], handle: Callable[[str], None]) -> BatchAnswer:
    """Handle the body of each message; those that fail come again, and end among the dead letters.

    Args:
        handle: must be safe to repeat.

    Returns:
        The failed messages' ids, for the queue's mapping.
    """
    failed = [record["messageId"] for record in event["Records"] if not _handled(record, handle)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _handled(record: dict[str, Any], handle: Callable[[str], None]) -> bool:
    try:
        handle(record["body"])
    except Exception:
        logger.exception("message failed", message_id=record["messageId"])
        count("MessagesFailed")
        return False
    return True
