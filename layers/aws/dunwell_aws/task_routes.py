"""The routes of the console's tasks: calls to make, and what keeps messages from customers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalice.app import Response

from dunwell.arrangements.desk import ArrangementDesk
from dunwell.errors import ConflictError, InvalidInputError, RefusedError
from dunwell.outreach.tasks import TaskDesk
from dunwell_aws.agent_forms import finish
from dunwell_aws.agent_pages import task_lines, task_values
from dunwell_aws.observability import count
from dunwell_aws.web import Form

TASKS_SHOWN = 100


@dataclass(frozen=True)
class TaskParts:
    """What the pages need of the console.

    Attributes:
        agent: who asks, and the token of their forms; raises when nobody is signed in.
        form: what was sent, if one of our own pages sent it; raises otherwise.
        page: answers with a template and its values; form_page: the same after a problem, or none; redirect: to a path.
        notice: what the form before this page did.
    """

    desk: Callable[[], TaskDesk]
    arrangements: Callable[[], ArrangementDesk]
    now: Callable[[], datetime]
    agent: Callable[[], tuple[Any, str]]
    form: Callable[[], Form]
    page: Callable[..., Response]
    form_page: Callable[..., Response]
    redirect: Callable[[str], Response]
    notice: Callable[[], str]


def add_task_pages(route: Callable[[str, str], Callable[..., Any]], parts: TaskParts) -> None:
    """Adds the pages to the console."""

    @route("/tasks", "GET")
    def show_tasks() -> Response:
        """What is to be done, oldest first."""
        agent, csrf = parts.agent()
        lines = task_lines(parts.desk(), TASKS_SHOWN)
        return parts.page("tasks.html", page="tasks", agent=agent, csrf=csrf, lines=lines, notice=parts.notice())

    @route("/tasks/{customer_id}/{task_id}", "GET")
    def show_task(customer_id: str, task_id: str) -> Response:
        """One task: whom to call, what to say and when it is lawful; or what is wrong with an address."""
        return task_page(customer_id, task_id)

    @route("/tasks/{customer_id}/{task_id}", "POST")
    def finish_task(customer_id: str, task_id: str) -> Response:
        """Keeps what came of it."""
        agent, _ = parts.agent()
        form = parts.form()
        try:
            finish(parts.desk(), parts.arrangements(), customer_id, task_id, form, agent, parts.now())
        except (ConflictError, InvalidInputError, RefusedError) as problem:
            return task_page(customer_id, task_id, problem, form)
        count("TasksDone")
        return parts.redirect("/tasks?done=task")

    def task_page(
        customer_id: str, task_id: str, problem: Exception | None = None, form: Form | None = None
    ) -> Response:
        who = parts.agent()
        values = task_values(parts.desk(), customer_id, task_id, parts.now(), form)
        return parts.form_page("task.html", who, problem, page="tasks", **values)
