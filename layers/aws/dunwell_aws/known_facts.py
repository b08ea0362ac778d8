"""What the ledger has taken of each source's facts: one item a customer and source, beside the account."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from dunwell.errors import UnavailableError
from dunwell.ingestion.known import Known
from dunwell_aws.dynamo_json import item
from dunwell_aws.table import Table, partition

KNOWN = "KNOWN#"
_TRIES = 8


class DynamoKnownFacts:
    """``dunwell.ingestion.known.KnownFacts`` over the one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, source: str, customer_ids: Sequence[str]) -> dict[str, Known]:
        """See the port. One request for up to 100 customers; consistent, or a row could seem known that is not."""
        if not customer_ids:  # figures about nobody in particular; DynamoDB takes no empty request
            return {}
        keys = [{"pk": {"S": partition(one)}, "sk": {"S": KNOWN + source}} for one in dict.fromkeys(customer_ids)]
        asked: Any = {self._table.name: {"Keys": keys, "ConsistentRead": True}}
        found: dict[str, Known] = {}
        for _ in range(_TRIES):
            answer = self._table.client.batch_get_item(RequestItems=asked)
            for stored in answer["Responses"].get(self._table.name, ()):
                found[stored["customer_id"]["S"]] = Known.unpacked(stored["token"]["S"], bytes(stored["facts"]["B"]))
            asked = answer.get("UnprocessedKeys")
            if not asked:
                return found
        raise UnavailableError("the rows known of customers could not be read")

    def keep(self, source: str, customer_id: str, known: Known) -> str | None:
        """See the port. One write unit for up to 60 facts."""
        token = uuid.uuid4().hex[:16]
        key = {"pk": partition(customer_id), "sk": KNOWN + source, "customer_id": customer_id, "token": token}
        stored: dict[str, Any] = item(key) | {"facts": {"B": known.packed()}}
        condition: Mapping[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if known.token:
            values = {":token": {"S": known.token}}
            condition = {
                "ConditionExpression": "#token = :token",
                "ExpressionAttributeNames": {"#token": "token"},
                "ExpressionAttributeValues": values,
            }
        try:
            self._table.client.put_item(TableName=self._table.name, Item=stored, **condition)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
                return None
            raise
        return token
