"""Periods that begin with a notice or a request: dates to print, and limits to keep."""

from datetime import date, timedelta

from dunwell.calendars import add_business_days
from dunwell.compliance.holidays import us_federal_holidays

_ASSUMED_RECEIPT_BUSINESS_DAYS = 5
_VALIDATION_DAYS = 30
_REVOCATION_BUSINESS_DAYS = 10


def assumed_receipt(sent: date) -> date:
    """When a validation notice may be taken as received (12 CFR 1006.34(b)(5)).

    A holiday that falls on a Saturday also excludes the Friday it is observed on. Authorities differ on that; this is
    the later date, which gives the consumer more time.
    """
    return add_business_days(sent, _ASSUMED_RECEIPT_BUSINESS_DAYS, us_federal_holidays)


def validation_period_end(sent: date) -> date:
    """Last day of the validation period of a notice sent on a day; the date to print on it."""
    return assumed_receipt(sent) + timedelta(days=_VALIDATION_DAYS)


def revocation_deadline(received: date) -> date:
    """Last day to honour a revocation of consent (47 CFR 64.1200(a)(10)); the engine does so at once."""
    return add_business_days(received, _REVOCATION_BUSINESS_DAYS, us_federal_holidays)
