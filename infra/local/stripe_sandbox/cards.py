"""Stripe's test cards and test bank accounts, and how each behaves when it is charged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Advice = Literal["confirm_card_data", "do_not_try_again", "try_again_later"]
Authentication = Literal["never", "always", "unless_set_up", "on_session"]


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a card was refused, in Stripe's words; `decline_code` is None where Stripe gives none."""

    code: str
    decline_code: str | None
    message: str
    advice_code: Advice | None


@dataclass(frozen=True, slots=True)
class Card:
    """A test card. `decline` holds when charged, and when attached unless `attaches`."""

    number: str
    brand: str = "visa"
    funding: str = "credit"
    decline: Decline | None = None
    attaches: bool = True
    authentication: Authentication = "never"
    dispute_reason: str | None = None
    dispute_is_inquiry: bool = False
    refund: Literal["succeeds", "pends", "fails_later"] = "succeeds"
    available_at_once: bool = False


@dataclass(frozen=True, slots=True)
class Bank:
    """A test bank account; `failure_code` is how its debit ends when nothing else is commanded."""

    number: str
    failure_code: str | None = None
    dispute_reason: str | None = None
    kind: Literal["us_bank_account", "sepa_debit"] = "us_bank_account"


_DECLINED = "Your card was declined."
_OWN_MESSAGES = {
    "authentication_required": "Your card was declined. This transaction requires authentication.",
    "card_not_supported": "Your card is not supported.",
    "card_velocity_exceeded": "Your card was declined for making repeated attempts too frequently "
    "or exceeding its amount limit.",
    "currency_not_supported": "Your card does not support this currency.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "incorrect_number": "Your card number is incorrect.",
    "incorrect_zip": "Your card's postal code is incorrect.",
    "insufficient_funds": "Your card has insufficient funds.",
    "invalid_cvc": "Your card's security code is invalid.",
    "invalid_expiry_month": "Your card's expiration month is invalid.",
    "invalid_expiry_year": "Your card's expiration year is invalid.",
    "invalid_number": "Your card number is invalid.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
}
_CONFIRM_DATA = frozenset([
    "expired_card", "incorrect_address", "incorrect_cvc", "incorrect_number", "incorrect_zip",
    "invalid_cvc", "invalid_expiry_month", "invalid_expiry_year", "invalid_number",
])  # fmt: skip
_NEVER_AGAIN = frozenset([
    "do_not_try_again", "fraudulent", "invalid_account", "lost_card", "merchant_blacklist",
    "pickup_card", "restricted_card", "revocation_of_all_authorizations", "revocation_of_authorization",
    "security_violation", "stolen_card", "stop_payment_order", "transaction_not_allowed",
])  # fmt: skip
_LATER = frozenset([
    "approve_with_id", "call_issuer", "card_not_supported", "card_velocity_exceeded",
    "currency_not_supported", "do_not_honor", "duplicate_transaction", "generic_decline",
    "insufficient_funds", "invalid_amount", "issuer_not_available", "no_action_taken", "not_permitted",
    "processing_error", "reenter_transaction", "service_not_allowed", "testmode_decline",
    "try_again_later", "withdrawal_count_limit_exceeded",
])  # fmt: skip
# Refusals that are an error code of their own; all others share the code card_declined.
_OWN_CODES = frozenset([
    "authentication_required", "expired_card", "incorrect_address", "incorrect_cvc", "incorrect_number",
    "incorrect_zip", "invalid_cvc", "invalid_expiry_month", "invalid_expiry_year", "invalid_number",
    "processing_error",
])  # fmt: skip
DECLINE_CODES = _CONFIRM_DATA | _NEVER_AGAIN | _LATER | {"authentication_required"}


def decline(decline_code: str) -> Decline:
    """The refusal with this decline code; raises KeyError for a code Stripe does not have."""
    if decline_code not in DECLINE_CODES:
        raise KeyError(decline_code)
    advice: Advice | None = None
    if decline_code in _CONFIRM_DATA:
        advice = "confirm_card_data"
    elif decline_code in _NEVER_AGAIN:
        advice = "do_not_try_again"
    elif decline_code in _LATER:
        advice = "try_again_later"
    own_code = decline_code in _OWN_CODES
    reached_the_bank = not decline_code.startswith("invalid_") and decline_code != "incorrect_number"
    return Decline(
        code=decline_code if own_code else "card_declined",
        decline_code=decline_code if reached_the_bank or not own_code else None,
        message=_OWN_MESSAGES.get(decline_code, _DECLINED),
        advice_code=advice,
    )


NOT_A_TEST_CARD = Decline(
    "card_declined",
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid "
    "test cards, visit: https://stripe.com/docs/testing.",
    None,
)


def _refusing(number: str, code: str, *, attaches: bool = False) -> Card:
    return Card(number, decline=decline(code), attaches=attaches)


# The name is what follows `pm_card_`; it is also what follows `tok_`.
_CARDS = {
    "visa": Card("4242424242424242"),
    "visa_debit": Card("4000056655665556", funding="debit"),
    "mastercard": Card("5555555555554444", "mastercard"),
    "mastercard_debit": Card("5200828282828210", "mastercard", "debit"),
    "mastercard_prepaid": Card("5105105105105100", "mastercard", "prepaid"),
    "amex": Card("378282246310005", "amex"),
    "discover": Card("6011111111111117", "discover"),
    "diners": Card("3056930009020004", "diners"),
    "jcb": Card("3566002020360505", "jcb"),
    "unionpay": Card("6200000000000005", "unionpay"),
    "bypassPending": Card("4000000000000077", available_at_once=True),
    "pendingRefund": Card("4000000000007726", refund="pends"),
    "refundFail": Card("4000000000005126", refund="fails_later"),
    "createDispute": Card("4000000000000259", dispute_reason="fraudulent"),
    "createDisputeProductNotReceived": Card("4000000000002685", dispute_reason="product_not_received"),
    "createDisputeInquiry": Card("4000000000001976", dispute_reason="fraudulent", dispute_is_inquiry=True),
    "chargeDeclined": _refusing("4000000000000002", "generic_decline"),
    "visa_chargeDeclined": _refusing("4000000000000002", "generic_decline"),
    "visa_chargeDeclinedInsufficientFunds": _refusing("4000000000009995", "insufficient_funds"),
    "chargeDeclinedInsufficientFunds": _refusing("4000000000009995", "insufficient_funds"),
    "visa_chargeDeclinedLostCard": _refusing("4000000000009987", "lost_card"),
    "chargeDeclinedLostCard": _refusing("4000000000009987", "lost_card"),
    "visa_chargeDeclinedStolenCard": _refusing("4000000000009979", "stolen_card"),
    "chargeDeclinedStolenCard": _refusing("4000000000009979", "stolen_card"),
    "chargeDeclinedExpiredCard": _refusing("4000000000000069", "expired_card"),
    "chargeDeclinedIncorrectCvc": _refusing("4000000000000127", "incorrect_cvc"),
    "chargeDeclinedProcessingError": _refusing("4000000000000119", "processing_error"),
    "visa_chargeDeclinedVelocityLimitExceeded": _refusing("4000000000006975", "card_velocity_exceeded"),
    "chargeDeclinedFraudulent": _refusing("4100000000000019", "fraudulent"),
    "radarBlock": _refusing("4100000000000019", "fraudulent"),
    "chargeCustomerFail": _refusing("4000000000000341", "generic_decline", attaches=True),
    "authenticationRequiredOnSetup": Card("4000002500003155", authentication="unless_set_up"),
    "authenticationRequired": Card("4000002760003184", authentication="always"),
    "threeDSecureRequired": Card("4000000000003063", authentication="always"),
    "threeDSecure2Required": Card("4000000000003220", authentication="always"),
    "authenticationRequiredSetupForOffSession": Card("4000003800000446", authentication="on_session"),
    "authenticationRequiredChargeDeclinedInsufficientFunds": Card(
        "4000008260003178",
        authentication="always",
        decline=decline("insufficient_funds"),
    ),
}
_BANKS = {
    "success": Bank("000123456789"),
    "accountClosed": Bank("000111111113", "account_closed"),
    "noAccount": Bank("000111111116", "no_account"),
    "insufficientFunds": Bank("000222222227", "insufficient_funds"),
    "debitNotAuthorized": Bank("000333333335", "debit_not_authorized"),
    "invalidCurrency": Bank("000444444440", "invalid_currency"),
    "dispute": Bank("000555555559", None, "fraudulent"),
}
_SEPA = (
    Bank("DE89370400440532013000", kind="sepa_debit"),
    Bank("AT611904300234573201", kind="sepa_debit"),
    Bank("FR1420041010050500013M02606", kind="sepa_debit"),
    Bank("DE62370400440532013001", "generic_could_not_process", kind="sepa_debit"),
    Bank("DE65370400440002222227", "insufficient_funds", kind="sepa_debit"),
    Bank("DE35370400440532013002", None, "fraudulent", kind="sepa_debit"),
)
BANK_FAILURE_MESSAGES = {
    "account_closed": "The customer's bank account has been closed.",
    "no_account": "The customer's bank account could not be located.",
    "insufficient_funds": "The customer's account has insufficient funds to cover this payment.",
    "debit_not_authorized": "The customer has notified their bank that this payment was unauthorized.",
    "invalid_currency": "The bank was unable to process this payment because of its currency.",
    "generic_could_not_process": "The bank was unable to process this payment.",
    "bank_account_restricted": "The customer's bank account has restrictions on debits.",
}
# Nacha's return codes, which the network gives beside Stripe's own word; SEPA has codes of its own.
RETURN_CODES = {
    "insufficient_funds": "R01",
    "account_closed": "R02",
    "no_account": "R03",
    "debit_not_authorized": "R10",
    "bank_account_restricted": "R16",
    "bank_cannot_process": "R17",
    "incorrect_account_details": "R04",
}
TEST_ROUTING_NUMBER = "110000000"

_BY_NUMBER = {card.number: card for card in _CARDS.values()}


def card_of_test_id(test_id: str) -> Card | None:
    """The card behind `pm_card_visa` or `tok_visa`, or None."""
    for prefix in ("pm_card_", "tok_"):
        if test_id.startswith(prefix):
            return _CARDS.get(test_id.removeprefix(prefix))
    return None


def bank_of_test_id(test_id: str) -> Bank | None:
    """The account behind `pm_usBankAccount_success`, or None; `pm_usBankAccount` is the good one."""
    if test_id == "pm_usBankAccount":
        return _BANKS["success"]
    return _BANKS.get(test_id.removeprefix("pm_usBankAccount_")) if test_id.startswith("pm_usB") else None


def card_of_number(number: str) -> Card:
    """The card with this number; one that Stripe has not published declines, as in its test mode."""
    digits = number.replace(" ", "").replace("-", "")
    known = _BY_NUMBER.get(digits)
    if known is not None:
        return known
    return replace(Card(digits, brand=_brand_of(digits)), decline=NOT_A_TEST_CARD, attaches=False)


def bank_of_number(number: str) -> Bank | None:
    """The account with this number, or None when it is not one of Stripe's test accounts."""
    return next((bank for bank in _BANKS.values() if bank.number == number), None)


def bank_of_iban(iban: str) -> Bank | None:
    """The account with this IBAN, or None when it is not one of Stripe's test accounts."""
    plain = iban.replace(" ", "").upper()
    return next((bank for bank in _SEPA if bank.number == plain), None)


def is_card_number(number: str) -> bool:
    """Whether the digits have a card's length and pass the Luhn check."""
    digits = number.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19):
        return False
    doubled = [int(d) * 2 for d in digits[-2::-2]]
    total = sum(int(d) for d in digits[-1::-2]) + sum(d - 9 if d > 9 else d for d in doubled)
    return total % 10 == 0


def _brand_of(digits: str) -> str:
    brands = {"34": "amex", "37": "amex", "4": "visa", "5": "mastercard", "2": "mastercard", "6": "discover"}
    return next((brand for prefix, brand in brands.items() if digits.startswith(prefix)), "unknown")
