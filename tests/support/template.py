"""template.yaml for tests: as plain data, and the tables it describes as boto3 calls."""

from functools import cache
from pathlib import Path
from typing import Any

from infra.local.template import load_template, resources_of

ROOT = Path(__file__).resolve().parents[2]


@cache
def template() -> dict[str, Any]:
    """The template with intrinsic functions in their long form; do not change it."""
    return load_template(ROOT / "template.yaml")


def resources(*types: str) -> dict[str, dict[str, Any]]:
    """Resources of the named types by logical id."""
    return resources_of(template(), *types)


def functions() -> dict[str, dict[str, Any]]:
    """The functions by logical id."""
    return resources("AWS::Serverless::Function")


def function_folder(logical_id: str) -> Path:
    """Where the code of a function is."""
    return ROOT / str(functions()[logical_id]["Properties"]["CodeUri"])


def layers_of(logical_id: str) -> list[str]:
    """The logical ids of the layers of a function."""
    return [layer["Ref"] for layer in functions()[logical_id]["Properties"].get("Layers", [])]


def environment_of(logical_id: str) -> dict[str, Any]:
    """The environment variables of a function, with those of all functions; values as in the template."""
    shared = template()["Globals"]["Function"].get("Environment", {}).get("Variables", {})
    own = functions()[logical_id]["Properties"].get("Environment", {}).get("Variables", {})
    return {**shared, **own}


def create_table_call(logical_id: str, table_name: str) -> dict[str, Any]:
    """Arguments of boto3's create_table for a table of the template, so that tests use the deployed shape."""
    properties = resources("AWS::DynamoDB::Table")[logical_id]["Properties"]
    same = (
        "AttributeDefinitions",
        "KeySchema",
        "BillingMode",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
    )
    call = {"TableName": table_name, **{key: properties[key] for key in same if key in properties}}
    if stream := properties.get("StreamSpecification"):
        call["StreamSpecification"] = {"StreamEnabled": True, **stream}
    return call
