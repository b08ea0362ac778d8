"""The daily pass over open accounts, in pages, resumable from a cursor.

A worker owns every ``workers``-th shard of the work list. It goes through its customers in order and, when the
function's time runs short, returns a cursor from which the next invocation goes on; a page done twice changes nothing.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from itertools import islice
from typing import Any

from pydantic import BaseModel, ConfigDict

from dunwell.dates import business_date
from dunwell.errors import InvalidInputError
from dunwell.ledger.model import Account
from dunwell.ledger.ports import SHARDS, Ledger

PAGE = 50
_THREADS = 8
_MARGIN_MILLISECONDS = 20_000


class Request(BaseModel):
    """What the daily cycle was started with. ``as_of``: a business date (ISO); the clock's when absent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    as_of: date | None = None


class Pass(BaseModel):
    """What the state machine gives a worker, and gets back from it.

    Attributes:
        run: names the daily cycle's execution, so that a page tried again is recognised; empty outside of it.
        cursor: where the last invocation stopped, or empty.
        charged: fees, interest and corrections posted so far; scored: invoices scored so far.
        moments: how many of the model's answers have been looked at for its log so far.
        reasons: contacts planned so far, by reason code; escalated: cases called for.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    worker: int
    workers: int
    request: Request = Request()
    run: str = ""
    cursor: str = ""
    charged: int = 0
    scored: int = 0
    moments: int = 0
    reasons: dict[str, int] = {}
    escalated: int = 0

    def business_date(self, now: datetime, zone: str) -> date:
        """The date asked for, or the clock's in the creditor's zone.

        Raises:
            InvalidInputError: the date asked for is still to come; what was done then would stand as the newest until
                that day.
        """
        today = business_date(now, zone)
        as_of = self.request.as_of or today
        if as_of > today:
            raise InvalidInputError(f"{as_of} is still to come: as_of may be {today} at the latest.", field="as_of")
        return as_of

    def then(self, **found: Any) -> dict[str, Any]:
        """This with what was found, as the next state's input."""
        return self.model_copy(update=found).model_dump(mode="json")


def run_pass(
    request: Pass,
    ledger: Ledger,
    work: Callable[[Sequence[Account]], None],
    remaining_milliseconds: Callable[[], int],
) -> str:
    """Give the worker's accounts to ``work`` page by page; the cursor to go on from, empty when all are done."""
    shard, _, after = request.cursor.partition("/")
    with ThreadPoolExecutor(_THREADS) as pool:  # one for all pages: threads cost more than a page of a few accounts
        for number in range(int(shard or request.worker), SHARDS, request.workers):
            ids = ledger.open_customer_ids(number, after)
            after = ""
            while page := list(islice(ids, PAGE)):
                accounts = pool.map(ledger.load, page)
                work([account for account in accounts if account and not account.customer.is_internal])
                if remaining_milliseconds() < _MARGIN_MILLISECONDS:
                    return f"{number}/{page[-1]}"
    return ""
