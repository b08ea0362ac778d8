"""How often a session may write: a counter a minute, beside the sessions."""

from datetime import datetime
from typing import TYPE_CHECKING

from dunwell.accounts.access import Session
from dunwell.errors import TooManyRequestsError
from dunwell_aws.dynamo_json import item, plain
from dunwell_aws.table import ttl_after

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WRITES_A_MINUTE = 30
_KEPT_SECONDS = 3_600


class WriteRates:
    """Counts a session's writes. Reads are left to the gateway's throttling: a count would cost more than the read."""

    def __init__(self, client: "DynamoDBClient", table: str, most: int = WRITES_A_MINUTE) -> None:
        self._client = client
        self._table = table
        self._most = most

    def __call__(self, session: Session, now: datetime) -> None:
        """Count one; one round trip.

        Raises:
            TooManyRequestsError: it is one too many in this minute.
        """
        counted = self._client.update_item(
            TableName=self._table,
            Key=item({"pk": session.token_hash, "sk": f"RATE#{now:%Y-%m-%dT%H:%M}"}),
            UpdateExpression="ADD writes :one SET #ttl = if_not_exists(#ttl, :ttl)",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues=item({":one": 1, ":ttl": ttl_after(_KEPT_SECONDS)}),
            ReturnValues="UPDATED_NEW",
        )
        if int(plain(counted["Attributes"])["writes"]) > self._most:
            raise TooManyRequestsError(f"At most {self._most} changes a minute. Wait a minute, then go on.", 60)
