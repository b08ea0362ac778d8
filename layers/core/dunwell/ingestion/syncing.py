"""Pulling a source: everything once, then every change, stopping and going on wherever it stopped.

The first run reads each of the source's lists to its end. The change that was the newest before it began is noted, and
from it the source's own log of changes is followed ever after: no list can be asked for what was updated, and reading
a window of each again would miss what changes later than the window. The place is stored after each page, so a crash
repeats a page at most, and taking a record twice writes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from dunwell.errors import UnavailableError
from dunwell.ingestion.ports import PaymentReports, RecordSink
from dunwell.ingestion.records import Record, Reject
from dunwell.remittance.model import Payout

RESERVE_SECONDS = 90
"""No page is begun with less time left: that is what the slowest page takes."""


class SourceBusyError(UnavailableError):
    """The source asks for a pause that is longer than waiting here is worth."""


class _OvertakenError(Exception):
    """Another run stored a place of the same source meanwhile."""


class PlaceLostError(Exception):
    """The source does not know the place any more at which reading was to go on."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A change in the source's log; ``at_epoch`` is when it happened by the source's clock (seconds since 1970)."""

    change_id: str
    at_epoch: int


class Phase(StrEnum):
    """Reading everything, or following the changes."""

    EVERYTHING = "everything"
    FOLLOWING = "following"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The place at which a source's next page begins.

    Attributes:
        stream, after: the list that is being read, and the last object taken of it; empty at its beginning.
        mark: the change up to which everything is taken or will be; None while the source has told of none.
        version: how many times it was stored.
    """

    source: str
    phase: Phase = Phase.EVERYTHING
    stream: str = ""
    after: str = ""
    mark: Mark | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """One customer's part of a page.

    Attributes:
        customer_id: Dunwell's own id, when the source carries it.
        payments: the gateway's names of payments that were made through Dunwell: those are looked at as when reported.
    """

    records: tuple[Record, ...] = ()
    customer_id: str = ""
    payments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list; ``last`` is where the next one begins."""

    batches: tuple[Batch, ...]
    rejects: tuple[Reject, ...]
    last: str
    more: bool
    payouts: tuple[Payout, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A page of the log, oldest change first.

    Attributes:
        last: the newest change of the page; None when there was none.
        settled: the newest one before which no other can still appear; None when all are too fresh to say.
    """

    batches: tuple[Batch, ...]
    rejects: tuple[Reject, ...]
    last: Mark | None
    settled: Mark | None
    more: bool
    payouts: tuple[Payout, ...] = ()


class SourceApi(Protocol):
    """A source that can be pulled.

    Every method raises UnavailableError when the source does not answer and SourceBusyError when it asks for a pause.
    """

    @property
    def name(self) -> str:
        """The source's name in the keys of its records."""
        ...

    @property
    def streams(self) -> tuple[str, ...]:
        """Its lists, in the order in which they are read."""
        ...

    def newest(self) -> Mark | None:
        """A change such that all that is not in the lists yet comes after it; None when the log is empty."""
        ...

    def read(self, stream: str, after: str) -> Page:
        """The page of a list after an object.

        Raises:
            PlaceLostError: there is no such object any more.
        """
        ...

    def changes(self, since: Mark) -> ChangePage:
        """What changed after a change, each object as it is now.

        Raises:
            PlaceLostError: the log does not reach back so far.
        """
        ...


class CheckpointStore(Protocol):
    """Checkpoints by source."""

    def checkpoint(self, source: str) -> Checkpoint | None:
        """The stored place, or None before the first run."""
        ...

    def save(self, checkpoint: Checkpoint) -> bool:
        """Store it if the stored one is the version before; False: another run was faster."""
        ...


class PayoutStore(Protocol):
    """Payouts that are on their way to the bank."""

    def expect(self, payout: Payout) -> bool:
        """Keep what a gateway says of a payout; whether that was new. An older version changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a run did.

    Attributes:
        ended: ``done``: nothing is left to take; ``time``, ``busy``: the next run goes on; ``overtaken``: another
            run is at it.
        pages, written, unchanged: how much was taken; payments: how many of our own were looked at; payouts: of how
            many something new was told.
    """

    ended: str = ""
    pages: int = 0
    written: int = 0
    unchanged: int = 0
    payments: int = 0
    payouts: int = 0
    rejects: tuple[Reject, ...] = ()


class Sync:
    """Pulls one source into the ledger."""

    def __init__(
        self,
        api: SourceApi,
        sink: RecordSink,
        payments: PaymentReports,
        checkpoints: CheckpointStore,
        payouts: PayoutStore,
    ) -> None:
        self._api = api
        self._sink = sink
        self._payments = payments
        self._checkpoints = checkpoints
        self._payouts = payouts
        self._report = SyncReport()

    def run(self, left_seconds: Callable[[], float]) -> SyncReport:
        """Take what is new, page by page, while there is time.

        Args:
            left_seconds: how long this run may still last.

        Raises:
            UnavailableError, ConflictError: the source or the ledger did not take part; the place is kept.
        """
        self._report = SyncReport()
        try:
            ended = self._pull(left_seconds)
        except SourceBusyError:
            ended = "busy"
        except _OvertakenError:
            ended = "overtaken"
        return replace(self._report, ended=ended)

    def _pull(self, left_seconds: Callable[[], float]) -> str:
        at = self._checkpoints.checkpoint(self._api.name) or Checkpoint(self._api.name)
        since = at.mark  # how far this run has followed; the stored mark stays behind what is too fresh
        while left_seconds() >= RESERVE_SECONDS:
            if at.phase is Phase.EVERYTHING:
                at = self._read_on(at)
                since = at.mark
            elif since is None:
                if self._api.newest() is None:
                    return "done"
                at = self._begun_afresh(at)
            elif page := self._changes(since):
                at = self._follow(at, page)
                if not page.more:
                    return "done"
                since = page.last or since
            else:
                at = self._begun_afresh(at)
        return "time"

    def _begun_afresh(self, at: Checkpoint) -> Checkpoint:
        """The place of a reader that knows nothing yet."""
        return self._saved(Checkpoint(at.source, version=at.version))

    def _read_on(self, at: Checkpoint) -> Checkpoint:
        """Take a page of the list under way; the place afterwards."""
        if not at.stream:
            at = replace(at, stream=self._api.streams[0], mark=self._api.newest())
        try:
            page = self._api.read(at.stream, at.after)
        except PlaceLostError:
            return self._saved(replace(at, after=""))
        self._take(page)
        if page.more:
            return self._saved(replace(at, after=page.last))
        following = self._api.streams[self._api.streams.index(at.stream) + 1 :]
        if following:
            return self._saved(replace(at, stream=following[0], after=""))
        return self._saved(replace(at, phase=Phase.FOLLOWING, stream="", after=""))

    def _changes(self, since: Mark) -> ChangePage | None:
        """The next page of the log; None when it does not reach back so far."""
        try:
            return self._api.changes(since)
        except PlaceLostError:
            return None

    def _follow(self, at: Checkpoint, page: ChangePage) -> Checkpoint:
        """Take changes. Only a settled one becomes the place: others may still appear among the fresh ones."""
        self._take(page)
        return self._saved(replace(at, mark=page.settled)) if page.settled else at

    def _saved(self, at: Checkpoint) -> Checkpoint:
        stored = replace(at, version=at.version + 1)
        if not self._checkpoints.save(stored):
            raise _OvertakenError
        return stored

    def _take(self, page: Page | ChangePage) -> None:
        """Hand a page over, customer by customer; our own payments first, so that their orders direct the money."""
        report = replace(self._report, pages=self._report.pages + 1, rejects=self._report.rejects + page.rejects)
        for batch in page.batches:
            strangers = [_unknown(batch) for reference in batch.payments if not self._payments.look(reference)]
            taken = self._sink.take(self._api.name, batch.records, batch.customer_id)
            report = replace(
                report,
                written=report.written + taken.written,
                unchanged=report.unchanged + taken.unchanged,
                payments=report.payments + len(batch.payments),
                rejects=(*report.rejects, *strangers, *taken.rejects),
            )
        told = sum(self._payouts.expect(payout) for payout in page.payouts)
        self._report = replace(report, payouts=report.payouts + told)


def _unknown(batch: Batch) -> Reject:
    fix = "it waits among the money that belongs to nobody"
    return Reject(0, "customer", batch.customer_id, "the ledger has no such customer", fix)
