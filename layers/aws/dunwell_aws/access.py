"""Links, tries, codes and sessions in DynamoDB, in a table of their own: they are secrets' traces, not the ledger's."""

from datetime import timedelta
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from dunwell.accounts.access import CODE_LIFE, LINK_LIFE, LOCK, SESSION_LIFE, Link, PendingCode, Session, Tries
from dunwell.errors import ConflictError
from dunwell_aws.dynamo_json import item
from dunwell_aws.table import NEW, Table, from_plain, to_plain, translated, ttl_after

LINK = "LINK"
TRIES = "TRIES"
CODE = "CODE"
SESSION = "SESSION"
_MARGIN = timedelta(days=1)
T = TypeVar("T")


class DynamoAccessStore:
    """``dunwell.accounts.access.AccessStore`` over one table.

    A partition for each hashed token. DynamoDB ends items by the real clock, a day after the rules' own times, which
    count by the deployment's clock.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def add_link(self, link: Link) -> None:
        """See the port."""
        self._write(_stored(link.token_hash, LINK, link, LINK_LIFE[link.purpose]), NEW)

    def link(self, token_hash: str) -> Link | None:
        """See the port."""
        return self._read(token_hash, LINK, Link)

    def tries(self, token_hash: str) -> Tries | None:
        """See the port."""
        return self._read(token_hash, TRIES, Tries)

    def count_try(self, tries: Tries) -> None:
        """See the port. One conditional write."""
        stored = _stored(tries.token_hash, TRIES, tries, LOCK)
        if tries.version == 1:
            self._write(stored, NEW)
        else:
            self._write(stored, "version = :before", {":before": tries.version - 1})

    def add_code(self, pending: PendingCode) -> None:
        """See the port."""
        self._write(_stored(pending.token_hash, CODE, pending, CODE_LIFE), NEW)

    def code(self, token_hash: str) -> PendingCode | None:
        """See the port."""
        return self._read(token_hash, CODE, PendingCode)

    def start_session(self, pending: PendingCode, session: Session) -> None:
        """See the port. One transaction, whose condition is that the code is unused."""
        used: Any = {
            "Update": {
                "TableName": self._table.name,
                "Key": item(_key(pending.token_hash, CODE)),
                "UpdateExpression": "SET used = :yes",
                "ConditionExpression": "used = :no",
                "ExpressionAttributeValues": item({":yes": True, ":no": False}),
            }
        }
        forgotten: Any = {"Delete": {"TableName": self._table.name, "Key": item(_key(pending.link_hash, TRIES))}}
        started = self._table.put(_stored(session.token_hash, SESSION, session, SESSION_LIFE), NEW)
        self._table.transact([used, started, forgotten])

    def session(self, token_hash: str) -> Session | None:
        """See the port."""
        return self._read(token_hash, SESSION, Session)

    def touch(self, session: Session) -> None:
        """See the port. One conditional update, so that a session that was ended stays ended."""
        try:
            self._table.client.update_item(
                TableName=self._table.name,
                Key=item(_key(session.token_hash, SESSION)),
                UpdateExpression="SET seen_at = :seen",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues=item({":seen": session.seen_at.isoformat()}),
            )
        except ClientError as error:
            if not isinstance(translated(error), ConflictError):
                raise

    def end_session(self, token_hash: str) -> None:
        """See the port."""
        self._table.client.delete_item(TableName=self._table.name, Key=item(_key(token_hash, SESSION)))

    def _read(self, token_hash: str, sk: str, kind: type[T]) -> T | None:
        stored = self._table.get(token_hash, sk)
        return from_plain(kind, stored) if stored else None

    def _write(self, stored: dict[str, Any], condition: str, values: dict[str, Any] | None = None) -> None:
        extra: Any = {"ExpressionAttributeValues": item(values)} if values else {}
        try:
            self._table.client.put_item(
                TableName=self._table.name, Item=item(stored), ConditionExpression=condition, **extra
            )
        except ClientError as error:
            raise translated(error) from error


def _key(token_hash: str, sk: str) -> dict[str, str]:
    return {"pk": token_hash, "sk": sk}


def _stored(token_hash: str, sk: str, value: object, life: timedelta) -> dict[str, Any]:
    ttl = ttl_after(int((life + _MARGIN).total_seconds()))
    return _key(token_hash, sk) | to_plain(value) | {"ttl": ttl}
