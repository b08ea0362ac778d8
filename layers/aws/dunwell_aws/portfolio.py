"""The daily pass over open accounts, in pages, resumable from a cursor.

A worker owns every ``workers``-th shard of the work list. It goes through its customers in order and, when the
function's time runs short, returns a cursor from which the next invocation goes on; a page done twice changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from pydantic import BaseModel, ConfigDict

from dunwell.ledger.model import Account
from dunwell.ledger.ports import SHARDS, Ledger

PAGE = 50
_THREADS = 8
_MARGIN_MILLISECONDS = 20_000


class Pass(BaseModel):
    """What the state machine gives a worker.

    Attributes:
        as_of: business date (ISO), or empty for the clock's.
        cursor: where the last invocation stopped, or empty.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    worker: int
    workers: int
    as_of: str = ""
    cursor: str = ""


def run_pass(
    request: Pass,
    ledger: Ledger,
    work: Callable[[Sequence[Account]], None],
    remaining_milliseconds: Callable[[], int],
) -> str:
    """Give the worker's accounts to ``work`` page by page; the cursor to go on from, empty when all are done."""
    shard, _, after = request.cursor.partition("/")
    for number in range(int(shard or request.worker), SHARDS, request.workers):
        ids = ledger.open_customer_ids(number, after)
        after = ""
        while page := list(islice(ids, PAGE)):
            work(list(_accounts(ledger, page)))
            if remaining_milliseconds() < _MARGIN_MILLISECONDS:
                return f"{number}/{page[-1]}"
    return ""


def _accounts(ledger: Ledger, customer_ids: Sequence[str]) -> Iterator[Account]:
    with ThreadPoolExecutor(_THREADS) as pool:
        yield from (account for account in pool.map(ledger.load, customer_ids) if account)
