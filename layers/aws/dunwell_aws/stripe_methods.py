"""Saved payment methods between Stripe's shape and the domain's, and which kinds are offered."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import stripe

from dunwell.ledger.debits import MethodKind
from dunwell.payments.ports import SavedMethod

_BANK_DEBITS = {"us_bank_account": "USD", "sepa_debit": "EUR", "bacs_debit": "GBP", "acss_debit": "CAD"}
"""Kinds that debit a bank account, and the currency in which they do."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What customers may pay with, by configuration.

    Attributes:
        kinds: Stripe's names, such as ``card``; empty leaves the choice to the account's settings.
        configuration: Stripe's name of a payment method configuration; empty for the account's default one.
        three_decimals: currencies counted in thousandths that may be charged.
    """

    kinds: tuple[str, ...] = ()
    configuration: str = ""
    three_decimals: frozenset[str] = frozenset()

    def params(self, currency: str) -> dict[str, Any]:
        """The parameters of a page that takes payments or saves a method."""
        params: dict[str, Any] = {}
        kinds = suited(self.kinds, currency)
        if kinds:
            params["allowed_payment_method_types"] = kinds
        if self.configuration:
            params["payment_method_configuration"] = self.configuration
        return params


ANY = Offer()
"""Whatever the account's settings offer."""


def suited(kinds: Sequence[str], currency: str) -> list[str]:
    """The kinds that work in a currency."""
    return [kind for kind in kinds if _BANK_DEBITS.get(kind, currency) == currency]


def saved_method(method: stripe.PaymentMethod, metadata: dict[str, Any], mandate: str = "") -> SavedMethod | None:
    """A payment method of Stripe's as the domain's; None for one that belongs to no customer and is not ours either."""
    owner = method.customer or ""
    if not owner and not metadata.get("customer_id"):
        return None
    details = method.to_dict().get(method.type) or {}
    return SavedMethod(
        reference=method.id,
        owner=owner if isinstance(owner, str) else owner.id,
        kind=MethodKind.BANK_DEBIT if method.type in _BANK_DEBITS else MethodKind.CARD,
        label=_label(method.type, details),
        expires_on=_last_day(details),
        mandate=mandate,
        customer_id=str(metadata.get("customer_id", "")),
        order_id=str(metadata.get("order_id", "")),
        is_attached=bool(owner),
    )


def _label(kind: str, details: dict[str, Any]) -> str:
    if kind == "card":
        name = str(details.get("display_brand") or details.get("brand") or "card").replace("_", " ").title()
    else:
        name = str(details.get("bank_name") or kind.replace("_", " ").capitalize())
    return f"{name} •••• {details['last4']}" if details.get("last4") else name


def _last_day(details: dict[str, Any]) -> date | None:
    year, month = details.get("exp_year"), details.get("exp_month")
    return date(year, month, monthrange(year, month)[1]) if year and month else None
