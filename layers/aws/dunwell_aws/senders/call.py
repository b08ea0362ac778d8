"""Calls: a task for an agent, with what to say."""

from dunwell.compliance.model import MessageFacts
from dunwell.outreach.dispatch import Message, Send
from dunwell.outreach.tasks import TaskStore, call_task
from dunwell_aws.messages import Renderer


class CallSender:
    """Repeatable: the task has the contact's name and is opened once."""

    is_repeatable = True

    def __init__(self, renderer: Renderer, tasks: TaskStore) -> None:
        self._renderer = renderer
        self._tasks = tasks

    def facts(self, message: Message) -> MessageFacts:
        """See the port."""
        return self._renderer.facts(message)

    def prepare(self, message: Message) -> Send:
        """See the port."""
        task = call_task(message.contact, message.address, self._renderer.call(message).text, message.as_of)

        def send() -> str:
            self._tasks.open_task(task)
            return task.task_id

        return send
