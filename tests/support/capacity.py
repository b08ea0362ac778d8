"""What DynamoDB itself says that requests consumed; DynamoDB Local reckons as the service bills."""

import threading
from collections.abc import Mapping
from typing import Any

_READS = {"Query", "GetItem", "BatchGetItem"}
_WRITES = {"PutItem", "UpdateItem", "TransactWriteItems"}


class Capacity:
    """Asks a client's every request for its consumption: units read and written, and how many writes."""

    def __init__(self, client: Any) -> None:
        self._lock = threading.Lock()
        self.reset()
        client.meta.events.register("provide-client-params.dynamodb", self._asked)
        client.meta.events.register("after-call.dynamodb", self._answered)

    def reset(self) -> None:
        """Start again from nothing."""
        with self._lock:
            self.read_units = self.write_units = 0.0
            self.writes = 0

    def _asked(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name in _READS | _WRITES:
            params["ReturnConsumedCapacity"] = "TOTAL"

    def _answered(self, parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        units = sum(one["CapacityUnits"] for one in (consumed if isinstance(consumed, list) else [consumed]))
        with self._lock:
            self.writes += model.name in _WRITES
            if model.name in _READS:
                self.read_units += units
            else:
                self.write_units += units
