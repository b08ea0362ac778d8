"""The local stack fails in one clear line, and shifts the clock of what it deployed."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.local.errors import LocalStackError
from infra.local.stack import AWS, LocalStack
from tests.support.template import ROOT

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with LocalStack(sandboxes=False, run_dir=ROOT / ".local" / "test-run" / "stack") as stack:
        stack.build()
        stack.deploy()
        yield stack


def clock_offsets(stack: LocalStack) -> set[int]:
    client = stack.client("lambda")
    return {
        int(client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]["CLOCK_OFFSET_SECONDS"])
        for name in stack.functions().values()
    }


def test_the_clock_of_every_function_is_set_and_nothing_else_changes(stack: LocalStack) -> None:
    client, name = stack.client("lambda"), stack.functions()["PublishChanges"]
    before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    offset = stack.set_clock(datetime.now(UTC) + timedelta(days=30))

    after = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    assert abs(offset - 30 * 86_400) <= 1
    assert clock_offsets(stack) == {offset}
    assert after == {**before, "CLOCK_OFFSET_SECONDS": str(offset)}


def test_nothing_is_rebuilt_when_no_input_has_changed(stack: LocalStack) -> None:
    assert stack.build() is False


def test_a_refused_deploy_names_the_reason(stack: LocalStack) -> None:
    with pytest.raises(LocalStackError, match="SenderDomain") as refused:
        stack.deploy({"SenderDomain": "NOT A DOMAIN"})

    assert "\n" not in str(refused.value)


def lose_the_local_aws_while_asleep(run_dir: Path) -> None:
    with LocalStack(sandboxes=False, run_dir=run_dir) as stack:
        stack.watch()
        os.kill(stack.process_id(AWS), signal.SIGKILL)
        time.sleep(30)


def lose_the_local_aws_before_a_call(run_dir: Path) -> None:
    with LocalStack(sandboxes=False, run_dir=run_dir) as stack:
        os.kill(stack.process_id(AWS), signal.SIGKILL)
        stack.client("sqs").list_queues()


def test_a_death_of_the_local_aws_interrupts_the_run_and_is_named(tmp_path: Path) -> None:
    started = time.monotonic()

    with pytest.raises(LocalStackError, match=r"local-aws was killed \(SIGKILL\)"):
        lose_the_local_aws_while_asleep(tmp_path)

    assert time.monotonic() - started < 10


def test_a_call_that_fails_because_the_local_aws_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match="local-aws was killed"):
        lose_the_local_aws_before_a_call(tmp_path)


def test_the_environment_of_the_user_does_not_reach_the_functions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "sk_live_of_the_user")
    monkeypatch.setenv("AWS_PROFILE", "production")

    with LocalStack(sandboxes=False, run_dir=tmp_path) as stack:
        seen = Path(f"/proc/{stack.process_id(AWS)}/environ").read_bytes()

    assert b"sk_live_of_the_user" not in seen
    assert b"AWS_PROFILE" not in seen
