"""The console's tasks: calls to make, what keeps messages from customers, what customers ask, notices to hand over."""

from chalice.app import Response

from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell.outreach.tasks import TaskKind
from dunwell_aws.console.agreements import promise_said
from dunwell_aws.console.forms import finish
from dunwell_aws.console.site import LINES_SHOWN, Refusal, Site
from dunwell_aws.console.values import notice_values, task_lines, task_values
from dunwell_aws.observability import count
from dunwell_aws.web import Form


def add_task_pages(site: Site) -> None:
    """Adds the pages to the console."""

    @site.route("/tasks", "GET")
    def show_tasks() -> Response:
        """What is to be done, oldest first."""
        who = site.agent()
        lines = task_lines(site.parts.tasks, LINES_SHOWN)
        return site.page("tasks.html", who, page="tasks", lines=lines, notice=site.notice())

    @site.route("/tasks/{customer_id}/{task_id}", "GET")
    def show_task(customer_id: str, task_id: str) -> Response:
        """One task: whom to call, what to say and when it is lawful; or what is wrong with an address."""
        return task_page(customer_id, task_id)

    @site.route("/tasks/{customer_id}/{task_id}", "POST")
    def finish_task(customer_id: str, task_id: str) -> Response:
        """Keeps what came of it."""
        (who, form), parts = site.sent(), site.parts
        try:
            finish(parts.tasks, parts.arrangements(), customer_id, task_id, form, who.agent, parts.now)
        except (ConflictError, InvalidInputError, RefusedError) as problem:
            return task_page(customer_id, task_id, problem, form)
        count("TasksDone")
        return site.redirect("/tasks?done=task")

    @site.route("/tasks/{customer_id}/{task_id}/files/{digest}", "GET")
    def download_file(customer_id: str, task_id: str, digest: str) -> Response:
        """A file that the customer added, to keep and never to show: nobody has looked what is in it."""
        site.agent()
        task = site.parts.tasks.tasks.task(customer_id, task_id)
        file = next((one for one in task.files if one.digest == digest), None) if task else None
        if file is None:
            raise NotFoundError("There is no such file.")
        return site.file(site.parts.evidence().content(customer_id, task_id, file), file.media_type, file.name)

    def task_page(customer_id: str, task_id: str, problem: Refusal = None, form: Form | None = None) -> Response:
        who, parts = site.agent(), site.parts
        values = task_values(parts.tasks, customer_id, task_id, parts.now, form)
        if values["task"].kind is TaskKind.NOTICE:
            values |= notice_values(parts.tasks, values["task"], parts.renderer(), parts.now)
        said = promise_said(parts.arrangements(), values["customer"], parts.read_outs)
        return site.form_page("task.html", who, problem, page="tasks", promise_said=said, **values)
