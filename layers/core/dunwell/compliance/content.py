"""What the words must contain, where they may go, and what must have been sent before them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunwell.calendars import add_business_days
from dunwell.compliance.case import UNTIL_LIFTED, Case
from dunwell.compliance.holidays import us_federal_holidays


def employer_prohibits(case: Case, at: datetime) -> datetime | None:
    """The place of work, whose employer is known to forbid such contact."""
    customer = case.request.customer
    return UNTIL_LIFTED if customer.at_work and customer.employer_prohibits else None


def work_email(case: Case, at: datetime) -> datetime | None:
    """An employer's e-mail address that the customer did not offer for this."""
    customer = case.request.customer
    return UNTIL_LIFTED if customer.email_is_work and not customer.consents.work_email else None


def visible_to_others(case: Case, at: datetime) -> datetime | None:
    """A message that somebody else can read."""
    message = case.request.message
    return UNTIL_LIFTED if message is not None and message.visible_to_others else None


def no_opt_out_notice(case: Case, at: datetime) -> datetime | None:
    """The words do not say how to opt out."""
    message = case.request.message
    return UNTIL_LIFTED if message is not None and not message.opt_out_notice else None


def no_disclosure(case: Case, at: datetime) -> datetime | None:
    """The words do not say that they come from a debt collector."""
    message = case.request.message
    return UNTIL_LIFTED if message is not None and not message.disclosure else None


def begun_without_esign(case: Case, at: datetime) -> datetime | None:
    """Something was said about the debt before, and the customer did not agree to electronic messages in writing."""
    begun = case.request.account.initial_communication_at is not None
    return UNTIL_LIFTED if begun and not case.request.customer.consents.electronic else None


@dataclass(frozen=True, slots=True)
class ValidationOverdue:
    """Validation information was not sent within some days of the initial communication."""

    days: int
    business_days: bool = False

    def __call__(self, case: Case, at: datetime) -> datetime | None:
        """UNTIL_LIFTED from the first day after the last permitted one, in any candidate zone."""
        account = case.request.account
        if account.initial_communication_at is None:
            return None
        sent = account.validation_notice_sent_at
        if sent is not None and sent <= at:
            return None
        for zone in case.zones:
            if at.astimezone(zone).date() > self._due(account.initial_communication_at.astimezone(zone).date()):
                return UNTIL_LIFTED
        return None

    def _due(self, begun: date) -> date:
        if self.business_days:
            return add_business_days(begun, self.days, us_federal_holidays)
        return begun + timedelta(days=self.days)
