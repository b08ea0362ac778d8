"""Every state machine: states reachable, transitions existing, tasks retried and limited in time."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.template import resources

ROOT = Path(__file__).resolve().parents[2]
MACHINES = sorted((ROOT / "infra" / "statemachines").glob("*.asl.json"))
TERMINAL = {"Succeed", "Fail"}


def _machines(node: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A machine and the machines nested in it (Map, Parallel)."""
    if isinstance(node, dict):
        if "StartAt" in node:
            yield name, node
        for key, inner in node.items():
            yield from _machines(inner, f"{name}/{key}")
    elif isinstance(node, list):
        for i, inner in enumerate(node):
            yield from _machines(inner, f"{name}/{i}")


def _targets(state: dict[str, Any]) -> set[str]:
    branches = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return {branch[key] for branch in branches for key in ("Next", "Default") if key in branch}


ALL = [pair for path in MACHINES for pair in _machines(json.loads(path.read_text(encoding="utf-8")), path.stem)]
TASKS = [
    (f"{name}.{state_name}", state)
    for name, machine in ALL
    for state_name, state in machine["States"].items()
    if state["Type"] == "Task"
]
machines = pytest.mark.parametrize("machine", [m for _, m in ALL], ids=[n for n, _ in ALL])
tasks = pytest.mark.parametrize("task", [t for _, t in TASKS], ids=[n for n, _ in TASKS])


def test_there_are_state_machines() -> None:
    assert ALL
    assert TASKS


@machines
def test_every_transition_leads_to_a_state_and_every_state_is_reached(machine: dict[str, Any]) -> None:
    states = machine["States"]
    reached: set[str] = set()
    ahead = {machine["StartAt"]}
    while ahead:
        name = ahead.pop()
        assert name in states, f"there is no state {name}"
        reached.add(name)
        ahead |= _targets(states[name]) - reached
    assert reached == set(states)


@machines
def test_every_state_goes_on_or_ends(machine: dict[str, Any]) -> None:
    for name, state in machine["States"].items():
        ends = state["Type"] in TERMINAL or state.get("End") is True
        assert ends != bool(_targets(state)), name


@tasks
def test_every_task_has_a_time_limit(task: dict[str, Any]) -> None:
    assert ("TimeoutSeconds" in task) != ("TimeoutSecondsPath" in task)


@tasks
def test_every_task_is_retried_with_jittered_growing_pauses(task: dict[str, Any]) -> None:
    assert task["Retry"]
    for retry in task["Retry"]:
        assert retry["JitterStrategy"] == "FULL"
        assert retry["BackoffRate"] > 1
        assert retry["MaxAttempts"] <= 10
        assert retry["MaxDelaySeconds"] <= 300
    named = {error for retry in task["Retry"] for error in retry["ErrorEquals"]}
    assert named & {"States.TaskFailed", "States.ALL"}, "errors are named differently by the local AWS: catch them all"


def test_a_wait_for_an_agent_that_times_out_is_judged_again_and_not_retried() -> None:
    wait = json.loads((ROOT / "infra/statemachines/escalation.asl.json").read_text())["States"]["WaitForAgent"]
    assert {"ErrorEquals": ["States.Timeout"], "ResultPath": None, "Next": "Evaluate"} in wait["Catch"]
    assert all("States.Timeout" not in retry["ErrorEquals"] for retry in wait["Retry"])


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.stem)
def test_substitutions_stand_inside_strings(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r"\$\{\w+\}", text):
        line = text[text.rfind("\n", 0, found.start()) : found.end()]
        assert line.count('"') % 2 == 1, f"{found.group()} is not inside a string, and CloudFormation makes no numbers"


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.stem)
def test_a_definition_has_the_substitutions_that_the_template_gives_it_and_no_others(path: Path) -> None:
    uri = str(path.relative_to(ROOT))
    (machine,) = (
        body["Properties"]
        for body in resources("AWS::Serverless::StateMachine").values()
        if body["Properties"]["DefinitionUri"] == uri
    )
    named = set(re.findall(r"\$\{(\w+)\}", path.read_text(encoding="utf-8")))
    assert named == set(machine["DefinitionSubstitutions"])


def test_the_daily_cycle_may_invoke_exactly_the_functions_it_names() -> None:
    machine = resources("AWS::Serverless::StateMachine")["DailyCycle"]["Properties"]
    named = {value["Fn::GetAtt"][0] for key, value in machine["DefinitionSubstitutions"].items() if key.endswith("Arn")}
    (invoke,) = (s for s in machine["Policies"][0]["Statement"] if s["Action"] == "lambda:InvokeFunction")
    may = {resource["Fn::GetAtt"][0] for resource in invoke["Resource"]}
    assert may == named == {"PostCharges", "ScorePortfolio", "PlanOutreach"}


def test_a_large_file_may_be_imported_by_its_function_alone() -> None:
    machine = resources("AWS::Serverless::StateMachine")["IngestFile"]["Properties"]
    (invoke,) = (s for s in machine["Policies"][0]["Statement"] if s["Action"] == "lambda:InvokeFunction")
    assert (
        invoke["Resource"]
        == machine["DefinitionSubstitutions"]["ImportFileArn"]
        == {"Fn::GetAtt": ["ImportFile", "Arn"]}
    )


def test_a_range_that_fails_stops_no_other_and_is_kept_for_resuming() -> None:
    states = json.loads((ROOT / "infra/statemachines/ingest_file.asl.json").read_text())["States"]
    assert states["Ranges"]["ToleratedFailurePercentage"] == 100
    assert states["AllThere"]["Default"] == "KeepForResuming"
    assert states["KeepForResuming"]["Next"] == "Failed"
    assert states["Failed"]["Type"] == "Fail", "so that the alarm goes off"
