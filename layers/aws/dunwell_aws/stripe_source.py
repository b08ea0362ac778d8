"""Stripe as a source that is pulled: ``dunwell.ingestion.syncing.SourceApi`` over the SDK.

Stripe's lists cannot be asked for what was updated, but its log of events can be asked for what came after an event.
An event says which object changed; the object is fetched again, because events come in no sure order.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import stripe

from dunwell.errors import NotFoundError, UnavailableError
from dunwell.ingestion.pacing import TokenBucket
from dunwell.ingestion.records import CustomerRecord, Record, Reject, RejectedRowError
from dunwell.ingestion.syncing import Batch, ChangePage, Mark, Page, PlaceLostError, SourceBusyError
from dunwell.remittance.model import Payout
from dunwell_aws.observability import logger
from dunwell_aws.stripe_client import StripeConnection
from dunwell_aws.stripe_payouts import payout_of
from dunwell_aws.stripe_records import (
    Object,
    Reading,
    credit_note_records,
    customer_behind,
    customer_record,
    invoice_records,
    payment_records,
)

PAGE = 100
REQUESTS_PER_SECOND = 20
"""Under Stripe's limit of 25 in test mode and 100 live, which the portal's payments need as well."""
SETTLE_SECONDS = 300
"""An event may appear beside older ones for so long after it happened."""

_BURST = 20
_TRIES = 5
_LONGEST_WAIT_SECONDS = 30.0
# As many as Stripe takes. Drafts are passed over, so an invoice begins when it is finalized. Left out is what changes
# no record: an invoice that is uncollectible is owed as before, a credit note's update is to its memo, and a dispute
# counts from when its funds are withdrawn.
_EVENTS = [
    "customer.created", "customer.updated", "customer.deleted",
    "invoice.finalized", "invoice.updated", "invoice.paid", "invoice.voided",
    "credit_note.created", "credit_note.voided",
    "charge.pending", "charge.succeeded", "charge.captured", "charge.failed", "charge.refunded",
    "refund.failed",
    "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
    "payout.reconciliation_completed", "payout.paid", "payout.failed",
]  # fmt: skip
_EXPANDED = {
    "customers": [],
    "invoices": ["customer"],
    "credit_notes": ["customer", "invoice"],
    "charges": ["customer", "payment_intent", "refunds"],
    "payouts": [],
}
_PAYOUTS = "payouts"
_PAYOUTS_A_PAGE = 20
MOVEMENTS_PAGES = 10
"""Pages of what a payout carries that are read of one: with a page of payouts that is what a run has time for."""
T = TypeVar("T")


class StripeSource:
    """See the port.

    Args:
        now: the deployment's instant; it orders readings.
        epoch: real seconds since 1970, as Stripe counts.
        monotonic, sleep: how waiting is done.
    """

    name = "stripe"
    streams = tuple(_EXPANDED)

    def __init__(
        self,
        connection: StripeConnection,
        timezone: str,
        now: Callable[[], datetime],
        *,
        epoch: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._stripe = connection
        self._timezone = timezone
        self._now = now
        self._epoch = epoch
        self._monotonic = monotonic
        self._sleep = sleep
        self._pace = TokenBucket(REQUESTS_PER_SECOND, _BURST)

    def newest(self) -> Mark | None:
        """See the port: the newest settled event, or the oldest of those that are all too fresh."""
        marks = [_mark(event) for event in self._events({"limit": PAGE})[0]]
        return self._settled(marks[::-1]) or (marks[-1] if marks else None)

    def read(self, stream: str, after: str) -> Page:
        """See the port. Failed charges are left out: nothing of them was ever announced here."""
        reading = self._reading()
        limit = _PAYOUTS_A_PAGE if stream == _PAYOUTS else PAGE
        params: dict[str, Any] = {"limit": limit, "expand": [f"data.{name}" for name in _EXPANDED[stream]]}
        if after:
            params["starting_after"] = after
        found = self._ask(lambda v1: getattr(v1, stream).list(params))
        things = [thing.to_dict() for thing in found.data]
        kept = [(stream, thing) for thing in things if stream == _PAYOUTS or thing.get("status") != "failed"]
        batches, rejects, payouts = self._sorted(kept, reading)
        return Page(batches, rejects, things[-1]["id"] if things else after, found.has_more, payouts)

    def changes(self, since: Mark) -> ChangePage:
        """See the port. The log reaches back 30 days."""
        reading = self._reading()
        events, more = self._events({"limit": PAGE, "ending_before": since.change_id})
        events.reverse()
        changed = {_changed(event): event for event in events}
        things = [(stream, self._fetched(stream, key, changed[stream, key])) for stream, key in _in_order(changed)]
        batches, rejects, payouts = self._sorted([(stream, thing) for stream, thing in things if thing], reading)
        marks = [_mark(event) for event in events]
        return ChangePage(batches, rejects, marks[-1] if marks else None, self._settled(marks), more, payouts)

    def payout(self, reference: str) -> Payout | None:
        """One payout as it is now, with what it carries; None when it takes money from the bank, or is gone.

        Raises:
            UnavailableError: Stripe does not answer. RejectedRowError: an amount is finer than the ledger counts.
        """
        reading = self._reading()
        try:
            payout = self._ask(lambda v1: v1.payouts.retrieve(reference)).to_dict()
        except (NotFoundError, PlaceLostError):
            return None
        return payout_of(payout, reading, *self._movements(payout))

    def _settled(self, oldest_first: list[Mark]) -> Mark | None:
        cutoff = self._epoch() - SETTLE_SECONDS
        return next((mark for mark in reversed(oldest_first) if mark.at_epoch <= cutoff), None)

    def _reading(self) -> Reading:
        return Reading(self._now().isoformat(timespec="microseconds"), self._timezone)

    def _events(self, params: Mapping[str, Any]) -> tuple[list[dict[str, Any]], bool]:
        """A page of the log, newest first, and whether there are more beyond it."""
        asked: Any = {**params, "types": _EVENTS}
        found = self._ask(lambda v1: v1.events.list(asked))
        return [event.to_dict() for event in found.data], found.has_more

    def _fetched(self, stream: str, key: str, event: Object) -> Object | None:
        """An object as it is now; of a deleted customer what the event kept; None when it is gone."""
        expand: Any = {"expand": _EXPANDED[stream]}
        try:
            thing: dict[str, Any] = self._ask(lambda v1: getattr(v1, stream).retrieve(key, expand)).to_dict()
        except (NotFoundError, PlaceLostError):
            return None
        if stream == "customers" and thing.get("deleted"):
            return {**event["data"]["object"], "id": key, "deleted": True}
        return thing

    # ------------------------------------------------------------ from objects to batches

    def _sorted(
        self, things: list[tuple[str, Object]], reading: Reading
    ) -> tuple[tuple[Batch, ...], tuple[Reject, ...], tuple[Payout, ...]]:
        """What customers owe and paid, what cannot be taken, and the payouts."""
        batches, rejects = self._batches([one for one in things if one[0] != _PAYOUTS], reading)
        payouts: list[Payout] = []
        for payout in (thing for stream, thing in things if stream == _PAYOUTS):
            try:
                made = payout_of(payout, reading, *self._movements(payout))
            except RejectedRowError as error:
                rejects = (*rejects, error.reject)
                continue
            payouts += [made] if made else []
        return batches, rejects, tuple(payouts)

    def _movements(self, payout: Object) -> tuple[list[Object], bool]:
        """The balance transactions that a payout carries, and whether these are all; Stripe knows of its own only."""
        found: list[Object] = []
        if payout["reconciliation_status"] != "completed":
            return found, False
        asked: Any = {"payout": payout["id"], "limit": PAGE, "expand": ["data.source"]}
        for _ in range(MOVEMENTS_PAGES):
            page = self._ask(partial(_balance_transactions, asked=asked))
            found += [one.to_dict() for one in page.data]
            if not page.has_more:
                return found, True
            asked = asked | {"starting_after": found[-1]["id"]}
        return found, False

    def _batches(
        self, things: list[tuple[str, Object]], reading: Reading
    ) -> tuple[tuple[Batch, ...], tuple[Reject, ...]]:
        """Objects by customer, each customer's description first; what is read later describes them."""
        customers: dict[str, CustomerRecord] = {}
        records: dict[str, list[Record]] = {}
        own: list[Batch] = []
        rejects: list[Reject] = []
        for stream, thing in things:
            try:
                if stream == "charges" and (batch := self._own_payment(thing)):
                    own.append(batch)
                    continue
                customer = _customer(stream, thing, reading)
                made = self._records(stream, thing, reading)
                if made and not customer:
                    raise _nobodys(thing)
            except RejectedRowError as error:
                rejects.append(error.reject)
                continue
            if customer:
                customers[customer.customer_number] = customer
                records.setdefault(customer.customer_number, []).extend(made)
        batches = [Batch((customers[number], *found)) for number, found in records.items()]
        return (*batches, *own), tuple(rejects)

    def _own_payment(self, charge: Object) -> Batch | None:
        """A payment that was made through Dunwell: its intent says whose it is, and a look at it does the rest."""
        intent = charge.get("payment_intent") or {}
        customer_id = (intent.get("metadata") or {}).get("customer_id")
        if not customer_id:
            return None
        return Batch((), customer_id, (intent["id"],))

    def _records(self, stream: str, thing: Object, reading: Reading) -> list[Record]:
        match stream:
            case "invoices":
                return invoice_records(thing, reading)
            case "credit_notes":
                return credit_note_records(thing, reading)
            case "charges":
                return payment_records(thing, reading, self._links(thing), self._disputes(thing))
        return []

    def _links(self, charge: Object) -> list[Object]:
        """Which invoices a charge's intent pays: one request, because neither of the two names the other."""
        if not (charge.get("customer") and charge.get("payment_intent")):
            return []
        intent = charge["payment_intent"]["id"]
        params: Any = {
            "payment": {"type": "payment_intent", "payment_intent": intent},
            "limit": PAGE,
            "expand": ["data.invoice"],
        }
        return [link.to_dict() for link in self._ask(lambda v1: v1.invoice_payments.list(params)).data]

    def _disputes(self, charge: Object) -> list[Object]:
        if not charge["disputed"]:
            return []
        return [one.to_dict() for one in self._ask(lambda v1: v1.disputes.list({"charge": charge["id"]})).data]

    # ------------------------------------------------------------ requests

    def _ask(self, request: Callable[[Any], T]) -> T:
        """Make a request at the pace allowed; when Stripe says "too many", wait as long as it says.

        The SDK itself repeats what failed on the way, and not what was refused for its number.
        """
        for attempt in range(1, _TRIES + 1):
            self._wait(self._pace.wait_seconds(self._monotonic()))
            try:
                return request(self._stripe.client().v1)
            except stripe.RateLimitError as error:
                pause = _retry_after(error) or float(2**attempt)
                if attempt == _TRIES or pause > _LONGEST_WAIT_SECONDS:
                    raise SourceBusyError("Stripe asks for a pause; the next run goes on") from error
                self._wait(pause)
            except stripe.StripeError as error:
                raise self._translated(error) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._sleep(seconds)

    def _translated(self, error: stripe.StripeError) -> Exception:
        if isinstance(error, stripe.AuthenticationError):
            self._stripe.key_refused()
        if error.code == "resource_missing":
            at_place = getattr(error, "param", None) in ("starting_after", "ending_before")
            return PlaceLostError() if at_place else NotFoundError("Stripe does not know this object any more")
        logger.warning("source error", kind=type(error).__name__, code=error.code, request=error.request_id)
        return UnavailableError("Stripe did not answer as expected; the next run goes on")


def _balance_transactions(v1: Any, asked: Any) -> Any:
    return v1.balance_transactions.list(asked)


def _mark(event: Object) -> Mark:
    return Mark(event["id"], event["created"])


def _changed(event: Object) -> tuple[str, str]:
    """The list in which the object of an event is, and its id; a refund's and a dispute's is the charge."""
    about = event["data"]["object"]
    if about["object"] in ("refund", "dispute"):
        return "charges", str(about["charge"])
    return f"{about['object']}s", str(about["id"])


def _in_order(changed: Mapping[tuple[str, str], Object]) -> list[tuple[str, str]]:
    """As the lists are read, so that an invoice comes before what pays it."""
    return sorted(changed, key=lambda one: StripeSource.streams.index(one[0]))


def _customer(stream: str, thing: Object, reading: Reading) -> CustomerRecord | None:
    if stream == "customers":
        return customer_record(thing, reading, removed=bool(thing.get("deleted")))
    return customer_behind(thing, reading)


def _nobodys(thing: Object) -> RejectedRowError:
    reason = "the payment names no customer at Stripe and was not made through the portal"
    return RejectedRowError(Reject(0, "customer", thing["id"], reason, "match it to its invoices by hand"))


def _retry_after(error: stripe.StripeError) -> float | None:
    """The seconds that the answer asks to wait."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    try:
        return float(headers["retry-after"])
    except (KeyError, ValueError):
        return None
