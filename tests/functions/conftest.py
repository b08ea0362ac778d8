"""Powertools reads these when a function is imported; in Lambda they come from the template's Globals."""

import os

os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Dunwell")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "dunwell")
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", "1")
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from tests.support.console import browser, world  # noqa: F401 - fixtures of the tests of the console
from tests.support.counter import till  # noqa: F401 - the fixture of tests of what the payment provider reports
from tests.support.stripe_sandbox import sandbox  # noqa: F401 - the fixture of tests through the sandbox
