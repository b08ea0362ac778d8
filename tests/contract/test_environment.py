"""The variables that a function reads, and those that the template gives it: the same, in both directions."""

import ast
import importlib
from functools import cache
from pathlib import Path

import pytest

from dunwell_aws import bootstrap
from dunwell_aws import environment as models
from tests.support.template import environment_of, function_folder, functions

# Read by Powertools itself.
OF_POWERTOOLS = {"LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}
BASE = models.Environment
COMPOSITION = sorted(Path(str(bootstrap.__file__)).parent.glob("[a-z]*.py"))
Model = type[models.Environment]


def aliases(*read: Model) -> set[str]:
    return {str(field.alias) for model in read for field in model.model_fields.values()}


def asked_of_modules(tree: ast.AST) -> set[str]:
    """The parts that code asks of modules of the composition root."""
    modules = {path.stem for path in COMPOSITION}
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }


def test_each_part_of_the_composition_root_is_in_one_module() -> None:
    names = [
        node.name
        for path in COMPOSITION
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    ]
    assert len(names) == len(set(names)) > 40


@cache
def bootstrap_reads() -> dict[str, frozenset[str]]:
    """Names of the models that each part of the composition root reads, itself or through others."""
    named = {
        node.name: {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} | asked_of_modules(node)
        for path in COMPOSITION
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    while True:
        grown = {part: names.union(*(named[other] for other in names & named.keys())) for part, names in named.items()}
        if grown == named:
            return {
                part: frozenset(name for name in names if name.endswith("Environment")) for part, names in named.items()
            }
        named = grown


def own_models(folder: str) -> set[Model]:
    """The models that a function's module defines."""
    module = importlib.import_module(f"functions.{folder}.app")
    found = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, BASE)]
    return {model for model in found if model.__module__ == module.__name__}


def used_parts(folder: Path) -> set[str]:
    """The parts of the composition root that a function asks for."""
    return asked_of_modules(ast.parse((folder / "app.py").read_text(encoding="utf-8")))


def read_by(name: str) -> set[str]:
    folder = function_folder(name)
    through = {model for part in used_parts(folder) for model in bootstrap_reads()[part]}
    return aliases(BASE, *own_models(folder.name), *(getattr(models, model) for model in through))


@pytest.mark.parametrize("name", functions())
def test_a_function_gets_the_variables_that_it_reads_and_no_others(name: str) -> None:
    assert set(environment_of(name)) - OF_POWERTOOLS == read_by(name)


@pytest.mark.parametrize("name", functions())
def test_a_functions_own_model_names_everything_that_it_reads(name: str) -> None:
    """So that a missing variable fails at once and by name, not at the first message that needs it."""
    own = own_models(function_folder(name).name)
    if own:
        assert aliases(*own) == read_by(name)


def test_the_composition_root_reads_each_model_somewhere() -> None:
    shared = {name for name, value in vars(models).items() if isinstance(value, type) and issubclass(value, BASE)}
    assert {model for names in bootstrap_reads().values() for model in names} == shared


def test_a_missing_variable_is_named_without_any_value(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("STAGE", "CLOCK_OFFSET_SECONDS", "POLICY", "LEDGER_TABLE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("STAGE", "secret-value")
    monkeypatch.setenv("LEDGER_TABLE", "")
    monkeypatch.setenv("POLICY", "../secret-value")
    with pytest.raises(RuntimeError) as error:
        models.read_environment(models.LedgerEnvironment)
    assert str(error.value) == "environment variables missing or wrong: CLOCK_OFFSET_SECONDS, LEDGER_TABLE, POLICY"
