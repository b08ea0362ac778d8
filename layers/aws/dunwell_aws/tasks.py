"""Tasks of agents and notices of the portal in DynamoDB, each beside its customer's ledger entries."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from dunwell.errors import ConflictError
from dunwell.outreach.notices import Notice
from dunwell.outreach.tasks import Task
from dunwell_aws.table import NEW, NOTICE, OPEN_TASKS, TASK, Table, from_plain, partition, to_plain


class DynamoTasks:
    """``TaskStore``: open tasks are on a work list of their own."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def open_task(self, task: Task) -> bool:
        """See the port. One conditional put."""
        return _written(self._table, _task(task), NEW)

    def task(self, customer_id: str, task_id: str) -> Task | None:
        """See the port. One read."""
        stored = self._table.get(partition(customer_id), TASK + task_id)
        return from_plain(Task, stored) if stored else None

    def finish_task(self, task: Task) -> bool:
        """See the port. One conditional put."""
        return _written(self._table, _task(task), "attribute_type(done_at, :null)", {":null": "NULL"})

    def open_tasks(self, most: int) -> list[Task]:
        """See the port. One index query for the keys, one read a task."""
        return list(islice(self._open(), most))

    def _open(self) -> Iterator[Task]:
        for key in self._table.work(OPEN_TASKS):
            stored = self._table.get(key["pk"], key["sk"])
            if stored and stored["done_at"] is None:
                yield from_plain(Task, stored)


class DynamoNotices:
    """``NoticeStore``."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def write_notice(self, notice: Notice) -> None:
        """See the port. One conditional put."""
        _written(self._table, _notice(notice), NEW)

    def notices(self, customer_id: str) -> list[Notice]:
        """See the port. One query."""
        found = [from_plain(Notice, stored) for stored in self._table.query(partition(customer_id), NOTICE)]
        return sorted(found, key=lambda notice: notice.written_at, reverse=True)

    def notice_seen(self, notice: Notice) -> bool:
        """See the port. One conditional put."""
        return _written(self._table, _notice(notice), "attribute_type(seen_at, :null)", {":null": "NULL"})


def _task(task: Task) -> dict[str, Any]:
    stored = {"pk": partition(task.customer_id), "sk": TASK + task.task_id} | to_plain(task)
    if not task.is_done:
        stored |= {"work_pk": OPEN_TASKS, "work_sk": f"{stored['opened_at']}#{task.task_id}"}
    return stored


def _notice(notice: Notice) -> dict[str, Any]:
    return {"pk": partition(notice.customer_id), "sk": NOTICE + notice.notice_id} | to_plain(notice)


def _written(table: Table, stored: dict[str, Any], condition: str, values: dict[str, Any] | None = None) -> bool:
    try:
        table.write([table.put(stored, condition, values)])
    except ConflictError:
        return False
    return True
