"""The payment gateway, and what its reports do."""

from functools import cache
from typing import TYPE_CHECKING

from dunwell_aws.bootstrap import base, books, ingestion
from dunwell_aws.environment import GatewayEnvironment, GatewayEventsEnvironment, read_environment

if TYPE_CHECKING:
    from datetime import date

    from dunwell.payments.debits import DebitCollector
    from dunwell.payments.gateway_events import GatewayEvents
    from dunwell_aws.orders import DynamoOrderStore
    from dunwell_aws.raw_events import RawEvents
    from dunwell_aws.stripe_gateway import StripeGateway
    from dunwell_aws.stripe_secret import StripeSecret
    from dunwell_aws.stripe_source import StripeSource


@cache
def orders() -> "DynamoOrderStore":
    """Checkout orders."""
    from dunwell_aws.orders import DynamoOrderStore

    return DynamoOrderStore(books.ledger_table())


@cache
def stripe_secret() -> "StripeSecret":
    """The payment gateway's keys."""
    from dunwell_aws.aws import client
    from dunwell_aws.stripe_secret import StripeSecret

    return StripeSecret(client("secretsmanager"), read_environment(GatewayEnvironment).stripe_secret)


@cache
def gateway() -> "StripeGateway":
    """The payment gateway. Imports the SDK: ask only when money is about to move."""
    from dunwell_aws.stripe_gateway import StripeGateway
    from dunwell_aws.stripe_methods import Offer

    given = read_environment(GatewayEnvironment)
    kinds, three_decimals = (
        [one for one in named.split(",") if one] for named in (given.stripe_methods, given.stripe_three_decimals)
    )
    offer = Offer(tuple(kinds), given.stripe_configuration, frozenset(three_decimals))
    return StripeGateway(stripe_secret(), given.stripe_api_base, offer, base.clock())


def debit_collector() -> "DebitCollector":
    """Who debits saved methods, by the policy in force."""
    from dunwell.payments.debits import DebitCollector
    from dunwell.payments.stops import Hours
    from dunwell_aws.agreed import PolicyArrangements

    agreed = PolicyArrangements(base.policy().arrangements)
    return DebitCollector(books.ledger(), gateway(), agreed, Hours(agreed.works))


@cache
def gateway_events() -> "GatewayEvents":
    """What the gateway's reports do: by webhook, by reconciliation, by the sync."""
    from dunwell.payments.gateway_events import GatewayEvents

    return GatewayEvents(
        books.ledger(), orders(), gateway(), unknown=ingestion.cash(), payouts=_take_payout, works=_banks_work
    )


def _banks_work(day: "date") -> bool:
    from dunwell_aws.agreed import PolicyArrangements

    return PolicyArrangements(base.policy().arrangements).works(day)


def _take_payout(reference: str) -> None:
    from dunwell.ingestion.records import RejectedRowError
    from dunwell_aws.observability import logger

    try:
        payout = stripe_source().payout(reference)
    except RejectedRowError as error:
        logger.warning("payout rejected", payout=reference, reason=error.reject.reason)
        return
    if payout:
        ingestion.remittance_index().expect(payout)


@cache
def stripe_source() -> "StripeSource":
    """Stripe as a source that is pulled."""
    from dunwell_aws.stripe_client import StripeConnection
    from dunwell_aws.stripe_source import StripeSource

    connection = StripeConnection(stripe_secret(), read_environment(GatewayEnvironment).stripe_api_base)
    return StripeSource(connection, base.policy().creditor.timezone, base.clock().now)


@cache
def raw_events() -> "RawEvents":
    """The gateway's reports as they came."""
    from dunwell_aws.aws import client
    from dunwell_aws.raw_events import RawEvents

    return RawEvents(client("s3"), read_environment(GatewayEventsEnvironment).gateway_events_bucket)
