"""The description of the portal's API: committed, valid, and of the routes that there are."""

import json

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions.portal.app import with_api
from infra.cli.openapi import DOCUMENT, text

DESCRIBED = json.loads(text())


def test_the_committed_description_is_what_the_code_says_now() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == text(), "run `.venv/bin/dunwell-cli openapi` and commit"


def test_it_is_openapi() -> None:
    assert DESCRIBED["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(DESCRIBED).validate()


def test_it_describes_every_route_of_the_api_and_no_other() -> None:
    served = {(path, method) for path, methods in with_api().routes.items() if "/api/" in path for method in methods}
    described = {(path, method.upper()) for path, methods in DESCRIBED["paths"].items() for method in methods}
    assert served == described


@pytest.mark.parametrize("path", DESCRIBED["paths"])
def test_every_operation_has_a_name_words_and_problems(path: str) -> None:
    for one in DESCRIBED["paths"][path].values():
        assert one["operationId"]
        assert one["summary"]
        assert {"400", "500", "503"} <= one["responses"].keys()


def test_objects_are_closed_so_that_a_misspelt_name_is_told() -> None:
    for name, schema in DESCRIBED["components"]["schemas"].items():
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is False, name
