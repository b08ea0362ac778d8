"""Switches and the counts behind the breakers, in the one table."""

import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from dunwell.accounts.model import Channel
from dunwell.errors import ConflictError
from dunwell.outreach.switches import WINDOW_DAYS, Counts, Switch
from dunwell_aws.cached import Cached
from dunwell_aws.dynamo_json import item
from dunwell_aws.table import NEW, SWITCHES, Table, counts_partition, from_plain, to_plain, ttl_after

KEEP_SECONDS = 15
"""How long dispatch goes by what it read: so long a switch may take."""

_COUNTS_DAYS = 30
_DAY_SECONDS = 86_400


class DynamoSwitches:
    """``SwitchStore``: all switches are one small partition."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def switches(self) -> list[Switch]:
        """See the port. One query."""
        return [from_plain(Switch, stored) for stored in self._table.query(SWITCHES)]

    def turn(self, switch: Switch) -> bool:
        """See the port. One conditional put."""
        stored = {"pk": SWITCHES, "sk": switch.scope} | to_plain(switch)
        first = switch.turns == 1
        condition, values = (NEW, None) if first else ("turns = :known", {":known": switch.turns - 1})
        try:
            self._table.write([self._table.put(stored, condition, values)])
        except ConflictError:
            return False
        return True


class CachedSwitches:
    """``Switches``: what is stopped, read again after ``KEEP_SECONDS``."""

    def __init__(self, store: DynamoSwitches, monotonic: Callable[[], float] = time.monotonic) -> None:
        def read() -> frozenset[str]:
            return frozenset(switch.scope for switch in store.switches() if switch.is_stopped)

        self._kept = Cached(read, monotonic, KEEP_SECONDS)

    def stopped(self) -> Collection[str]:
        """See the port."""
        return self._kept.get()


class DynamoCounts:
    """``CountStore``: one item a channel, turn of its switch and day."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, channel: Channel, turns: int, at: datetime, counts: Counts) -> None:
        """See the port. One update."""
        self._table.client.update_item(
            TableName=self._table.name,
            Key=item({"pk": counts_partition(channel), "sk": f"{turns:06}#{at.date().isoformat()}"}),
            UpdateExpression="ADD reported :reported, bounced :bounced, complained :complained SET #ttl = :ttl",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues=item(
                {
                    ":reported": counts.reported,
                    ":bounced": counts.bounced,
                    ":complained": counts.complained,
                    ":ttl": ttl_after(_COUNTS_DAYS * _DAY_SECONDS),
                }
            ),
        )

    def total(self, channel: Channel, turns: int, at: datetime) -> Counts:
        """See the port. One query."""
        prefix = f"{turns:06}#"
        first = prefix + (at.date() - timedelta(days=WINDOW_DAYS - 1)).isoformat()
        days = [one for one in self._table.query(counts_partition(channel), prefix) if one["sk"] >= first]
        return sum((Counts(one["reported"], one["bounced"], one["complained"]) for one in days), Counts())
