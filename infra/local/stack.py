"""The whole system on this machine: the local AWS, the sandboxes of Stripe and SES, and our stack in it."""

import hashlib
import http.client
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3

from infra.local import after_deploy, ports
from infra.local.errors import LocalStackError
from infra.local.processes import Child, Children
from infra.local.sam import RUNTIME, Sam
from infra.local.session import LocalSession
from infra.local.template import load_template

ROOT = Path(__file__).resolve().parents[2]
STACK_NAME = "dunwell-local"
ARTIFACTS_BUCKET = "dunwell-local-artifacts"
REGION = "us-east-1"
SENDER_DOMAIN = "example.com"
AWS, SES, STRIPE = "local-aws", "ses-sandbox", "stripe-sandbox"
USUAL_PORTS = {AWS: 4690, SES: 4692, STRIPE: 4693}
START_SECONDS = 20.0
_WATCH_SECONDS = 0.3
MEMORY_FOLDER = Path("/dev/shm")
MEMORY_NEEDED_BYTES = 4 * 1024**3


class LocalStack:
    """Use as a context manager; leaving it stops everything.

        with LocalStack() as stack:
            stack.build()
            stack.deploy()

    Every error is a LocalStackError of one line. If something fails inside the block because a process of
    the stack has died, the error that leaves the block names that process and its log.
    """

    def __init__(
        self,
        root: Path = ROOT,
        *,
        sandboxes: bool = True,
        wait_scale: float = 1.0,
        sender_domain: str = SENDER_DOMAIN,
        run_dir: Path | None = None,
    ) -> None:
        """`wait_scale` multiplies the waits of state machines; `run_dir` holds logs and scratch files."""
        self.root = root
        self.run_dir = run_dir or root / ".local" / "run"
        self.sender_domain = sender_domain
        self._sandboxes = sandboxes
        self._wait_scale = wait_scale
        self._ports = ports.choose(USUAL_PORTS)
        self._children = Children(self.run_dir)
        self._scratch = _scratch_folder(self.run_dir)
        self._watching = threading.Event()
        self._failure: Child | None = None
        self._sam = Sam(root, self.run_dir, {"AWS_ENDPOINT_URL": self.endpoint, **self.credentials})

    # ------------------------------------------------------------ addresses

    credentials: Mapping[str, str] = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }

    @property
    def endpoint(self) -> str:
        """The local AWS."""
        return self._address(AWS)

    @property
    def api_endpoint(self) -> str:
        """Base of API addresses: `<api_endpoint>/<api id>/<stage>/<path>`."""
        return f"{self.endpoint}/_aws/execute-api"

    @property
    def ses_endpoint(self) -> str:
        """The SES sandbox, which also shows the mailbox."""
        return self._address(SES)

    @property
    def stripe_endpoint(self) -> str:
        """The Stripe sandbox."""
        return self._address(STRIPE)

    def _address(self, name: str) -> str:
        return f"http://{ports.LOOPBACK}:{self._ports[name]}"

    # ------------------------------------------------------------ start and stop

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        died = self._failure or self._children.dead()
        self.stop()
        if died is not None and error is not None:
            raise _death(died) from error

    def start(self) -> None:
        """Starts the local AWS and the sandboxes, and waits until all of them answer."""
        emulator = self.root / ".local" / "ms" / "bin" / "ministack"
        if not emulator.exists():
            raise LocalStackError("the local AWS is not installed: run `make setup`")
        self._clean_scratch()
        started = [self._children.start(AWS, [str(emulator)], self._emulator_env(), self.root)]
        if self._sandboxes:
            verified = ["--verified", self.sender_domain]
            started.append(self._start_sandbox(SES, "--events-endpoint", self.endpoint, *verified))
            started.append(self._start_sandbox(STRIPE))
        for child in started:
            self._wait_until_healthy(child)

    def stop(self) -> None:
        """Stops everything; safe to call twice."""
        self._watching.set()
        self._children.stop()
        self._clean_scratch(remake=False)

    def check(self) -> None:
        """Raises LocalStackError when a process of the stack has died."""
        if (child := self._children.dead()) is not None:
            raise _death(child)

    def process_id(self, name: str) -> int:
        """The process of AWS, SES or STRIPE, for tests that end it."""
        return self._children.named(name).process.pid

    def watch(self) -> None:
        """From now on, interrupts the main thread as soon as a process of the stack dies.

        The interruption leaves the context manager as the LocalStackError that names the process.
        """

        def look() -> None:
            while not self._watching.wait(_WATCH_SECONDS):
                if (child := self._children.dead()) is not None:
                    self._failure = child
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                    return

        threading.Thread(target=look, name="watch", daemon=True).start()

    def _emulator_env(self) -> dict[str, str]:
        """Everything the emulator and so every function sees; nothing of the user's environment leaks in."""
        return {
            **self._bare_env(),
            "BIND_HOST": ports.LOOPBACK,
            "GATEWAY_PORT": str(self._ports[AWS]),
            "AUTH": "true",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "SFN_WAIT_SCALE": f"{self._wait_scale:g}",
            **({"AWS_ENDPOINT_URL_SESV2": self.ses_endpoint} if self._sandboxes else {}),
        }

    def _bare_env(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self._scratch),
            **self.credentials,
        }

    def _start_sandbox(self, name: str, *options: str) -> Child:
        module = f"infra.local.{name.replace('-', '_')}"
        argv = [sys.executable, "-m", module, "--port", str(self._ports[name]), *options]
        return self._children.start(name, argv, self._bare_env(), self.root)

    def _wait_until_healthy(self, child: Child) -> None:
        path = "/_ministack/health" if child.name == AWS else "/_sandbox/health"
        deadline = time.monotonic() + START_SECONDS
        while not _answers(self._ports[child.name], path):
            if not child.alive:
                raise _death(child)
            if time.monotonic() > deadline:
                raise LocalStackError(f"{child.name} does not answer after {START_SECONDS:g} s; see {child.log}")
            time.sleep(0.03)

    def _clean_scratch(self, *, remake: bool = True) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)
        if remake:
            self._scratch.mkdir(parents=True)

    # ------------------------------------------------------------ build and deploy

    def build(self) -> bool:
        """Builds layers and template; False when nothing has changed since the last build."""
        return self._sam.build()

    def deploy(self, parameters: Mapping[str, str] | None = None) -> None:
        """Deploys the built template, then applies what the emulator drops from it.

        Parameters of the template that are not given get the local stack's value or their default: one that
        is left out would keep the value of the deploy before.
        """
        self.client("s3").create_bucket(Bucket=ARTIFACTS_BUCKET)
        try:
            self._sam.deploy({**self._local_parameters(), **(parameters or {})})
        except LocalStackError as exc:
            self.check()
            if reasons := self._failed_resources():
                raise LocalStackError(f"the deploy failed: {'; '.join(reasons[:3])}") from exc
            raise
        self.__dict__.pop("physical_ids", None)
        self.apply_dropped_properties()

    def apply_dropped_properties(self) -> None:
        """TTL, point-in-time recovery, lifecycle and the like, as the template asks for them."""
        template = load_template(self.root / "template.yaml")
        after_deploy.apply_dropped_properties(self.session, template, self.physical_ids)

    def _local_parameters(self) -> dict[str, str]:
        declared = load_template(self.root / "template.yaml")["Parameters"]
        defaults = {name: str(body["Default"]) for name, body in declared.items() if "Default" in body}
        local = {
            "Stage": "local",
            "LambdaRuntime": RUNTIME,
            "SenderDomain": self.sender_domain,
            "ApiEndpoint": self.api_endpoint,
            "StripeApiBase": self.stripe_endpoint,
        }
        return {**defaults, **local}

    def _failed_resources(self) -> list[str]:
        client = self.client("cloudformation")
        try:
            events = client.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
        except client.exceptions.ClientError:
            return []
        return [
            f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason')}"
            for event in events
            if event.get("ResourceStatus", "").endswith("_FAILED") and event.get("ResourceStatusReason")
        ]

    # ------------------------------------------------------------ the deployed stack

    @cached_property
    def session(self) -> boto3.Session:
        """A session of the root user of the local AWS; its clients talk to the local endpoint."""
        return LocalSession(self.endpoint, REGION)

    def client(self, service: str) -> Any:
        """A boto3 client of one service of the local AWS."""
        make: Any = self.session.client
        return make(service)

    def outputs(self) -> dict[str, str]:
        """The outputs of the stack."""
        stacks = self.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}

    @cached_property
    def physical_ids(self) -> dict[str, str]:
        """The physical id of every deployed resource by its logical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages.paginate(StackName=STACK_NAME)
            for resource in page["StackResourceSummaries"]
            if resource.get("PhysicalResourceId")
        }

    def functions(self) -> dict[str, str]:
        """The name of every deployed function by its logical id."""
        types = {"AWS::Serverless::Function", "AWS::Lambda::Function"}
        resources = load_template(self.root / "template.yaml")["Resources"]
        return {n: i for n, i in self.physical_ids.items() if resources.get(n, {}).get("Type") in types}

    def set_clock(self, instant: datetime) -> int:
        """Makes it `instant` now for every function, and lets time run on from there.

        Returns the offset in seconds. `instant` must have a time zone.
        """
        offset = round((instant - datetime.now(UTC)).total_seconds())
        client = self.client("lambda")

        def shift(name: str) -> None:
            variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            variables["CLOCK_OFFSET_SECONDS"] = str(offset)
            client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(shift, self.functions().values()))
        return offset

    def set_variable(self, logical_id: str, name: str, value: str) -> str:
        """Give one function another value of a variable that it has; the value before."""
        client, function = self.client("lambda"), self.functions()[logical_id]
        variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        before: str = variables[name]
        client.update_function_configuration(
            FunctionName=function, Environment={"Variables": {**variables, name: value}}
        )
        return before

    def put_stripe_secret(self, api_key: str, webhook_secrets: list[str]) -> None:
        """Fills the secret that is filled by hand after a deploy to AWS."""
        value = json.dumps({"api_key": api_key, "webhook_secrets": webhook_secrets})
        self.client("secretsmanager").put_secret_value(SecretId=self.outputs()["StripeSecretArn"], SecretString=value)


def _scratch_folder(run_dir: Path) -> Path:
    """Where every cold worker unpacks its layers: in memory where there is room, which takes a tenth of the time.

    The name is made from the run folder, so that a run that was killed is cleaned up after by the next one.
    """
    usable = MEMORY_FOLDER.is_dir() and os.access(MEMORY_FOLDER, os.W_OK)
    if usable and shutil.disk_usage(MEMORY_FOLDER).free > MEMORY_NEEDED_BYTES:
        return MEMORY_FOLDER / f"dunwell-{hashlib.sha256(str(run_dir).encode()).hexdigest()[:12]}"
    return run_dir / "tmp"


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _death(child: Child) -> LocalStackError:
    said = " / ".join(child.last_lines(2)) or "it said nothing"
    return LocalStackError(f"{child.name} {child.ending()}: {said}; see {child.log}")
