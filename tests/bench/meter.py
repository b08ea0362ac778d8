"""What DynamoDB would bill: requests counted, items sized by its rules. Emulators do not bill, so we reckon."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from dunwell_aws.table import ON_WORK_LIST

READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024
_INDEX_KEYS = "work_pk"


class Meter:
    """Listens to a client; ``round_trips``, ``read_units`` and ``write_units`` add up until ``reset``.

    Pages of the work list are counted apart, because a pass reads so many of them and not so many an account.
    A read that need not be consistent is half a unit. An update is sized by what it sets.
    A new or changed entry of the work index is one more write unit, two in a transaction; whether it changed is not
    looked up, so the figure is the most it can be.
    """

    def __init__(self, client: Any) -> None:
        self._lock = threading.Lock()
        self.reset()
        client.meta.events.register("provide-client-params.dynamodb", self._asked)
        client.meta.events.register("after-call.dynamodb", self._answered)

    def reset(self) -> None:
        """Start again from nothing."""
        with self._lock:
            self.round_trips = 0
            self.read_units = 0.0
            self.write_units = 0
            self.list_pages = 0
            self.operations: Counter[str] = Counter()

    def each(self, items: int) -> dict[str, float]:
        """The average of so many."""
        return {
            "round_trips": self.round_trips / items,
            "read_units": self.read_units / items,
            "write_units": self.write_units / items,
        }

    def _asked(self, params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        writes = sum(_write_units(items, factor) for items, factor in _written(model.name, params))
        context["of_the_list"] = "IndexName" in params
        context["factor"] = 1 if params.get("ConsistentRead") or model.name == "BatchGetItem" else 0.5
        with self._lock:
            self.operations[model.name] += 1
            self.round_trips += not context["of_the_list"]
            self.list_pages += context["of_the_list"]
            self.write_units += writes

    def _answered(self, parsed: Mapping[str, Any], model: Any, context: Mapping[str, Any], **_: Any) -> None:
        if model.name == "BatchGetItem":  # each item is billed by itself
            sizes = [item_bytes(one) for items in parsed["Responses"].values() for one in items]
            with self._lock:
                self.read_units += sum(max(1, ceil(size / READ_UNIT_BYTES)) for size in sizes)
        if model.name not in {"Query", "GetItem"} or context.get("of_the_list"):
            return
        found = parsed.get("Items") or ([parsed["Item"]] if "Item" in parsed else [])
        with self._lock:
            self.read_units += context["factor"] * max(1, ceil(sum(map(item_bytes, found)) / READ_UNIT_BYTES))


def _written(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Items written, and how many units a KiB of them costs: two in a transaction."""
    if operation == "PutItem":
        yield params["Item"], 1
    elif operation == "UpdateItem":
        yield params.get("ExpressionAttributeValues", {}), 1
    elif operation == "DeleteItem":
        yield {}, 1
    for action in params.get("TransactItems", ()):
        yield action.get("Put", {}).get("Item", {}), 2


def _write_units(stored: Mapping[str, Any], factor: int) -> int:
    in_index = _INDEX_KEYS in stored or stored.get("sk") == {"S": ON_WORK_LIST}  # entered, or taken off
    return factor * (max(1, ceil(item_bytes(stored) / WRITE_UNIT_BYTES)) + in_index)


def item_bytes(stored: Mapping[str, Any]) -> int:
    """An item's size as DynamoDB counts it: names and values in UTF-8."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in stored.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    kind, content = next(iter(value.items()))
    if kind == "S":
        return len(content.encode())
    if kind == "B":
        return len(content)
    if kind == "N":
        return len(content.lstrip("-")) // 2 + 2
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_bytes(inner) for name, inner in content.items())
    if kind == "L":
        return 3 + sum(1 + _value_bytes(inner) for inner in content)
    return 1
