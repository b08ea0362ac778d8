"""DynamoDB's typed JSON, for plain data of text, bytes, whole numbers, booleans, lists and maps.

boto3's own serialiser makes every number a Decimal, which ends as a float somewhere; money must stay an int.
"""

from collections.abc import Mapping
from typing import Any


def marshal(value: Any) -> dict[str, Any]:
    """A plain value as a DynamoDB attribute value.

    Raises:
        TypeError: a float, or anything else that the ledger does not hold.
    """
    kind = type(value)
    if kind is str:
        return {"S": value}
    if kind is int:
        return {"N": str(value)}
    if kind is dict:
        return {"M": {name: marshal(part) for name, part in value.items()}}
    if kind is list or kind is tuple:
        return {"L": [marshal(part) for part in value]}
    if kind is bool:
        return {"BOOL": value}
    if kind is bytes:
        return {"B": value}
    if value is None:
        return {"NULL": True}
    return _marshal_subtype(value)


def _marshal_subtype(value: Any) -> dict[str, Any]:
    """What is none of the plain types themselves; looked at last, because an account is thousands of plain values."""
    match value:
        case str():
            return {"S": str(value)}
        case int():
            return {"N": str(int(value))}
        case Mapping():
            return {"M": {name: marshal(part) for name, part in value.items()}}
    raise TypeError(f"{type(value).__name__} does not belong in the ledger")


def item(plain: Mapping[str, Any]) -> dict[str, Any]:
    """A plain mapping as a DynamoDB item."""
    return {name: marshal(value) for name, value in plain.items()}


def unmarshal(value: Mapping[str, Any]) -> Any:
    """A DynamoDB attribute value as a plain value; numbers are whole."""
    ((kind, inner),) = value.items()
    match kind:
        case "S" | "BOOL" | "B":
            return inner
        case "N":
            return int(inner)
        case "NULL":
            return None
        case "L":
            return [unmarshal(part) for part in inner]
        case "M":
            return {name: unmarshal(part) for name, part in inner.items()}
    raise TypeError(f"DynamoDB type {kind} does not belong in the ledger")


def plain(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A DynamoDB item as a plain mapping."""
    return {name: unmarshal(value) for name, value in stored.items()}
