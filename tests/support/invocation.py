"""What Lambda gives a function: a context, and the variables that every function has."""

import json
from types import SimpleNamespace
from typing import Any

import pytest


def lambda_context() -> Any:
    """The part of a Lambda context that logging reads."""
    return SimpleNamespace(
        function_name="tested",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:tested",
        aws_request_id="00000000-0000-0000-0000-000000000000",
        get_remaining_time_in_millis=lambda: 30_000,
    )


def set_variables(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    """The variables of Globals in the template, and a function's own."""
    common = {
        "STAGE": "local",
        "CLOCK_OFFSET_SECONDS": "0",
        "POLICY": "default",
        "LEDGER_TABLE": "not-used",
    }
    for name, value in (common | more).items():
        monkeypatch.setenv(name, value)


def proxy_event(method: str, resource: str, **more: Any) -> dict[str, Any]:
    """A request as API Gateway hands it over."""
    return {
        "requestContext": {"resourcePath": resource, "httpMethod": method, "stage": "v1"},
        "headers": {"accept": "text/html"},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
        **more,
    }


def sqs_event(*bodies: Any) -> dict[str, Any]:
    """A batch of messages; each body is JSON unless it is text already. Message ids are m0, m1, …"""
    records = [
        {
            "messageId": f"m{i}",
            "receiptHandle": f"r{i}",
            "body": body if isinstance(body, str) else json.dumps(body),
            "attributes": {},
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
            "awsRegion": "us-east-1",
        }
        for i, body in enumerate(bodies)
    ]
    return {"Records": records}
