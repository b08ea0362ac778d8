"""Writes that a client may repeat: Powertools' idempotency, its records beside the sessions."""

import json
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dunwell.accounts.access import fingerprint
from dunwell.errors import ConflictError
from dunwell_aws.api import Answer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS = 86_400
PARTITION = "ONCE#"


class Once:
    """Runs a write once for an owner and a key, whatever is repeated; the first answer is kept for a day.

    A write that fails keeps nothing: it may be tried again under the same key.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def __call__(self, owner: str, key: str, asked: str, run: Callable[[], Answer], context: Any = None) -> Answer:
        """See ``dunwell_aws.api.Api``.

        Raises:
            ConflictError: the key was used for something else, or its first request has not ended.
        """
        # Costs 0.1 s, and only who writes through the API pays for it.
        from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
        from aws_lambda_powertools.utilities.idempotency.exceptions import (
            IdempotencyAlreadyInProgressError,
            IdempotencyInconsistentStateError,
            IdempotencyValidationError,
        )
        from aws_lambda_powertools.utilities.idempotency.persistence.dynamodb import DynamoDBPersistenceLayer

        store = DynamoDBPersistenceLayer(
            self._table,
            key_attr="pk",
            sort_key_attr="sk",
            static_pk_value=PARTITION + fingerprint(owner),
            expiry_attr="ttl",
            boto3_client=self._client,
        )
        config = IdempotencyConfig(
            event_key_jmespath="key",
            payload_validation_jmespath="asked",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=KEPT_SECONDS,
            hash_function="sha256",
            lambda_context=context,
        )

        def carry_out(*, request: dict[str, str]) -> str:
            return json.dumps(run())

        decorate: Any = idempotent_function(
            data_keyword_argument="request", persistence_store=store, config=config, key_prefix="api"
        )
        carried_out = decorate(carry_out)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a context without a deadline, as tests have
                status, body = json.loads(carried_out(request={"key": key, "asked": asked}))
        except IdempotencyValidationError:
            raise ConflictError("This Idempotency-Key was used for another request. Take a new one.") from None
        except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError):
            raise ConflictError("The first request with this Idempotency-Key is still at work. Ask again.") from None
        return int(status), str(body)
