"""Taking customers' rows into the ledger: known ones passed over, the others compared, written and remembered."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from dunwell.errors import ConflictError, InvalidInputError
from dunwell.ingestion.figures import SeriesStore, take_series
from dunwell.ingestion.importing import Origin, customer_id, import_records
from dunwell.ingestion.known import Known, KnownFacts, changed, learnt, merged, news, without
from dunwell.ingestion.ports import ChangeWatcher
from dunwell.ingestion.records import FigureRecord, Row, group_of, is_series
from dunwell.ingestion.tally import Tally
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import ATTEMPTS

_MERGERS = 16
"""A customer merged into one that was merged into another … goes no further; beyond it the chain is a mistake."""


@dataclass(frozen=True, slots=True)
class CustomerRows:
    """Rows of one customer, and the id of the account that they are for; or rows of one series, for no account."""

    customer_id: str
    rows: Sequence[Row]


class Importer:
    """Takes rows into a ledger. Safe to repeat.

    Args:
        watcher: is told of each change before it is committed.
        series: keeps figures about industries and everybody; without it they are refused.
    """

    def __init__(
        self,
        ledger: Ledger,
        creditor_id: str,
        known: KnownFacts,
        watcher: ChangeWatcher | None = None,
        series: SeriesStore | None = None,
    ) -> None:
        self._ledger = ledger
        self.creditor_id = creditor_id
        self._known = known
        self._watcher = watcher
        self._series = series

    def take(self, page: Sequence[CustomerRows], origin: Origin) -> list[Tally]:
        """Take the rows of some customers, each at most once in the page; one look at the cache for all.

        Raises:
            ConflictError: a race for an account was lost every time.
        """
        known = self._known.load(origin.source, [one.customer_id for one in page if one.customer_id])
        return [
            self._take(one, known.get(one.customer_id, Known()), origin)
            if one.customer_id
            else self._take_series(one.rows, origin)
            for one in page
        ]

    def _take_series(self, rows: Sequence[Row], origin: Origin) -> Tally:
        if self._series is None:
            raise InvalidInputError("figures about industries or everybody have no store here")
        figures = [row for row in rows if isinstance(row, FigureRecord)]
        for _ in range(ATTEMPTS - 1):
            with suppress(ConflictError):
                return take_series(figures, self._series, origin.today)
        return take_series(figures, self._series, origin.today)

    def _take(self, one: CustomerRows, known: Known, origin: Origin) -> Tally:
        new = news(one.rows, known)
        if not new:
            return Tally(in_ledger=len(one.rows), taken=tuple(one.rows))
        safe = self._doubted(one.customer_id, new, known, origin.source)
        tally = self._import(one.customer_id, new, origin)
        content = learnt(safe, tally.taken, tally.lasting)
        if content != safe.content:
            self._keep(one.customer_id, content, safe, origin.source)
        if len(new) == len(one.rows):
            return tally
        fresh = {id(row) for row in new}
        passed = tuple(row for row in one.rows if id(row) not in fresh)
        return replace(tally, in_ledger=tally.in_ledger + len(passed), taken=tally.taken + passed)

    def _doubted(self, customer: str, new: Sequence[Row], known: Known, source: str) -> Known:
        """Before a known fact changes the cache forgets it: whoever dies after the change leaves no lie behind."""
        if not known.content or not (keys := changed(new, known)):
            return known
        return self._keep(customer, without(known, keys), known, source)

    def _keep(self, customer: str, content: dict[bytes, bytes], before: Known, source: str) -> Known:
        """Keep content; when somebody else did meanwhile, what both agree on."""
        wanted = Known(before.token, content)
        for _ in range(ATTEMPTS):
            token = self._known.keep(source, customer, wanted)
            if token is not None:
                return Known(token, wanted.content)
            stored = self._known.load(source, [customer]).get(customer, Known())
            wanted = Known(stored.token, merged(stored, content, before))
        raise ConflictError("the rows known of a customer were changed again and again")

    def _import(self, customer: str, rows: Sequence[Row], origin: Origin) -> Tally:
        """Import one customer's rows, afresh after a lost race."""
        for attempt in range(1, ATTEMPTS + 1):
            imported = import_records(self.account(customer), rows, origin)
            try:
                for change in imported.changes:
                    if self._watcher:
                        self._watcher.note(change)
                    self._ledger.commit(change)
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
            else:
                return imported.tally
        raise AssertionError("unreachable: the last attempt returns or raises")

    def account(self, customer: str) -> Account | None:
        """The account that the customer's facts belong to, through mergers."""
        for _ in range(_MERGERS):
            account = self._ledger.load(customer)
            if account is None or not account.customer.merged_into:
                return account
            customer = account.customer.merged_into
        raise ConflictError("the customer was merged again and again")


def customer_key(row: Row, origin: Origin) -> str:
    """The id of the customer that a row is about, as its source knows them; empty for a series."""
    if is_series(row):
        return ""
    source, number, _ = group_of(row)
    return customer_id(origin.creditor_id, source or origin.source, number)
