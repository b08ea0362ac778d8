"""The customer: the one who owes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CustomerKind(StrEnum):
    """Consumer law protects persons; a business is anything else."""

    PERSON = "person"
    BUSINESS = "business"


class Channel(StrEnum):
    """Ways of reaching a customer."""

    EMAIL = "email"
    SMS = "sms"
    LETTER = "letter"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason to stop some actions.

    Attributes:
        kind: a hold of the contact rules, such as ``bankruptcy`` (``compliance.model.HoldKind``).
        invoice_id: the debt it covers; None covers everything the customer owes.
        placed_at, until: with time zones; until None means until somebody lifts it.
    """

    kind: str
    invoice_id: str | None
    placed_at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A person or business that owes, as the source system describes them.

    Attributes:
        customer_id: made from the creditor, the source and the source's own number.
        number: the source's own number for the customer, printed on its invoices.
        language: ISO 639-1; what messages are written in when a translation exists.
        country, region: ISO 3166 alpha-2 and subdivision code; empty when unknown.
        timezone: IANA name when known, else empty and derived from the address and numbers.
        consents: channels the customer agreed to be contacted on.
        opted_out: channels the customer refused, and addresses that bounced or complained.
    """

    customer_id: str
    creditor_id: str
    source: str
    number: str
    kind: CustomerKind
    name: str
    email: str = ""
    phone: str = ""
    language: str = "en"
    country: str = ""
    region: str = ""
    postcode: str = ""
    timezone: str = ""
    consents: frozenset[Channel] = frozenset()
    opted_out: frozenset[Channel] = frozenset()
    suppressed: frozenset[str] = frozenset()
    holds: tuple[Hold, ...] = ()

    def address(self, channel: Channel) -> str:
        """Where a channel leads, or empty: there is none, or it bounced or complained."""
        found = {Channel.EMAIL: self.email, Channel.SMS: self.phone, Channel.CALL: self.phone}.get(channel, "")
        return "" if found in self.suppressed else found

    def reachable(self, channels: Iterable[Channel]) -> list[Channel]:
        """The channels, in the order given, on which there is a usable address."""
        return [channel for channel in channels if self.address(channel)]
