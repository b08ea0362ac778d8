"""Periods that begin with a notice or a request: dates to print, and limits to keep."""

from datetime import date, timedelta

from dunwell.calendars import add_business_days
from dunwell.compliance.catalogue_us import third_party
from dunwell.compliance.holidays import us_federal_holidays
from dunwell.compliance.model import Channel, Party
from dunwell.compliance.rule import situation_in

_POSTED_WITHIN_BUSINESS_DAYS = 2
"""A letter is on the print service's list a day after it was written, and in the post a day after that."""
_ASSUMED_RECEIPT_BUSINESS_DAYS = 5
_VALIDATION_DAYS = 30
_REVOCATION_BUSINESS_DAYS = 10


def requires_notice(party: Party, consumer: bool, jurisdictions: frozenset[str]) -> bool:
    """Whether rule VALIDATION-5D reaches a debt: somebody collects it for another from a consumer in the United States.

    Args:
        jurisdictions: the customer's place and what contains it (``Location.jurisdictions``).
    """
    return third_party().covers(situation_in(jurisdictions, party, consumer, Channel.LETTER))


def notice_period_end(written: date, *, by_post: bool) -> date:
    """Last day of the validation period of a notice written on a day: a letter is sent later than it is written."""
    posted = add_business_days(written, _POSTED_WITHIN_BUSINESS_DAYS, us_federal_holidays)
    return validation_period_end(posted if by_post else written)


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
