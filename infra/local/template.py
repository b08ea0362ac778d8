"""template.yaml as plain data."""

from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as their long forms, e.g. !Ref X as {"Ref": "X"}."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


def load_template(path: Path) -> dict[str, Any]:
    """The template with intrinsic functions in their long form."""
    template: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    return template


def resources_of(template: dict[str, Any], *types: str) -> dict[str, dict[str, Any]]:
    """The resources of the named types by logical id; all of them without a type."""
    resources: dict[str, dict[str, Any]] = template["Resources"]
    return {name: body for name, body in resources.items() if not types or body["Type"] in types}
