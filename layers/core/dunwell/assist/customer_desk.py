"""What an agent does about a customer: holds, records that are one or two, and corrections that the agent answers for.

A form that is sent twice is carried out once, and who loses a race decides afresh on the newer account.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dunwell.accounts.consent import refused_channels
from dunwell.accounts.holds import Hold
from dunwell.accounts.model import Channel, RelationKind, customer_id_of
from dunwell.accounts.refused_times import RefusedTime, RefusedTimes, minute_of, with_time
from dunwell.dates import business_date
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell.ledger.adjusting import CreditReason, WriteOffReason, credit_note, write_off
from dunwell.ledger.change import Change
from dunwell.ledger.disputing import DisputeEnd, DisputeReason, dispute, end_disputes
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.holding import hold, lift
from dunwell.ledger.model import Account, Invoice
from dunwell.ledger.moving import merge, split
from dunwell.ledger.ports import Ledger
from dunwell.ledger.posting import reverse
from dunwell.ledger.update import ATTEMPTS, update
from dunwell.money import parse_amount
from dunwell.timezones import zone

NUMBER_LENGTH = 64
WAIVER = "waiver"
FROM_AGENT = "agent"
"""How a refusal is known that a customer told an agent."""
_MAY_BE_WAIVED = frozenset({EntryKind.FEE, EntryKind.INTEREST})


@dataclass(frozen=True, slots=True)
class StandingCharge:
    """A fee or interest that was not waived or reversed as a whole; what stands of it in minor units."""

    entry: Entry
    invoice_number: str
    standing_minor: int


def standing_charges(account: Account) -> list[StandingCharge]:
    """The fees and interest that an agent could waive, newest first."""
    found = []
    for entry_id, entry in account.entries.items():
        standing = account.books.standing_minor(entry_id) if entry.kind in _MAY_BE_WAIVED else 0
        if standing > 0 and entry_id not in account.moved:
            invoice = account.invoices.get(entry.directed_to[0].invoice_id)
            found.append(StandingCharge(entry, invoice.number if invoice else "", standing))
    return sorted(found, key=lambda charge: (charge.entry.on, charge.entry.entry_id), reverse=True)


def settled_invoices(account: Account, most: int) -> list[Invoice]:
    """The invoices on which nothing is open, newest first: what a credit note may be for beside the open ones."""
    found = [
        invoice
        for invoice_id, invoice in account.invoices.items()
        if invoice_id not in account.moved and not account.open_minor(invoice_id)
    ]
    return sorted(found, key=lambda invoice: (invoice.issued_on, invoice.number), reverse=True)[:most]


@dataclass(frozen=True)
class CustomerDesk:
    """The agents' changes to customers.

    Attributes:
        zone_name: the creditor's time zone.
        sources: the names of the sources whose customer numbers are searched.
    """

    ledger: Ledger
    creditor_id: str
    zone_name: str
    sources: Callable[[], Iterable[str]]

    # --- finding ---

    def called(self, number: str) -> list[Account]:
        """The customers who have this number in one of the sources, each once; under an old number who they became."""
        wanted = number.strip()
        if not wanted:
            return []
        ids = (customer_id_of(self.creditor_id, source, wanted) for source in sorted(set(self.sources())))
        loaded = (self.ledger.load(one) for one in ids)
        found = {one.customer.customer_id: one for one in loaded if one and not one.customer.is_internal}
        return list(found.values())

    def account(self, customer_id: str) -> Account:
        """A customer's account, or that of the customer they became part of.

        Raises:
            NotFoundError: nobody has this id, or nobody is behind it.
        """
        account = self.ledger.load(customer_id)
        if account is None or account.customer.is_internal:
            raise NotFoundError("There is no such customer.")
        return account

    # --- holds ---

    def place_hold(
        self, customer_id: str, kind: str, invoice_id: str, until: datetime | None, note: str, who: str, at: datetime
    ) -> Account:
        """Place a hold; the same one as stands already changes nothing.

        Args:
            kind: of the contact rules' holds. invoice_id: the debt it covers; empty for everything owed.

        Raises:
            InvalidInputError: it ends before it begins. NotFoundError: no such customer, or invoice on the account.
        """
        new = Hold(kind, invoice_id or None, at, until, who, note)

        def decide(account: Account) -> Change:
            if invoice_id and (invoice_id not in account.invoices or invoice_id in account.moved):
                raise NotFoundError("This invoice is not on the account any more.")
            if any(_is_same(one, new) for one in account.customer.holds):
                return Change(account)
            return hold(account, new, at)

        return self._update(customer_id, decide)

    def lift_hold(self, customer_id: str, hold_id: str, who: str, at: datetime) -> Account:
        """Lift a hold; again changes nothing.

        Raises:
            NotFoundError: no such customer, or hold.
        """
        return self._update(customer_id, lambda account: lift(account, [hold_id], at, who))

    # --- channels and times ---

    def refuse_channel(self, customer_id: str, channel: Channel, at: datetime) -> Account:
        """Keep that the customer told us, in whatever words, not to use a channel; again changes nothing.

        Only the customer takes it back: on the portal, or with START by text.

        Raises:
            NotFoundError: no such customer.
        """

        def decide(account: Account) -> Change:
            if channel in refused_channels(account.customer.consents):
                return Change(account)
            return Change(account, account.customer.with_refusal(channel, at, FROM_AGENT))

        return self._update(customer_id, decide)

    def refuse_time(
        self, customer_id: str, days: Sequence[int], start: str, end: str, note: str, who: str, at: datetime
    ) -> Account:
        """Keep a time of the week in which the customer does not want to be contacted; again changes nothing.

        Args:
            days: Monday 0 to Sunday 6. start, end: on the customer's clock, as written, such as ``08:30``.

        Raises:
            InvalidInputError: it is no time of the week. NotFoundError: no such customer.
        """
        refused = RefusedTime(tuple(sorted(set(days))), minute_of(start), minute_of(end), who, at, note)
        return self._with_times(customer_id, lambda known: with_time(known, refused))

    def allow_time(self, customer_id: str, when: str) -> Account:
        """Forget a time that the customer took back (``RefusedTime.name``); again changes nothing.

        Raises:
            NotFoundError: no such customer.
        """
        return self._with_times(customer_id, lambda known: tuple(one for one in known if one.name != when))

    def _with_times(self, customer_id: str, change: Callable[[RefusedTimes], RefusedTimes]) -> Account:
        def decide(account: Account) -> Change:
            times = change(account.customer.refused_times)
            same = times == account.customer.refused_times
            return Change(account, None if same else replace(account.customer, refused_times=times))

        return self._update(customer_id, decide)

    # --- disputes ---

    def dispute(
        self,
        customer_id: str,
        invoice_id: str,
        amount: str,
        reason: DisputeReason,
        note: str,
        key: str,
        who: str,
        at: datetime,
    ) -> Account:
        """Enter a dispute that came by post or otherwise: what is contested is not asked for until it is ended.

        Args:
            amount: as written, such as ``12.50``; empty: all that is open and not contested yet.
            key: names the dispute: the same key again changes nothing.

        Raises:
            InvalidInputError: not so much is open. ConflictError: nothing is.
            NotFoundError: no such customer, or invoice.
        """

        def decide(account: Account) -> Change:
            amount_minor, on = self._amount(account, invoice_id, amount), business_date(at, self.zone_name)
            return dispute(account, invoice_id, amount_minor, reason, key=key, note=note, on=on, at=at, agent=who)

        return self._update(customer_id, decide)

    def end_disputes(self, customer_id: str, invoice_id: str, outcome: DisputeEnd, who: str, at: datetime) -> Account:
        """Record that verification was sent, or what was wrong corrected: the invoice may be asked for again.

        Raises:
            NotFoundError: no such customer, or invoice.
        """
        on = business_date(at, self.zone_name)
        return self._update(
            customer_id, lambda account: end_disputes(account, invoice_id, outcome, agent=who, on=on, at=at)
        )

    # --- one or two ---

    def merge(self, kept_id: str, absorbed_id: str, who: str, at: datetime) -> Account:
        """Make two customers one, whose account this gives; again changes nothing.

        Raises:
            InvalidInputError, RefusedError: see ``ledger.moving.merge``. NotFoundError: one of them is nobody.
            ConflictError: one of them became part of a third one meanwhile.
        """

        def decide() -> tuple[Change, Change]:
            kept, absorbed = self.account(kept_id), self.account(absorbed_id)
            if kept_id == absorbed_id:
                raise InvalidInputError("Choose two different customers to merge.")
            if absorbed.customer.customer_id == kept.customer.customer_id == kept_id:
                return Change(kept), Change(absorbed)
            for asked, found in ((kept_id, kept), (absorbed_id, absorbed)):
                if found.customer.customer_id != asked:
                    raise ConflictError("One of the two became part of another customer meanwhile. Look them up again.")
            return merge(kept, absorbed, at, who)

        return self._update_both(decide)

    def split(self, customer_id: str, invoice_ids: Sequence[str], new_number: str, who: str, at: datetime) -> Account:
        """Move invoices to a second customer under a number of their own, whose account this gives; again: nothing.

        Raises:
            InvalidInputError: no invoice, or no number that could be one. RefusedError: somebody else has the number.
            NotFoundError: no such customer, or an invoice is not on the account.
        """
        number = new_number.strip()
        if not invoice_ids:
            raise InvalidInputError("Choose the invoices that are the second customer's.", field="invoices")
        if not 0 < len(number) <= NUMBER_LENGTH or not number.isprintable():
            raise InvalidInputError(f"Write a number of at most {NUMBER_LENGTH} characters for the second customer.")

        def decide() -> tuple[Change, Change]:
            account = self.account(customer_id)
            other = self.ledger.load(customer_id_of(account.customer.creditor_id, account.customer.source, number))
            if other and number != account.customer.number and not _was_split(other, account):
                raise RefusedError("There is a customer with this number already. Choose one that nobody has.")
            out, into = split(account, invoice_ids, number, at, who, other)
            return into, out

        return self._update_both(decide)

    # --- corrections ---

    def write_off(
        self, customer_id: str, invoice_id: str, amount: str, reason: WriteOffReason, key: str, who: str, at: datetime
    ) -> Account:
        """Write an invoice off, or a part of it; it stays owed.

        Args:
            amount: as written, such as ``12.50``; empty: all that is open.
            key: names the decision: the same key again changes nothing.

        Raises:
            InvalidInputError: nothing, or not so much, is open. NotFoundError: no such customer, or invoice.
        """

        def decide(account: Account) -> Change:
            amount_minor = self._amount(account, invoice_id, amount)
            if _is_done(account, key, amount_minor):
                return Change(account)
            open_minor = _some(account.open_minor(invoice_id))
            if amount_minor and amount_minor > open_minor:
                raise InvalidInputError("Not so much is open on this invoice. Write off what is open.", field="amount")
            off, on = amount_minor or open_minor, business_date(at, self.zone_name)
            return write_off(account, invoice_id, off, key=key, reason=reason, authorised_by=who, on=on, at=at)

        return self._update(customer_id, decide)

    def give_credit(
        self, customer_id: str, invoice_id: str, amount: str, reason: CreditReason, key: str, who: str, at: datetime
    ) -> Account:
        """Credit an invoice, paid or not: what it does not take is unapplied credit.

        Args:
            amount, key: see ``write_off``.

        Raises:
            InvalidInputError: it is more than the invoice was billed at. NotFoundError: see ``write_off``.
        """

        def decide(account: Account) -> Change:
            amount_minor = self._amount(account, invoice_id, amount)
            if _is_done(account, key, amount_minor):
                return Change(account)
            credit = amount_minor or _some(account.open_minor(invoice_id))
            if credit > account.books.billed_minor(invoice_id):
                raise InvalidInputError("No more can be credited than the invoice was billed at.", field="amount")
            return credit_note(
                account,
                account.invoices[invoice_id].currency,
                [Direction(invoice_id, credit)],
                credit,
                key=key,
                reason=reason,
                authorised_by=who,
                on=business_date(at, self.zone_name),
                at=at,
            )

        return self._update(customer_id, decide)

    def waive(self, customer_id: str, entry_id: str, amount: str, key: str, who: str, at: datetime) -> Account:
        """Waive a fee or interest, or a part of it; what was paid for it becomes free for other invoices.

        Args:
            amount: empty: all that stands of it. key: see ``write_off``.

        Raises:
            InvalidInputError: not so much stands. NotFoundError: no such customer, or charge on the account.
        """

        def decide(account: Account) -> Change:
            charge = account.entries.get(entry_id)
            if charge is None or charge.kind not in _MAY_BE_WAIVED or entry_id in account.moved:
                raise NotFoundError("This charge is not on the account any more.")
            amount_minor = _parsed(amount, charge.currency)
            if _is_done(account, key, amount_minor):
                return Change(account)
            standing = account.books.standing_minor(entry_id)
            if not standing or (amount_minor or 0) > standing:
                raise InvalidInputError("Not so much of this charge stands any more. Look at it again.", field="amount")
            local = at.astimezone(zone(self.zone_name))
            waived = amount_minor or standing
            return reverse(account, entry_id, waived, method=who, reference=key, reversed_at=local, reason=WAIVER)

        return self._update(customer_id, decide)

    # --- shared ---

    def _amount(self, account: Account, invoice_id: str, amount: str) -> int | None:
        if invoice_id not in account.invoices or invoice_id in account.moved:
            raise NotFoundError("This invoice is not on the account any more.")
        return _parsed(amount, account.invoices[invoice_id].currency)

    def _update(self, customer_id: str, decide: Callable[[Account], Change]) -> Account:
        self.account(customer_id)
        return update(self.ledger, customer_id, decide)

    def _update_both(self, decide: Callable[[], tuple[Change, Change]]) -> Account:
        """As ``update``, for two accounts that change together; gives the first one."""
        for attempt in range(1, ATTEMPTS + 1):
            one, other = decide()
            if one.is_empty and other.is_empty:
                return one.account
            try:
                return self.ledger.commit(one, other)
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")


def _is_same(known: Hold, new: Hold) -> bool:
    """Whether a hold that stands is this one. Not by the instant: who sends a form twice sends it twice."""
    stands = known.lifted_at is None and (known.until is None or known.until > new.placed_at)
    same = (known.kind, known.invoice_id, known.until, known.note) == (new.kind, new.invoice_id, new.until, new.note)
    return stands and same


def _was_split(other: Account, account: Account) -> bool:
    return any(
        one.kind is RelationKind.SPLIT_FROM and one.customer_id == account.customer.customer_id
        for one in other.customer.relations
    )


def _parsed(amount: str, currency: str) -> int | None:
    """The amount in minor units, None for all of it."""
    if not amount.strip():
        return None
    try:
        found = parse_amount(amount.strip(), currency)
    except InvalidInputError as error:
        raise InvalidInputError(f"The amount {error}.", field="amount") from None
    if found <= 0:
        raise InvalidInputError("The amount must be more than zero.", field="amount")
    return found


def _some(open_minor: int) -> int:
    if not open_minor:
        raise InvalidInputError("Nothing is open on this invoice any more.", field="amount")
    return open_minor


def _is_done(account: Account, key: str, amount_minor: int | None) -> bool:
    """Whether the decision of this key was carried out.

    Raises:
        InvalidInputError: it was, with another amount.
    """
    known = next((entry for entry in account.entries.values() if entry.reference == key), None)
    if known and amount_minor not in (None, known.amount_minor):
        raise InvalidInputError("This form was sent before with another amount. Fill in a new one.", field="amount")
    return known is not None
