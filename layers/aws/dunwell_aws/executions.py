"""State machine executions that wait with a task token."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from dunwell.errors import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_GONE = {"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"}


class StepFunctionsExecutions:
    """``dunwell.escalation.ports.Executions`` over Step Functions."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def resume(self, task_token: str) -> None:
        """See the port. The output is empty: the execution judges the case afresh, whoever resumed it."""
        try:
            self._client.send_task_success(taskToken=task_token, output="{}")
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _GONE:
                raise UnavailableError("the escalation could not be told to go on") from error
        except BotoCoreError as error:
            raise UnavailableError("the escalation could not be told to go on") from error
