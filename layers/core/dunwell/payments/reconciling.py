"""The ledger and the gateway compared, and what is missing repaired: events not delivered, money that moved.

A run covers a stretch of time: first the events that were not delivered in it, then every payment that a balance
transaction of it is about. Each payment is looked at as when it is reported, so that a repair is no other way of
posting. The place is kept after each page; taking a page again changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dunwell.errors import ConflictError, DunwellError, UnavailableError
from dunwell.payments.following import posted_as
from dunwell.payments.gateway_events import GatewayEvent, GatewayEventKind, GatewayEvents, Outcome
from dunwell.payments.ports import GatewayPayment, PaymentGateway, PaymentStatus

FIRST_SECONDS = 30 * 86_400
"""So far back the gateway lists its events."""
OVERLAP_SECONDS = 3_600
"""What the gateway lists late is found by the next run."""
RESERVE_SECONDS = 60
"""No page is begun with less time left."""
_MOST_NAMED = 200


class Step(StrEnum):
    """What a run is at."""

    EVENTS = "events"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of what the gateway lists, newest first; ``last`` is where the next one begins."""

    reports: tuple[GatewayEvent, ...]
    last: str
    more: bool


class GatewayBooks(Protocol):
    """The gateway's own lists. Every method raises UnavailableError when it does not answer."""

    def undelivered(self, since: int, until: int, after: str) -> Listed:
        """Reports of a stretch of time that some endpoint of ours has not taken; epochs in seconds."""
        ...

    def moved(self, since: int, until: int, after: str) -> Listed:
        """A report for each payment that money moved for in a stretch of time."""
        ...


@dataclass(frozen=True, slots=True)
class Apart:
    """A payment that is another amount at the gateway than here; ``minor``: what is there less what is here."""

    reference: str
    currency: str
    minor: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A run, under way or done.

    Attributes:
        since, until: the stretch of time (seconds since 1970); ``after``: the place in the list under way.
        reports: how many undelivered reports were applied; payments: how many payments were compared; others: how many
            were not made through Dunwell.
        found: what was apart before the repair, by currency (minor units: what is there less what is here).
        repaired: how many payments it brought together; left: those that it could not.
        suspended: money of customers who are not known, by currency: it waits in suspense.
        version: how many times it was stored.
    """

    since: int
    until: int
    step: Step = Step.EVENTS
    after: str = ""
    done: bool = False
    reports: int = 0
    payments: int = 0
    others: int = 0
    found: dict[str, int] = field(default_factory=dict)
    repaired: int = 0
    left: tuple[Apart, ...] = ()
    suspended: dict[str, int] = field(default_factory=dict)
    version: int = 0

    def left_minor(self) -> dict[str, int]:
        """What is still apart, by currency; zero when the ledger says what the gateway says."""
        totals = dict.fromkeys(self.found, 0)
        for one in self.left:
            totals[one.currency] = totals.get(one.currency, 0) + one.minor
        return totals


class ReconciliationStore(Protocol):
    """Keeps the run under way, or the last one."""

    def last(self) -> Reconciliation | None:
        """The last stored place; None before the first run."""
        ...

    def save(self, run: Reconciliation) -> bool:
        """Store it if the stored one is the version before; False: another run was faster."""
        ...


class Reconciling:
    """Compares and repairs.

    Args:
        epoch: the gateway's clock: real seconds since 1970.
        now: in the creditor's time zone.
    """

    def __init__(
        self,
        books: GatewayBooks,
        gateway: PaymentGateway,
        events: GatewayEvents,
        store: ReconciliationStore,
        *,
        epoch: Callable[[], float],
        now: Callable[[], datetime],
        method: str = "stripe",
    ) -> None:
        self._books = books
        self._gateway = gateway
        self._events = events
        self._store = store
        self._epoch = epoch
        self._now = now
        self._method = method

    def run(self, left_seconds: Callable[[], float]) -> Reconciliation | None:
        """Go on with the run under way, or begin one; None when another run is at it.

        Returns:
            The run: done, or to be gone on with.

        Raises:
            UnavailableError, ConflictError: the gateway or the ledger did not take part; the place is kept.
        """
        run = self._begun(self._store.last())
        while not run.done and left_seconds() >= RESERVE_SECONDS:
            page = self._page(run)
            for report in page.reports:
                run = self._take(run, report)
            run = replace(_next(run, page), version=run.version + 1)
            if not self._store.save(run):
                return None
        return run

    def _begun(self, last: Reconciliation | None) -> Reconciliation:
        if last and not last.done:
            return last
        until = int(self._epoch())
        since = max(last.until - OVERLAP_SECONDS, until - FIRST_SECONDS) if last else until - FIRST_SECONDS
        left = last.left if last else ()
        return Reconciliation(since, until, left=left, version=last.version if last else 0)

    def _page(self, run: Reconciliation) -> Listed:
        if run.step is Step.EVENTS:
            return self._books.undelivered(run.since, run.until, run.after)
        page = self._books.moved(run.since, run.until, run.after)
        if run.after:
            return page
        # What the run before could not bring together is looked at again, however long ago it moved.
        again = tuple(
            GatewayEvent(f"again#{one.reference}", GatewayEventKind.PAYMENT_DISPUTED, one.reference) for one in run.left
        )
        return replace(page, reports=(*again, *page.reports))

    def _take(self, run: Reconciliation, report: GatewayEvent) -> Reconciliation:
        if run.step is Step.MONEY:
            return self._compare(run, report.payment_reference)
        try:
            outcome = self._events.apply(report, self._now())
        except (UnavailableError, ConflictError):
            raise
        except DunwellError:
            return run  # its payment, if it has one, is compared and named below
        return replace(run, reports=run.reports + (outcome is not Outcome.IGNORED))

    def _compare(self, run: Reconciliation, reference: str) -> Reconciliation:
        left = tuple(one for one in run.left if one.reference != reference)
        try:
            payment = self._gateway.payment(reference, contested=True)
            if not payment.customer_id:
                return replace(run, others=run.others + 1)
            before = self._here(payment)
            outcome = self._events.follow(payment, self._now())
        except (UnavailableError, ConflictError):
            raise
        except DunwellError as error:
            apart = Apart(reference, "", 0, type(error).__name__)
            return replace(run, payments=run.payments + 1, left=(*left, apart)[:_MOST_NAMED])
        run, there = replace(run, payments=run.payments + 1), _there(payment)
        after = self._here(payment)
        if outcome is Outcome.UNMATCHED:
            run = replace(run, suspended=_plus(run.suspended, payment.currency, after))
        run = replace(run, found=_plus(run.found, payment.currency, there - before))
        if after != there:
            left = (*left, Apart(reference, payment.currency, there - after))[:_MOST_NAMED]
        return replace(run, left=left, repaired=run.repaired + (before != there == after))

    def _here(self, payment: GatewayPayment) -> int:
        """What of a payment stands in the ledger, in suspense too."""
        account = self._events.account_of(payment, self._now())
        return account.books.standing_minor(posted_as(account, payment, self._method)) if account else 0


def _there(payment: GatewayPayment) -> int:
    """What of a payment the gateway has: received, less what went back."""
    if payment.status is not PaymentStatus.SUCCEEDED:
        return 0
    gone = payment.refunded_minor + sum(one.withdrawn_minor for one in payment.disputes)
    return max(0, payment.amount_minor - gone)


def _plus(totals: dict[str, int], currency: str, minor: int) -> dict[str, int]:
    return {**totals, currency: totals.get(currency, 0) + minor}


def _next(run: Reconciliation, page: Listed) -> Reconciliation:
    if page.more:
        return replace(run, after=page.last)
    if run.step is Step.EVENTS:
        return replace(run, step=Step.MONEY, after="")
    return replace(run, after="", done=True)
