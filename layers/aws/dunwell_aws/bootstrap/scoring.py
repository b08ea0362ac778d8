"""What scores are made from beside the ledger."""

from functools import cache
from typing import TYPE_CHECKING

from dunwell_aws.bootstrap import base, books

if TYPE_CHECKING:
    from dunwell.scoring.outside import Outside
    from dunwell_aws.series import DynamoSeries


@cache
def series() -> "DynamoSeries":
    """Figures about industries and everybody."""
    from dunwell_aws.series import DynamoSeries

    return DynamoSeries(books.ledger_table())


def outside() -> "Outside":
    """What was published beside the ledger; afresh for each pass, and read only for a model that was trained on it."""
    from dunwell.scoring.outside import Outside

    return Outside(lambda name: series().series(name), base.policy().proxies)
