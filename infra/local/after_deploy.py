"""What the emulator drops from a template, applied by API after the deploy.

Everything comes from the template by logical id: nothing about the stack is written here. On AWS the same
properties are applied by CloudFormation, so this module knows the emulator and nothing else does.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

from infra.local.template import resources_of

Properties = dict[str, Any]


def _table(session: boto3.Session, name: str, properties: Properties) -> None:
    client = session.client("dynamodb")
    if ttl := properties.get("TimeToLiveSpecification"):
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)


def _bucket(session: boto3.Session, name: str, properties: Properties) -> None:
    client = session.client("s3")
    for rule in (properties.get("BucketEncryption") or {}).get("ServerSideEncryptionConfiguration", []):
        default = rule["ServerSideEncryptionByDefault"]
        encryption: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
        client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=encryption)
    if rules := (properties.get("LifecycleConfiguration") or {}).get("Rules"):
        api_rules: Any = [_lifecycle_rule(rule) for rule in rules]
        client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": api_rules})


def _lifecycle_rule(rule: Properties) -> Properties:
    """CloudFormation's spelling of a rule in the API's."""
    spelled = {key: value for key, value in rule.items() if key not in ("Id", "Prefix", "ExpirationInDays")}
    spelled |= {"ID": rule["Id"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "ExpirationInDays" in rule:
        spelled["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "Transitions" in rule:
        spelled["Transitions"] = [
            {"Days": step["TransitionInDays"], "StorageClass": step["StorageClass"]} for step in rule["Transitions"]
        ]
    return spelled


def _function(session: boto3.Session, name: str, properties: Properties) -> None:
    reserved = properties.get("ReservedConcurrentExecutions")
    if isinstance(reserved, int):
        session.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)


def _api(session: boto3.Session, name: str, properties: Properties) -> None:
    """Gateway responses reach a stage only with the next deployment."""
    stage = properties.get("StageName")
    if isinstance(stage, str):
        session.client("apigateway").create_deployment(restApiId=name, stageName=stage)


_APPLIERS: dict[str, Callable[[boto3.Session, str, Properties], None]] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::S3::Bucket": _bucket,
    "AWS::Serverless::Function": _function,
    "AWS::Serverless::Api": _api,
}


def apply_dropped_properties(session: boto3.Session, template: dict[str, Any], physical_ids: dict[str, str]) -> None:
    """Applies them for every resource that was deployed (`physical_ids` by logical id)."""
    work = [
        (_APPLIERS[body["Type"]], physical_ids[name], body.get("Properties", {}))
        for name, body in resources_of(template, *_APPLIERS).items()
        if name in physical_ids
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda job: job[0](session, job[1], job[2]), work))
