"""``CashApplication``: bank lines to payments, each once, however often and in whatever order its statements come.

First the decision is kept under the line's id, then it is carried out, then that is kept. Whoever finds a decision
carries it out as it stands and never matches again: after the posting the invoices are paid, and matching anew would
find another owner for the same money.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from dunwell.dates import business_date
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import ATTEMPTS, update
from dunwell.remittance.index import LedgerIndex
from dunwell.remittance.keys import account_key
from dunwell.remittance.matching import match
from dunwell.remittance.model import BankLine, Decision, Match, Proposal, Purpose
from dunwell.remittance.policy import CashPolicy
from dunwell.remittance.ports import BankLines, Pointers
from dunwell.remittance.posting import given_on, held_as, paid, returned
from dunwell.remittance.records import LineNote, LineRecord, LineState, item_id_of
from dunwell.remittance.scoring import Model
from dunwell.remittance.suspense import suspended, suspense_customer

CHUNK_LINES = 50
"""Lines that are looked up together, and whose money goes to a suspense account in one write."""
_NOTED = {Purpose.BANK_CHARGE, Purpose.OUTGOING}
"""Nothing is posted and nobody has to look: they are only kept as seen."""


@dataclass(frozen=True)
class CashApplication:
    """Applies bank lines to a creditor's accounts.

    Attributes:
        zone: the creditor's time zone.
        model: how sure is sure enough; the fitted one unless given.
    """

    ledger: Ledger
    pointers: Pointers
    lines: BankLines
    creditor_id: str
    zone: str
    policy: CashPolicy
    model: Model | None = None

    def apply(self, lines: Sequence[BankLine], at: datetime) -> None:
        """Match and post lines, in their order; what was done before is passed over. Best ``CHUNK_LINES`` at a time.

        Args:
            at: now, with a time zone.

        Raises:
            ConflictError, UnavailableError: some lines are done; apply them all again.
        """
        known = self.lines.records(lines)
        index = LedgerIndex(self.ledger, self.pointers, business_date(at, self.zone))
        to_suspense: list[LineRecord] = []
        for line in {one.line_id: one for one in lines}.values():
            record = known.get(line.line_id)
            if record is None:
                understood = match(line, index, self.policy.tolerances, self.model)
                record = self._claim(decided(line, understood, self.policy.version, at))
            if record.state is LineState.DONE:
                continue
            if record.suspended and not record.chosen:
                to_suspense.append(record)
                continue
            self._carry_out(record, at)
            index.forget()
        self._suspend(to_suspense, at)

    def choose(
        self, record: LineRecord, whose: Proposal, who: str, at: datetime, note: LineNote | None = None
    ) -> LineRecord:
        """Decide anew whose money in suspense is, and carry it out.

        Args:
            record: waiting, and done so far.
            who: the person who says so; empty for the machine.

        Raises:
            ConflictError: somebody else decided meanwhile.
        """
        decided = replace(
            record,
            state=LineState.DECIDED,
            version=record.version + 1,
            decided_at=at,
            decided_by=who,
            chosen=whose,
            contested=False,
            held_by=record.chosen.customer_id if record.chosen else "",
            notes=(*record.notes, note) if note else record.notes,
        )
        self.lines.keep(decided)
        return self.finish(decided, at)

    def finish(self, record: LineRecord, at: datetime) -> LineRecord:
        """Carry out what was decided, if it was not yet; the record as it stands then."""
        if record.state is LineState.DECIDED:
            if record.suspended and not record.chosen:
                self._suspend([record], at)
            else:
                self._carry_out(record, at)
        return self.lines.record(record.item_id) or record

    def take(self, record: LineRecord, at: datetime) -> LineRecord:
        """Keep a first decision and carry it out; when somebody else was faster, theirs."""
        return self.finish(self._claim(record), at)

    # --- deciding ---

    def _claim(self, record: LineRecord) -> LineRecord:
        """Keep a first decision; when somebody else was faster, theirs."""
        try:
            self.lines.keep(record)
        except ConflictError:
            kept = self.lines.record(record.item_id)
            if kept is None:
                raise
            return kept
        return record

    # --- carrying out ---

    def _carry_out(self, record: LineRecord, at: datetime) -> None:
        if record.chosen:
            self._post(record, at)
            self._done(record, account_key(record.line.payer_account))
        elif record.match.purpose is Purpose.PAYOUT:
            self.lines.reconcile(record.match.about, record.line)
            self._done(record)
        elif record.match.purpose is Purpose.RETURN and record.match.decision is Decision.APPLIED:
            self._give_back(record, at)
        else:
            self._done(record)

    def _done(self, record: LineRecord, learned: str = "") -> None:
        """Keep that it is done. Lost to somebody who did the same thing, it is done as well."""
        try:
            self.lines.keep(replace(record, state=LineState.DONE, version=record.version + 1), learned)
        except ConflictError:
            kept = self.lines.record(record.item_id)
            if kept is None or kept.version <= record.version:
                raise

    def _post(self, record: LineRecord, at: datetime) -> None:
        assert record.chosen is not None
        fee = self.policy.bank_fee
        if not record.suspended:
            update(self.ledger, record.chosen.customer_id, lambda account: paid(account, record, fee, at))
            return
        self._move(record, at)

    def _move(self, record: LineRecord, at: datetime) -> None:
        """From the account that has it, suspense at first, onto the customer's, both in one write."""
        assert record.chosen is not None
        for attempt in range(1, ATTEMPTS + 1):
            held, account = self._holder(record), self.ledger.load(record.chosen.customer_id)
            if held is None or account is None:
                raise NotFoundError("there is no such customer")
            if held.customer.customer_id == account.customer.customer_id:
                return  # they became one
            writes = [one for one in given_on(held, account, record, self.policy.bank_fee, at) if not one.is_empty]
            if not writes:
                return
            try:
                self.ledger.commit(*writes)
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def _holder(self, record: LineRecord) -> Account | None:
        """The account that has a line's money, or that gave it on."""
        who = record.held_by or suspense_customer(self.creditor_id, record).customer_id
        account = self.ledger.load(who)
        while account and (on := account.moved.get(held_as(account, record, who), "")):
            account, who = self.ledger.load(on), on
        return account

    def _suspend(self, records: Sequence[LineRecord], at: datetime) -> None:
        """Post lines to their suspense accounts, one write an account, and keep that it is done."""
        holders = {record.item_id: suspense_customer(self.creditor_id, record) for record in records}
        for holder in {one.customer_id: one for one in holders.values()}.values():
            mine = [record for record in records if holders[record.item_id].customer_id == holder.customer_id]
            self._commit(lambda: self.ledger.load(holder.customer_id) or Account(holder), mine, at)  # noqa: B023
        for record in records:
            self._done(record)

    def _commit(self, load: Callable[[], Account], records: Sequence[LineRecord], at: datetime) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            change = suspended(load(), records, at)
            if change.is_empty:
                return
            try:
                self.ledger.commit(change)
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def _give_back(self, record: LineRecord, at: datetime) -> None:
        """Reverse the payment of the line that this one returns; what cannot be reversed waits for a person."""
        line = record.line
        earlier = self._posted(line, record.match.about)
        try:
            if earlier is None or earlier.chosen is None:
                raise InvalidInputError("The payment that it gives back is not to be found.")
            holder = earlier.chosen.customer_id

            def decide(account: Account) -> Change:
                return returned(account, earlier, holder, line.line_id, line.value_on, at)

            update(self.ledger, holder, decide)
        except InvalidInputError as problem:
            unsure = replace(record.match, decision=Decision.SUGGESTED, reasons=(*record.match.reasons, str(problem)))
            record = replace(record, match=unsure)
        self._done(record)

    def _posted(self, line: BankLine, line_id: str) -> LineRecord | None:
        """The record of an earlier line of the same amount that came in."""
        posted = self.pointers.posted_lines(line.currency, -line.amount_minor, date.min)
        for one in posted:
            if one.line_id == line_id:
                known = replace(line, line_id=line_id, amount_minor=one.amount_minor, booked_on=one.booked_on)
                return self.lines.record(item_id_of(known))
        return None


def decided(line: BankLine, understood: Match, policy_version: str, at: datetime) -> LineRecord:
    """The record of a line that was just understood."""
    applied = understood.decision is Decision.APPLIED
    is_payment = understood.purpose is Purpose.CUSTOMER_PAYMENT
    return LineRecord(
        line=line,
        match=understood,
        state=LineState.DONE if understood.purpose in _NOTED else LineState.DECIDED,
        version=1,
        decided_at=at,
        policy_version=policy_version,
        chosen=understood.proposal if applied and is_payment else None,
        suspended=line.amount_minor > 0 and not applied,
    )
