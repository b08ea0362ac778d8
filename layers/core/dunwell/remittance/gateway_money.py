"""``GatewayMoney``: payments that a gateway received for a customer who is not known, until it is clear whose they are.

Each is on one account at any time: in suspense, with the customer whom an agent chose, or with the one whom the gateway
names once they are known. What an agent chose stands: where the gateway names somebody else later, the money stays and
the line is back on the work list, with the gateway's customer as the proposal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dunwell.ids import stable_id
from dunwell.ledger.entry import Direction, Entry
from dunwell.ledger.model import Account
from dunwell.remittance.applying import CashApplication, decided
from dunwell.remittance.model import Allocation, BankLine, Decision, LineKind, Match, Proposal, Purpose
from dunwell.remittance.posting import held_as
from dunwell.remittance.records import LineRecord, item_id_of
from dunwell.remittance.suspense import suspense_customer

_UNKNOWN = "The payment came through the gateway for a customer who is not in the ledger."
_SAYS_SO = "The gateway says so."


@dataclass(frozen=True)
class GatewayMoney:
    """Keeps and places such money. A payment is an entry of no account; its method and reference name it."""

    cash: CashApplication

    def keep(self, money: Entry) -> None:
        """Put money in suspense that is reported for a customer who is not known; reported again, it is one."""
        record = self._record(money)
        if record:
            self.cash.finish(record, _at(money))
            return
        line = _line(money)
        why = Match(line.line_id, Decision.UNMATCHED, Purpose.CUSTOMER_PAYMENT, reasons=(_UNKNOWN,))
        made = decided(line, why, self.cash.policy.version, _at(money))
        self.cash.take(replace(made, method=money.method, reference=money.reference), _at(money))

    def claim(self, money: Entry, customer_id: str, at: datetime) -> str:
        """Whose account has the money; the customer's if it was in suspense, they are known and nobody else was chosen.

        Args:
            money: directed to the invoices that the customer paid.
            customer_id: whom the gateway names.

        Returns:
            The id of an account, in suspense while the customer is not known; empty for money that never was there.

        Raises:
            ConflictError: an agent decided at this moment; ask again.
        """
        record = self._record(money)
        if record is None:
            return ""
        record = self.cash.finish(record, at)
        account = self.cash.ledger.load(customer_id)
        if account and record.chosen is None:
            record = self.cash.choose(record, _proposal(account, record, money.directed_to), "", at)
        elif account and record.decided_by and not (record.contested or record.closed):
            self._contest(record, account)
        return self._holder_of(record)

    def held_by(self, money: Entry) -> str:
        """As ``claim``, of what was decided so far; changes nothing."""
        record = self._record(money)
        return self._holder_of(record) if record else ""

    def lessen(self, money: Entry) -> bool:
        """Bring the work list up to what is left of a payment in suspense; whether it is there, if with nothing left.

        Raises:
            ConflictError: an agent decided at this moment; ask again.
        """
        record = self._record(money)
        if record is None or record.chosen:
            return False
        account = self.cash.ledger.load(self._holder_of(record))
        if account:
            left = account.books.standing_minor(held_as(account, record, account.customer.customer_id))
            if left != record.left_minor:
                gone = record.line.amount_minor - left
                self.cash.lines.keep(replace(record, gone_minor=gone, version=record.version + 1))
        return True

    def _record(self, money: Entry) -> LineRecord | None:
        return self.cash.lines.record(item_id_of(_line(money), money.method))

    def _holder_of(self, record: LineRecord) -> str:
        if record.chosen:
            return record.chosen.customer_id
        return suspense_customer(self.cash.creditor_id, record).customer_id

    def _contest(self, record: LineRecord, named: Account) -> None:
        """Ask a person: the gateway names another customer than the agent chose."""
        assert record.chosen is not None
        has = self.cash.ledger.load(record.chosen.customer_id)
        if has and has.customer.customer_id == named.customer.customer_id:
            return
        why = f"{record.decided_by} gave it to {record.chosen.customer_name}; the gateway names {named.customer.name}."
        match = replace(record.match, proposal=_proposal(named, record), others=(), reasons=(why,))
        self.cash.lines.keep(replace(record, match=match, contested=True, version=record.version + 1))


def _proposal(account: Account, record: LineRecord, directed_to: Sequence[Direction] = ()) -> Proposal:
    who = account.customer
    parts = tuple(
        Allocation(one.invoice_id, account.invoices[one.invoice_id].number, one.amount_minor)
        for one in directed_to
        if one.invoice_id in account.invoices
    )
    unapplied = max(0, record.line.amount_minor - sum(one.amount_minor for one in parts))
    return Proposal(who.customer_id, who.name, parts, unapplied, 1000, (_SAYS_SO,), who.number)


def _line(money: Entry) -> BankLine:
    """The money as a line of the work list; its day is no part of its id."""
    on = money.on
    line_id = stable_id("bln", money.method, money.reference)
    texts, kind = (money.reference,), LineKind.CARD
    return BankLine(line_id, money.method, on, on, money.currency, money.amount_minor, references=texts, kind=kind)


def _at(money: Entry) -> datetime:
    assert money.at is not None
    return money.at
