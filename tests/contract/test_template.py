"""What every resource of the template must have, whoever adds it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from dunwell_aws.environment import Environment
from tests.support.template import ROOT, functions, resources, template

QUEUES = resources("AWS::SQS::Queue")
ALARMS = resources("AWS::CloudWatch::Alarm")
TABLES = resources("AWS::DynamoDB::Table")
BUCKETS = resources("AWS::S3::Bucket")


def target_of(value: Any) -> str:
    """The logical id that a Ref or a GetAtt points to; empty for anything else."""
    if not isinstance(value, dict):
        return ""
    return str(value.get("Ref") or value.get("Fn::GetAtt", [""])[0])


def failure_destinations() -> Iterator[str]:
    """Queues named as OnFailure destination or dead-letter target anywhere below Properties."""

    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "OnFailure":
                    yield target_of(value["Destination"])
                elif key == "deadLetterTargetArn" or (key == "DeadLetterConfig" and "Arn" in value):
                    yield target_of(value["Arn"] if key == "DeadLetterConfig" else value)
                else:
                    yield from walk(value)
        elif isinstance(node, list):
            for inner in node:
                yield from walk(inner)

    for body in resources().values():
        yield from walk(body.get("Properties", {}))


DEAD_LETTERS = set(failure_destinations())


def events(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, event["Properties"])
        for name, body in functions().items()
        for event in body["Properties"].get("Events", {}).values()
        if event["Type"] == kind
    ]


@pytest.mark.parametrize("name", sorted(QUEUES))
def test_a_queue_has_dead_letters_or_is_one(name: str) -> None:
    redrive = QUEUES[name]["Properties"].get("RedrivePolicy")

    assert (redrive is None) == (name in DEAD_LETTERS)


@pytest.mark.parametrize("name", sorted(DEAD_LETTERS))
def test_dead_letters_raise_an_alarm_that_reaches_someone(name: str) -> None:
    watching = [
        alarm["Properties"]
        for alarm in ALARMS.values()
        if any(target_of(d["Value"]) == name for d in alarm["Properties"]["Dimensions"])
    ]

    assert [alarm["MetricName"] for alarm in watching] == ["ApproximateNumberOfMessagesVisible"]
    assert watching[0]["AlarmActions"] == [{"Ref": "AlarmTopic"}]


def test_what_our_own_alarms_watch_is_counted_somewhere() -> None:
    code = "".join(
        path.read_text(encoding="utf-8") for part in ("functions", "layers") for path in (ROOT / part).rglob("*.py")
    )
    watched = {
        alarm["Properties"]["MetricName"]
        for alarm in ALARMS.values()
        if alarm["Properties"].get("Namespace") == "Dunwell"
    }
    assert {"ModelFallback", "CustomersNotScored"} <= watched
    assert [name for name in sorted(watched) if f'"{name}"' not in code] == []


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_whoever_an_alarm_wakes_finds_it_in_the_operators_page(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(template()["Parameters"]))
def test_a_parameter_is_in_the_operators_page(name: str) -> None:
    given_by_make = {"Stage", "SenderDomain"}
    assert name in given_by_make or f"`{name}`" in (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(QUEUES))
def test_a_queue_is_encrypted(name: str) -> None:
    assert QUEUES[name]["Properties"]["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("name", sorted(functions()))
def test_a_function_logs_to_a_group_of_its_own_with_retention(name: str) -> None:
    groups = resources("AWS::Logs::LogGroup")
    group = groups[target_of(functions()[name]["Properties"]["LoggingConfig"]["LogGroup"])]

    assert "RetentionInDays" in group["Properties"]
    assert [
        other
        for other, body in functions().items()
        if target_of(body["Properties"]["LoggingConfig"]["LogGroup"])
        == target_of(functions()[name]["Properties"]["LoggingConfig"]["LogGroup"])
    ] == [name]


def test_a_stream_gives_up_into_dead_letters_and_starts_at_the_beginning() -> None:
    streams = events("DynamoDB")

    assert streams
    for _, stream in streams:
        assert target_of(stream["DestinationConfig"]["OnFailure"]["Destination"]) in QUEUES
        assert stream["StartingPosition"] == "TRIM_HORIZON"


def test_a_queue_hides_a_message_for_six_times_as_long_as_its_function_may_run() -> None:
    default = template()["Globals"]["Function"]["Timeout"]
    for name, event in events("SQS"):
        timeout = functions()[name]["Properties"].get("Timeout", default)
        queue = QUEUES[target_of(event["Queue"])]["Properties"]
        assert queue["VisibilityTimeout"] >= 6 * timeout, name
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of an identity's policy with the logical id of its resource."""
    for name, body in resources().items():
        policies = body.get("Properties", {}).get("Policies", [])
        for policy in policies if isinstance(policies, list) else []:
            if isinstance(policy, dict):
                document = policy.get("PolicyDocument", policy)
                for statement in document.get("Statement", []):
                    yield name, statement


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_a_permission_names_its_actions_and_resources_or_gives_a_reason() -> None:
    """The reason stands in the resource's Metadata: WildcardReason: {<service>: <why>}."""
    found = list(statements())
    assert found

    unexplained = [
        (name, action)
        for name, statement in found
        for action in as_list(statement["Action"])
        if ("*" in action or "*" in as_list(statement.get("Resource", [])))
        and not resources()[name].get("Metadata", {}).get("WildcardReason", {}).get(action.split(":")[0])
    ]

    assert unexplained == []


def test_a_function_has_no_ready_made_policy() -> None:
    named = {
        name: [policy for policy in body["Properties"].get("Policies", []) if isinstance(policy, str)]
        for name, body in functions().items()
    }

    assert not any(named.values()), named


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_can_be_restored_forgets_by_ttl_and_is_encrypted(name: str) -> None:
    table = TABLES[name]["Properties"]

    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize("name", sorted(BUCKETS))
def test_a_bucket_is_private_and_encrypted(name: str) -> None:
    bucket = BUCKETS[name]["Properties"]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]


@pytest.mark.parametrize("name", sorted(BUCKETS))
def test_a_bucket_refuses_plain_http_except_locally(name: str) -> None:
    policies = [
        body for body in resources("AWS::S3::BucketPolicy").values() if target_of(body["Properties"]["Bucket"]) == name
    ]

    (policy,) = policies
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert policy["Condition"] == "NotLocal"
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": False}}


FIXED_NAMES = (
    "TableName",
    "BucketName",
    "QueueName",
    "FunctionName",
    "TopicName",
    "RoleName",
    "StateMachineName",
)


def test_no_physical_name_is_fixed() -> None:
    """Two stacks in one account would collide."""
    fixed = [
        (name, key)
        for name, body in resources().items()
        for key in (*FIXED_NAMES, "Name", "LogGroupName")
        if isinstance(body.get("Properties", {}).get(key), str)
    ]

    assert fixed == []


def test_the_clock_of_production_cannot_be_shifted() -> None:
    rule = template()["Rules"]["ProductionRunsOnRealTime"]

    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Equals": [{"Ref": "ClockOffsetSeconds"}, "0"]}


def test_the_policy_of_a_deployment_is_one_that_is_shipped_and_every_one_that_is_can_be_named() -> None:
    parameter = template()["Parameters"]["Policy"]
    shipped = {path.stem for path in (ROOT / "infra" / "policies").glob("*.yaml")}

    assert parameter["Default"] in shipped
    assert [name for name in sorted(shipped) if not re.fullmatch(parameter["AllowedPattern"], name)] == []
    accepted = re.compile(str(Environment.model_fields["policy"].metadata[0].pattern))
    assert [name for name in sorted(shipped) if not accepted.search(name)] == []
    assert template()["Globals"]["Function"]["Environment"]["Variables"]["POLICY"] == {"Ref": "Policy"}


@pytest.mark.parametrize("logical_id", sorted(resources("AWS::Events::Rule")))
def test_what_a_rule_cannot_hand_over_is_kept(logical_id: str) -> None:
    for target in resources("AWS::Events::Rule")[logical_id]["Properties"]["Targets"]:
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["RoutingDeadLetters", "Arn"]}}


def test_what_a_schedule_cannot_hand_over_is_kept() -> None:
    schedules = [one["Properties"]["Target"] for one in resources("AWS::Scheduler::Schedule").values()]
    for machine in resources("AWS::Serverless::StateMachine").values():
        events = machine["Properties"].get("Events", {}).values()
        schedules += [event["Properties"] for event in events if event["Type"] == "ScheduleV2"]
    assert len(schedules) == 8
    assert all(one["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["RoutingDeadLetters", "Arn"]}} for one in schedules)
