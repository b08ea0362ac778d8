"""The role of a function can do what its policy says and nothing else, as the local AWS enforces it."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.deployment import Deployment

Call = Callable[[Any, dict[str, str]], Any]

KEY = {"pk": {"S": "CUS#none"}, "sk": {"S": "LEDGER#CUSTOMER"}}


def read_ledger(client: Any, outputs: dict[str, str]) -> Any:
    return client.query(
        TableName=outputs["LedgerTableName"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "CUS#none"}},
    )


def scan_ledger(client: Any, outputs: dict[str, str]) -> Any:
    return client.scan(TableName=outputs["LedgerTableName"], Limit=1)


def delete_from_ledger(client: Any, outputs: dict[str, str]) -> Any:
    return client.delete_item(TableName=outputs["LedgerTableName"], Key=KEY)


def write_ledger(client: Any, outputs: dict[str, str]) -> Any:
    return client.put_item(TableName=outputs["LedgerTableName"], Item=KEY)


def read_access(client: Any, outputs: dict[str, str]) -> Any:
    return client.get_item(TableName=outputs["AccessTableName"], Key=KEY)


def read_upload(client: Any, outputs: dict[str, str]) -> Any:
    return client.get_object(Bucket=outputs["IngestBucketName"], Key="uploads/none.csv")


def write_upload(client: Any, outputs: dict[str, str]) -> Any:
    return client.put_object(Bucket=outputs["IngestBucketName"], Key="uploads/forged.csv", Body=b"")


def write_report(client: Any, outputs: dict[str, str]) -> Any:
    return client.put_object(Bucket=outputs["ReportsBucketName"], Key="ageing/forged.csv", Body=b"")


def read_stripe_secret(client: Any, outputs: dict[str, str]) -> Any:
    return client.get_secret_value(SecretId=outputs["StripeSecretArn"])


def send_contact(client: Any, outputs: dict[str, str]) -> Any:
    return client.send_message(QueueUrl=outputs["ContactsQueueUrl"], MessageBody="{}")


def start_cycle(client: Any, outputs: dict[str, str]) -> Any:
    return client.start_execution(stateMachineArn=outputs["DailyCycleArn"], input="{}")


def client_of(deployed: Deployment, function: str, service: str) -> Any:
    """A client with the credentials that a function gets."""
    name = deployed.stack.functions()[function]
    role = deployed.stack.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    given = deployed.stack.client("sts").assume_role(RoleArn=role, RoleSessionName=function)["Credentials"]
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=deployed.stack.endpoint,
        region_name="us-east-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


@pytest.mark.parametrize(
    ("function", "service", "call"),
    [
        ("IngestUpload", "dynamodb", scan_ledger),
        ("IngestUpload", "dynamodb", delete_from_ledger),
        ("IngestUpload", "dynamodb", read_access),
        ("IngestUpload", "s3", write_upload),
        ("IngestUpload", "s3", write_report),
        ("PlanOutreach", "dynamodb", delete_from_ledger),
        ("PlanOutreach", "s3", read_upload),
        ("PlanOutreach", "secretsmanager", read_stripe_secret),
        ("DispatchMessage", "dynamodb", read_access),
        ("DispatchMessage", "secretsmanager", read_stripe_secret),
        ("Portal", "dynamodb", scan_ledger),
        ("Portal", "s3", read_upload),
        ("Portal", "stepfunctions", start_cycle),
        ("StripeWebhook", "dynamodb", read_access),
        ("StripeWebhook", "sqs", send_contact),
        ("SyncSource", "dynamodb", scan_ledger),
        ("SyncSource", "dynamodb", read_access),
        ("SyncSource", "sqs", send_contact),
        ("BuildReports", "dynamodb", write_ledger),
        ("PublishChanges", "dynamodb", read_ledger),
        ("Console", "secretsmanager", read_stripe_secret),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_function_is_denied_what_its_policy_does_not_name(
    deployed: Deployment, function: str, service: str, call: Call
) -> None:
    with pytest.raises(ClientError) as refused:
        call(client_of(deployed, function, service), deployed.view.outputs)

    assert refused.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException", "AuthorizationError"}


@pytest.mark.parametrize(
    ("function", "service", "call"),
    [
        ("IngestUpload", "dynamodb", read_ledger),
        ("BuildReports", "dynamodb", read_ledger),
        ("Portal", "secretsmanager", read_stripe_secret),
        ("Portal", "dynamodb", read_access),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_function_may_do_what_its_policy_names(deployed: Deployment, function: str, service: str, call: Call) -> None:
    answer = call(client_of(deployed, function, service), deployed.view.outputs)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
