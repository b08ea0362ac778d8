"""Batches from a queue: each message by itself, and a line in the log for each that fails.

Ours and not Powertools', whose batches import models of every kind of event: more than the rest of a handler together.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dunwell_aws.observability import count, logger

BatchAnswer = dict[str, list[dict[str, str]]]


def each_message(
    event: dict[str, Any],
    handle: Callable[[str], None],
    *,
    threads: int = 1,
    together: Callable[[str], str] | None = None,
) -> BatchAnswer:
    """Handle the body of each message; those that fail come again, and end among the dead letters.

    Args:
        handle: must be safe to repeat, and with ``threads`` to run beside itself.
        together: names what a body is about: messages of one name are handled one after the other, in their order.

    Returns:
        The failed messages' ids, for the queue's mapping.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for record in event["Records"]:
        name = _name(record, together) if together and threads > 1 else ""
        groups.setdefault(name, []).append(record)

    def handled(records: list[dict[str, Any]]) -> list[str]:
        return [record["messageId"] for record in records if not _handled(record, handle)]

    if len(groups) < 2:
        failed = [one for records in groups.values() for one in handled(records)]
    else:
        with ThreadPoolExecutor(threads) as pool:
            lost = {one for some in pool.map(handled, groups.values()) for one in some}
        failed = [record["messageId"] for record in event["Records"] if record["messageId"] in lost]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _name(record: dict[str, Any], together: Callable[[str], str]) -> str:
    """What a message is about; one that cannot be read stands alone, and fails when it is handled."""
    try:
        return together(record["body"])
    except Exception:
        return f"unreadable {record['messageId']}"


def _handled(record: dict[str, Any], handle: Callable[[str], None]) -> bool:
    try:
        handle(record["body"])
    except Exception:
        logger.exception("message failed", message_id=record["messageId"])
        count("MessagesFailed")
        return False
    return True
