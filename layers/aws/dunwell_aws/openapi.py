"""The description of an API (OpenAPI 3.1), made from its operations and their models."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from dunwell_aws.api import IDEMPOTENCY_KEY, JSON_TYPE, ApiModel, Operation, ProblemDocument

_PROBLEM_TYPE = "application/problem+json"
_REF = "#/components/schemas/{model}"


def openapi(title: str, version: str, about: str, operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document.

    Args:
        about: what the API is for, in Markdown.
    """
    named: dict[str, type[BaseModel]] = {ProblemDocument.__name__: ProblemDocument}
    for one in operations:
        named |= {model.__name__: model for model in (one.body, one.answer) if model}
    models: list[tuple[type[BaseModel], Any]] = [
        (model, "serialization" if _is_answered(model, operations) else "validation") for model in named.values()
    ]
    references, definitions = models_json_schema(models, ref_template=_REF)
    refs: dict[Any, dict[str, Any]] = {model: found for (model, _), found in references.items()}
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _described(one, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": about},
        "servers": [{"url": "{portal}", "variables": {"portal": {"default": "http://127.0.0.1"}}}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in operations)],
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer", "description": "From sign-in."}},
        },
    }


def _is_answered(model: type[BaseModel], operations: Sequence[Operation]) -> bool:
    return model is ProblemDocument or any(model is one.answer for one in operations)


def _described(one: Operation, refs: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "tags": [one.tag],
        "security": [{"session": []}] if one.signed_in else [],
        "parameters": [*_in_path(one.path), *_in_query(one.query), *(_HEADERS if one.repeatable else [])],
        "responses": {str(int(one.status)): _good(one, refs)} | _bad(one, refs[ProblemDocument]),
    }
    if one.body:
        found["requestBody"] = {"required": True, "content": {JSON_TYPE: {"schema": refs[one.body]}}}
    return found


_HEADERS = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "A new one for each intent, the same one for each try of it; kept for a day.",
        "schema": {"type": "string", "pattern": IDEMPOTENCY_KEY},
    }
]


def _good(one: Operation, refs: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    said: dict[str, Any] = {"description": HTTPStatus(one.status).phrase}
    if one.answer:
        said["content"] = {JSON_TYPE: {"schema": refs[one.answer]}}
    return said


def _bad(one: Operation, problem: dict[str, Any]) -> dict[str, Any]:
    content = {_PROBLEM_TYPE: {"schema": problem}}
    return {str(status): {"description": HTTPStatus(status).phrase, "content": content} for status in one.may_answer}


def _in_path(path: str) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    schema = {"type": "string", "minLength": 1, "maxLength": 128}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _in_query(model: type[ApiModel] | None) -> list[dict[str, Any]]:
    if model is None:
        return []
    schema = model.model_json_schema()
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", []), "schema": described}
        for name, described in schema["properties"].items()
    ]
