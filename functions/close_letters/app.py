"""Writes the manifest of yesterday's letters for the print service; triggered by a schedule through a queue."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from dunwell.dates import business_date
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import base, sending
from dunwell_aws.observability import count, logger, observed

if TYPE_CHECKING:
    from dunwell_aws.letters import LetterOutbox


class Order(BaseModel):
    """What a message asks for; without a date, the creditor's last business date that is over."""

    day: date | None = None


@observed
def handler(event: dict[str, Any], context: Any, *, outbox: "LetterOutbox | None" = None) -> BatchAnswer:
    """A batch of orders. A manifest made again has what came since, and no letter is in two of them."""

    def close(body: str) -> None:
        day = Order.model_validate_json(body).day or _yesterday()
        letters = (outbox or sending.letter_outbox()).close_day(day)
        logger.info("manifest written", day=day.isoformat(), letters=len(letters))
        count("LettersListed", len(letters))

    return each_message(event, close)


def _yesterday() -> date:
    return business_date(base.clock().now(), base.policy().creditor.timezone) - timedelta(days=1)
