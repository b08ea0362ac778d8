"""Logs, metrics and traces: one place, one shape. Ids go on every line; payloads and personal data never do."""

import functools
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=("botocore",))

Handler = Callable[..., Any]


def observed(handler: Handler) -> Handler:
    """A handler whose invocation is logged by one line at least, traced, and its metrics written.

    The line matters: it is what an operator counts, and the local Lambda is five times faster with it.
    """

    @functools.wraps(handler)
    def logged(event: Any, context: Any, **replacements: Any) -> Any:
        result = handler(event, context, **replacements)
        logger.info("done")
        return result

    traced = tracer.capture_lambda_handler(capture_response=False)(logged)
    measured = metrics.log_metrics(traced)
    injected: Handler = logger.inject_lambda_context(clear_state=True)(measured)
    return injected


def count(name: str, value: int = 1) -> None:
    """Add to a metric of this invocation."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
