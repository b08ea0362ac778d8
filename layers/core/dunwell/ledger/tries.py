"""The tries to debit for one purpose, an instalment or an invoice: what they took, and whether another one may follow.

A purpose may be debited in parts: what was disputed or on its way at the first try is the next one's. Together the
tries never take more than was authorised, and what was given back is not taken again.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dunwell.ledger.debits import STOPPED_BY_CUSTOMER, AttemptStatus, DebitAttempt
from dunwell.ledger.entry import EntryKind

if TYPE_CHECKING:
    from dunwell.ledger.model import Account

_UNDER_WAY = frozenset({AttemptStatus.STARTED, AttemptStatus.PROCESSING})


@dataclass(frozen=True, slots=True)
class Tries:
    """The tries for a purpose.

    Attributes:
        made: oldest first.
        notice: what was announced last; None: nothing.
    """

    made: tuple[DebitAttempt, ...] = ()
    notice: DebitAttempt | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether one waits for the gateway or the bank."""
        return any(one.status in _UNDER_WAY for one in self.made)

    @property
    def is_stopped(self) -> bool:
        """Whether the customer stopped this debit, from whatever method."""
        return any(one.code == STOPPED_BY_CUSTOMER for one in self.made)

    @property
    def taken_minor(self) -> int:
        """What they took, and take (minor units)."""
        return sum(one.amount_minor for one in self.made if one.status is not AttemptStatus.FAILED)

    def given_back_minor(self, account: "Account") -> int:
        """What went back of what they took (minor units); a debit that the bank returned is a failed try instead."""
        found = 0
        for one in self.made:
            if one.status is AttemptStatus.SUCCEEDED and one.payment_reference:
                key = (EntryKind.PAYMENT, f"{one.payment_reference}#succeeded")
                paid = (i for i, entry in account.entries.items() if (entry.kind, entry.reference) == key)
                entry_id = next(paid, "")
                if entry_id:
                    found += account.entries[entry_id].amount_minor - account.books.standing_minor(entry_id)
        return found

    def since_success(self, method_id: str = "") -> tuple[DebitAttempt, ...]:
        """The tries since the last one that succeeded: one presentment and its repetitions.

        Args:
            method_id: with this method only; empty: with any.
        """
        done = [place for place, one in enumerate(self.made, 1) if one.status is AttemptStatus.SUCCEEDED]
        return tuple(one for one in self.made[max(done, default=0) :] if method_id in ("", one.method_id))

    def may_go_on(self, method_id: str) -> bool:
        """Whether another try with a method may follow, now or on the day that the last one names."""
        mine = self.since_success(method_id)
        return not (self.is_under_way or self.is_stopped) and (not mine or mine[-1].next_on is not None)


NONE = Tries()


def tries_of(account: "Account") -> Mapping[str, Tries]:
    """The tries of an account, by purpose; what nothing was tried for is not among them."""
    made: dict[str, list[DebitAttempt]] = defaultdict(list)
    notices: dict[str, DebitAttempt] = {}
    for one in account.attempts.values():
        if one.status is AttemptStatus.ANNOUNCED:
            notices[one.purpose] = one
        else:
            made[one.purpose].append(one)
    return {
        purpose: Tries(tuple(sorted(made[purpose], key=_turn)), notices.get(purpose))
        for purpose in made.keys() | notices.keys()
    }


def _turn(attempt: DebitAttempt) -> tuple[int, str]:
    """Tries are numbered in their order."""
    return len(attempt.attempt_id), attempt.attempt_id
