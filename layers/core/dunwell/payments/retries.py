"""Whether a failed debit is tried again, and on which day. Every code that a gateway or bank gives has its reason here.

Rules CARD-RETRY (networks allow about 15 tries in 30 days; the house stays far below), NACHA (R01 and R09 at most two
more times within 180 days, never after an unauthorised return) and SCA (the customer authenticates, nobody retries
blindly) of the payment rules.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dunwell.ledger.debits import MethodKind

CARD_TRIES, CARD_DAYS = 4, 30
"""The house's cap for one debt from a card; the networks' is 15 tries in 30 days."""
BANK_TRIES, BANK_DAYS = 3, 180
"""The first presentment and at most two more within 180 days (Nacha)."""
_UNCLEAR_TRIES = 2
_PAYDAY_WITHIN = 14
_FEW = 3
"""Fewer payments than this teach nothing about paydays."""


class Reason(StrEnum):
    """Why a debit failed, as far as it matters for what comes next and for what the customer is told.

    funds           there was no money: on a payday there may be
    passing         a system was down: the next banking day
    unclear         the bank does not say: once more after some days
    authenticate    the bank wants the customer to confirm: on session only
    customer        the customer has to correct something or to ask the bank
    lost            the method is gone or was never usable: never again with it
    unauthorised    the customer told the bank that it was not authorised: the method and its mandate end
    """

    FUNDS = "funds"
    PASSING = "passing"
    UNCLEAR = "unclear"
    AUTHENTICATE = "authenticate"
    CUSTOMER = "customer"
    LOST = "lost"
    UNAUTHORISED = "unauthorised"


class RetryOutcome(StrEnum):
    """What comes next: we try again; the customer has to act; never again with this method."""

    RETRY = "retry"
    CUSTOMER = "customer"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Retry:
    """What to do after a failed debit; ``next_on`` is the day of the next try, None when there is none."""

    outcome: RetryOutcome
    reason: Reason
    next_on: date | None = None


@dataclass(frozen=True, slots=True)
class Paydays:
    """Days on which a customer tends to have money: days of the month, and weekdays (Monday is 0)."""

    days_of_month: frozenset[int]
    weekdays: frozenset[int] = frozenset()

    def includes(self, day: date) -> bool:
        """Whether a day is one of them."""
        return day.day in self.days_of_month or day.weekday() in self.weekdays


_FRIDAY = 4
USUAL_PAYDAYS = Paydays(frozenset({1, 15}), frozenset({_FRIDAY}))


def _table(**codes: str) -> dict[str, Reason]:
    return {code: Reason(reason) for reason, line in codes.items() for code in line.split()}


CARD_REASONS = _table(
    funds="insufficient_funds withdrawal_count_limit_exceeded card_velocity_exceeded",
    passing="approve_with_id issuer_not_available processing_error reenter_transaction try_again_later",
    unclear="do_not_honor generic_decline no_action_taken card_declined",
    authenticate="authentication_required authentication_not_handled mobile_device_authentication_required",
    customer=(
        "call_issuer card_not_supported currency_not_supported duplicate_transaction expired_card incorrect_address "
        "incorrect_cvc incorrect_number incorrect_pin incorrect_zip invalid_amount invalid_cvc invalid_expiry_month "
        "invalid_expiry_year invalid_number invalid_pin new_account_information_available not_permitted "
        "offline_pin_required online_or_offline_pin_required pin_try_exceeded service_not_allowed testmode_decline "
        "test_mode_live_card live_mode_test_card"
    ),
    lost=(
        "do_not_try_again fraudulent highest_risk_level invalid_account lost_card merchant_blacklist pickup_card "
        "restricted_card security_violation stolen_card transaction_not_allowed payment_method_detached "
        "payment_intent_mandate_invalid"
    ),
    unauthorised="revocation_of_all_authorizations revocation_of_authorization stop_payment_order",
)
"""Stripe's decline codes, and the error codes that come without one."""

BANK_REASONS = _table(
    funds="insufficient_funds R01 R09 AM04",
    passing="processing_error try_again_later",
    customer=(
        "generic_could_not_process could_not_process bank_account_unverified incorrect_account_holder_address "
        "incorrect_account_holder_name incorrect_account_holder_tax_id invalid_currency refer_to_customer declined "
        "R06 R11 R13 R17 R22 R24 R25 R26 R27 R28 R34 R39 BE05 MS03 RC01 SL01"
    ),
    lost=(
        "account_closed bank_account_restricted bank_account_unusable bank_ownership_changed branch_does_not_exist "
        "invalid_account_number no_account recipient_deceased payment_method_detached payment_intent_mandate_invalid "
        "R02 R03 R04 R12 R14 R15 R16 R20 R21 R23 R31 R33 AC01 AC04 AC06 AC13 AG01 AG02 MD07"
    ),
    unauthorised=(
        "debit_not_authorized debit_disputed debit_authorization_not_match R05 R07 R08 R10 R29 R37 R38 R51 R52 "
        "MD01 MD06 MS02"
    ),
)
"""Stripe's failure codes of bank debits, Nacha's return codes, and the SEPA reason codes."""
_AUTHENTICATE = {"authentication_required", "payment_intent_authentication_failure"}
_STOPPING = frozenset({Reason.LOST, Reason.UNAUTHORISED})
_RETRIED = frozenset({Reason.FUNDS, Reason.PASSING, Reason.UNCLEAR})


def reason_of(kind: MethodKind, code: str, decline_code: str = "", advice: str = "") -> Reason:
    """Why a debit failed. The bank's own code counts before the gateway's; advice never to try again before both.

    A code that nobody here knows is for the customer to look at: nothing is retried blindly.
    """
    table = CARD_REASONS if kind is MethodKind.CARD else BANK_REASONS
    found = table.get(decline_code) or table.get(code)
    if advice == "do_not_try_again" and found not in _STOPPING:
        return Reason.LOST
    if found is Reason.UNCLEAR or found is None:
        if decline_code in _AUTHENTICATE or code in _AUTHENTICATE:
            return Reason.AUTHENTICATE
        if advice == "confirm_card_data":
            return Reason.CUSTOMER
        if advice == "try_again_later":
            return Reason.UNCLEAR
    return found or Reason.CUSTOMER


def decide_retry(
    tried_on: Sequence[date],
    code: str,
    decline_code: str,
    advice: str,
    kind: MethodKind,
    paydays: Paydays,
    as_of: date,
    works: Callable[[date], bool],
    last_on: date | None = None,
) -> Retry:
    """What comes after a failed debit.

    Args:
        tried_on: the days of every try for this debt so far, the one that failed included.
        code, decline_code, advice: the gateway's words; empty where it gives none.
        as_of: the business date.
        works: whether banks work on a day.
        last_on: the last day on which money for what was debited counts; None: no day is too late. A day within it is
            sought, and when it leaves none, the first sensible one.
    """
    reason = reason_of(kind, code, decline_code, advice)
    if reason in _STOPPING:
        return Retry(RetryOutcome.STOP, reason)
    if reason not in _RETRIED or not _may_retry(tried_on, kind, reason, as_of):
        return Retry(RetryOutcome.CUSTOMER, reason)
    last = min(tried_on) + timedelta(days=CARD_DAYS if kind is MethodKind.CARD else BANK_DAYS)
    day = _next_day(reason, paydays, as_of, works, last_on)
    if day is None or day >= last:
        return Retry(RetryOutcome.CUSTOMER, reason)
    return Retry(RetryOutcome.RETRY, reason, day)


def _may_retry(tried_on: Sequence[date], kind: MethodKind, reason: Reason, as_of: date) -> bool:
    """Whether the caps leave room for another try. Only no money is presented to a bank again (R01, R09)."""
    if not tried_on or as_of < max(tried_on):
        return False
    if kind is MethodKind.BANK_DEBIT:
        return reason is not Reason.UNCLEAR and len(tried_on) < BANK_TRIES
    return len(tried_on) < (_UNCLEAR_TRIES if reason is Reason.UNCLEAR else CARD_TRIES)


def _next_day(
    reason: Reason, paydays: Paydays, as_of: date, works: Callable[[date], bool], last_on: date | None
) -> date | None:
    """The first sensible banking day. A payday on which banks rest is the banking day after it.

    A customer whose own payday is weeks away, or beyond the last day, is tried on a usual one, or on the last banking
    day there is: until theirs the debt would be broken.
    """
    first = as_of + timedelta(days=3 if reason is Reason.UNCLEAR else 1)
    coming = [day for day in (first + timedelta(days=ahead) for ahead in range(_PAYDAY_WITHIN)) if works(day)]
    in_time = [day for day in coming if last_on and day <= last_on]
    if reason is not Reason.FUNDS:
        return next(iter(in_time or coming), None)
    for days in (in_time, coming):
        if found := _payday(paydays, first, days) or _payday(USUAL_PAYDAYS, first, days):
            return found
        if days:
            return days[-1]
    return None


def _payday(paydays: Paydays, first: date, days: Sequence[date]) -> date | None:
    """The first of some banking days that is a payday, or the one after a payday on which banks rest."""
    before = first
    for day in days:
        if any(paydays.includes(before + timedelta(days=ahead)) for ahead in range((day - before).days + 1)):
            return day
        before = day + timedelta(days=1)
    return None


def learned_paydays(paid_on: Sequence[date]) -> Paydays:
    """A customer's own paydays from the days they paid on; the usual ones where nothing can be learned.

    A day of the month counts when a third of the payments came on it or the day after; a weekday when two thirds did.
    """
    if len(paid_on) < _FEW:
        return USUAL_PAYDAYS
    months, weekdays = Counter(day.day for day in paid_on), Counter(day.weekday() for day in paid_on)
    days = {day for day, count in months.items() if count >= 2 and 3 * (count + months[day + 1]) >= len(paid_on)}
    if days:
        return Paydays(frozenset(days))
    often = frozenset(day for day, count in weekdays.items() if 3 * count >= 2 * len(paid_on))
    return Paydays(frozenset(), often) if often else USUAL_PAYDAYS
