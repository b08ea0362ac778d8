"""Batches from a queue: each message by itself, and a line in the log for each that fails.

Ours and not Powertools', whose batches import models of every kind of event: more than the rest of a handler together.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from dunwell_aws.observability import count, logger

BatchAnswer = dict[str, list[dict[str, str]]]
T = TypeVar("T")


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
        groups.setdefault(_name(record, together) if together else "", []).append(record)

    def failed(records: list[dict[str, Any]]) -> list[str]:
        return [one["messageId"] for one in records if not _done(one["messageId"], handle, one["body"])]

    if len(groups) < 2:
        return _answer([one for records in groups.values() for one in failed(records)])
    with ThreadPoolExecutor(threads) as pool:
        lost = {one for some in pool.map(failed, groups.values()) for one in some}
    return _answer([one["messageId"] for one in event["Records"] if one["messageId"] in lost])


def _name(record: dict[str, Any], together: Callable[[str], str]) -> str:
    """What a message is about; one that cannot be read stands alone, and fails when it is handled."""
    try:
        return together(record["body"])
    except Exception:
        return f"unreadable {record['messageId']}"


def each_group(
    event: dict[str, Any], read: Callable[[str], tuple[str, T]], handle: Callable[[str, Sequence[T]], None]
) -> BatchAnswer:
    """Handle all messages about the same thing together; those of a group that fails come again, the others do not.

    Args:
        read: from the body of a message, what it is about and what it says.
        handle: what a group is about and what its messages say, in their order; must be safe to repeat.

    Returns:
        The failed messages' ids, for the queue's mapping.
    """
    groups: dict[str, dict[str, T]] = {}

    def sort_in(record: dict[str, Any]) -> None:
        key, said = read(record["body"])
        groups.setdefault(key, {})[record["messageId"]] = said

    failed = [one["messageId"] for one in event["Records"] if not _done(one["messageId"], sort_in, one)]
    for key, group in groups.items():
        if not _done(next(iter(group)), handle, key, list(group.values())):
            failed += group
    return _answer(failed)


def _done(message_id: str, work: Callable[..., None], *what: Any) -> bool:
    try:
        work(*what)
    except Exception:
        logger.exception("message failed", message_id=message_id)
        count("MessagesFailed")
        return False
    return True


def _answer(failed: Sequence[str]) -> BatchAnswer:
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
