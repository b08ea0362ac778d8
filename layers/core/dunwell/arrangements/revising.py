"""When a changed plan may be debited for the first time: who is debited is told in time (rules REGE-VARY and NACHA)."""

from datetime import date, timedelta

from dunwell.errors import InvalidInputError
from dunwell.ledger.agreements import AgreedInstalment, Agreement

AMOUNT_NOTICE_DAYS = 10
DATE_NOTICE_DAYS = 7


def require_notice(old: Agreement, new: Agreement, as_of: date) -> None:
    """Refuse a debit that the customer cannot be told of in time; the notice leaves today.

    Raises:
        InvalidInputError: says on which day the first changed debit may be.
    """
    for part in new.instalments:
        days = notice_days(old, part)
        if part.due_on < as_of + timedelta(days=days):
            first = as_of + timedelta(days=days)
            raise InvalidInputError(
                f"A changed debit is told {days} days before: choose {first.isoformat()} or a later day.",
                field="first_on",
                code="debit_too_soon",
            )


def notice_days(old: Agreement, part: AgreedInstalment) -> int:
    """Calendar days by which an instalment is told before its debit: none when it was agreed to as it is."""
    if any((one.due_on, one.amount_minor) == (part.due_on, part.amount_minor) for one in old.instalments):
        return 0
    same_amount = any(one.amount_minor == part.amount_minor for one in old.instalments)
    return DATE_NOTICE_DAYS if same_amount else AMOUNT_NOTICE_DAYS
