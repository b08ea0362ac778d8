"""What customers choose for themselves: it outlives what their source says."""

from dataclasses import replace
from datetime import datetime

from dunwell.accounts.contact_points import Channel, PartOfDay
from dunwell.accounts.model import Customer
from dunwell.errors import InvalidInputError
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update

LANGUAGE, CHANNEL, HOURS = "language", "preferred_channel", "preferred_hours"
"""The fields of a customer that they may choose."""
FROM_PORTAL = "portal"
"""How a consent or refusal is known that the customer gave on a page of ours."""


def with_language(customer: Customer, language: str) -> Customer:
    """After the customer chose a language; again changes nothing."""
    return _chosen(replace(customer, language=language), LANGUAGE)


def with_channel(customer: Customer, channel: Channel | None) -> Customer:
    """After the customer chose the channel to be written to first, or none."""
    return _chosen(replace(customer, preferred_channel=channel), CHANNEL)


def with_hours(customer: Customer, hours: PartOfDay | None) -> Customer:
    """After the customer chose the part of the day to be written to, or none."""
    return _chosen(replace(customer, preferred_hours=hours), HOURS)


def choose_language(ledger: Ledger, customer_id: str, language: str) -> Account:
    """Keep the language that a customer chose; again changes nothing.

    Raises:
        NotFoundError: there is no such customer.
    """

    def decide(account: Account) -> Change:
        chosen = with_language(account.customer, language)
        return Change(account, None if chosen == account.customer else chosen)

    return update(ledger, customer_id, decide)


def _chosen(customer: Customer, field: str) -> Customer:
    return replace(customer, chosen=tuple(sorted({*customer.chosen, field})))


def choose(
    ledger: Ledger, customer_id: str, language: str, channel: Channel | None, hours: PartOfDay | None
) -> Account:
    """Keep how a customer wants to hear from us; again changes nothing.

    Raises:
        NotFoundError: there is no such customer.
    """

    def decide(account: Account) -> Change:
        chosen = with_hours(with_channel(with_language(account.customer, language), channel), hours)
        return Change(account, None if chosen == account.customer else chosen)

    return update(ledger, customer_id, decide)


def permit(ledger: Ledger, customer_id: str, channel: Channel, allowed: bool, words: str, now: datetime) -> Account:
    """Keep that a customer agreed to a channel, or refused it; what stands already changes nothing.

    Args:
        words: what the customer was shown, in their language.

    Raises:
        InvalidInputError: nothing leads to the customer on this channel. NotFoundError: there is no such customer.
    """

    def decide(account: Account) -> Change:
        customer = account.customer
        if allowed and not customer.address(channel):
            raise InvalidInputError("We have no address or number for this.", field="channel", code="no_address")
        if allowed == (channel not in customer.opted_out) and (not allowed or customer.consent(channel)):
            return Change(account)
        change = customer.with_consent if allowed else customer.with_refusal
        return Change(account, change(channel, now, FROM_PORTAL, words))

    return update(ledger, customer_id, decide)
