"""Agreements by the creditor's policy, as debits ask about them: ``dunwell.payments.debits.Arrangements``."""

from collections.abc import Mapping
from datetime import date, datetime

from dunwell.arrangements.evaluate import calendar_of, evaluate
from dunwell.arrangements.policy import ArrangementPolicy
from dunwell.arrangements.progress import progress
from dunwell.calendars import banking_calendar, is_business_day
from dunwell.ledger.agreements import Agreement
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.payments.stops import Hours


class PolicyArrangements:
    """What is due to happen, by one version of the policy."""

    def __init__(self, policy: ArrangementPolicy) -> None:
        self._policy = policy
        self._calendar = calendar_of(policy)
        self._holidays = banking_calendar(self._calendar)

    def evaluate(self, account: Account, now: datetime) -> Change:
        """See the port."""
        return evaluate(account, self._policy, now.date(), now)

    def unpaid(self, account: Account, agreement: Agreement, as_of: date) -> Mapping[int, int]:
        """See the port."""
        kept = progress(account, agreement, self._calendar, as_of)
        return {part.agreed.number: part.left_minor for part in kept.parts}

    @property
    def hours(self) -> Hours:
        """When debits are made."""
        return Hours(self.works, self._policy.debit_hours.opens, self._policy.debit_hours.closes)

    def works(self, day: date) -> bool:
        """Whether banks work on a day, by the policy's calendar."""
        return is_business_day(day, self._holidays)
