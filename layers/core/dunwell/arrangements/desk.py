"""``ArrangementDesk``: what customers and agents do about agreements. Each use case may be repeated.

Who asks is named (``customer``, ``agent:jo``) with the authority that they have; what exceeds it waits for approval.
Every refusal is a sentence that may be shown to the customer.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from dunwell.arrangements.agreeable import why_not
from dunwell.arrangements.evaluate import calendar_of, fee_key, interest_due, next_look, reminder_days
from dunwell.arrangements.incentives import OfferTerms, give_up
from dunwell.arrangements.making import made_offer, made_plan, made_promise, same_plan
from dunwell.arrangements.plans import RANKS, plan_policy
from dunwell.arrangements.policy import ArrangementPolicy, Authority
from dunwell.arrangements.progress import progress
from dunwell.arrangements.revising import require_notice
from dunwell.arrangements.schedule import PlanTerms
from dunwell.dates import business_date
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell.events import AGREEMENT_MADE, AGREEMENT_PROPOSED, AGREEMENT_REVISED
from dunwell.ledger.agreements import Agreement, AgreementKind, AgreementStatus, Authorisation
from dunwell.ledger.change import Change
from dunwell.ledger.entry import EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.posting import charge
from dunwell.ledger.steps import ended, moved, stepped, told
from dunwell.ledger.update import update
from dunwell.timezones import zone


@dataclass(frozen=True, slots=True)
class PayOff:
    """What ends an agreement today (minor units).

    Attributes:
        amount_minor: what is owed on its debts now, charges up to today included.
        saved_minor: charges of later instalments, which are then never due.
    """

    agreement_id: str
    currency: str
    amount_minor: int
    saved_minor: int


@dataclass(frozen=True, slots=True)
class ArrangementDesk:
    """The use cases over what they need.

    Attributes:
        zone_name: the creditor's zone, in which days are counted.
        policy_version: kept with what is agreed under it.
    """

    ledger: Ledger
    policy: ArrangementPolicy
    zone_name: str
    policy_version: str = ""

    # --- proposing ---

    def propose_plan(
        self,
        customer_id: str,
        terms: PlanTerms,
        *,
        who: str,
        authority: Authority,
        at: datetime,
        model_version: str = "",
        reasons: tuple[str, ...] = (),
    ) -> Agreement:
        """Propose a plan; it waits for the customer's authorisation, and before that for the approval it needs.

        An earlier proposal of a plan about the same debts is withdrawn. The same terms again are the same proposal.

        Raises:
            InvalidInputError: no authority may agree to it, or it cannot be divided so; says what to change.
            RefusedError: there are no plans, or not for these debts now. NotFoundError: no such customer or invoice.
        """

        def make(account: Account, now: datetime, as_of: date) -> Agreement:
            made = made_plan(account, self.policy, terms, who, authority, as_of, now)
            return self._versioned(made, model_version, reasons)

        return self._proposed(customer_id, make, at, who)

    def propose_offer(
        self,
        customer_id: str,
        terms: OfferTerms,
        *,
        who: str,
        authority: Authority,
        at: datetime,
        model_version: str = "",
        reasons: tuple[str, ...] = (),
    ) -> Agreement:
        """Propose a settlement or a discount: nothing is given up before the customer accepts.

        Raises:
            See ``propose_plan``; RefusedError also when such an offer was made for the debt before.
        """

        def make(account: Account, now: datetime, as_of: date) -> Agreement:
            made = made_offer(account, self.policy, terms, who, authority, as_of, now)
            return self._versioned(made, model_version, reasons)

        return self._proposed(customer_id, make, at, who)

    def approve(
        self, customer_id: str, agreement_id: str, *, who: str, authority: Authority, at: datetime
    ) -> Agreement:
        """Grant the approval that a proposal waits for; again changes nothing.

        Raises:
            RefusedError: it takes more authority, or the proposal has ended. NotFoundError: no such agreement.
        """

        def decide(account: Account, agreement: Agreement, now: datetime) -> Change:
            if not agreement.approval:
                return Change(account)
            _require_proposed(agreement)
            _require_authority(agreement, authority)
            after = stepped(agreement, AgreementStatus.PROPOSED, now, who, "approved", approval="")
            event = told(AGREEMENT_PROPOSED, account, after, now, "approved")
            return Change(account, agreements={agreement_id: after}, events=(event,))

        return self._about(customer_id, agreement_id, decide, at)

    def refuse(
        self, customer_id: str, agreement_id: str, *, who: str, authority: Authority, at: datetime, why: str = "refused"
    ) -> Agreement:
        """Turn down a proposal that waits for approval; again changes nothing. Raises: see ``approve``."""

        def decide(account: Account, agreement: Agreement, now: datetime) -> Change:
            if agreement.status is AgreementStatus.CANCELLED:
                return Change(account)
            _require_proposed(agreement)
            _require_authority(agreement, authority)
            return moved(account, agreement, AgreementStatus.CANCELLED, now, who, why, next_on=None)

        return self._about(customer_id, agreement_id, decide, at)

    def decline(self, customer_id: str, agreement_id: str, *, who: str, at: datetime) -> Agreement:
        """Say no to a proposal; again changes nothing. Raises RefusedError: it was accepted; NotFoundError."""

        def decide(account: Account, agreement: Agreement, now: datetime) -> Change:
            if agreement.status is AgreementStatus.CANCELLED:
                return Change(account)
            _require_proposed(agreement)
            return moved(account, agreement, AgreementStatus.CANCELLED, now, who, "declined", next_on=None)

        return self._about(customer_id, agreement_id, decide, at)

    # --- agreeing ---

    def authorise(self, customer_id: str, agreement_id: str, authorisation: Authorisation) -> Agreement:
        """Accept a proposal with the evidence of consent: from now on it stands.

        What a settlement or discount gives up is credited, and a plan's setup fee charged, in the same write. Other
        proposals about the same debts are withdrawn. The same evidence again changes nothing.

        Raises:
            InvalidInputError: the evidence has no words, or its method is not saved or cannot be debited.
            RefusedError: it waits for approval, has ended, its first day has passed, or a debt of it is not free.
            NotFoundError: no such agreement.
        """
        _require_evidence(authorisation)

        def decide(account: Account, agreement: Agreement, now: datetime) -> Change:
            if agreement.authorisation is not None and agreement.is_standing:
                return Change(account)
            self._require_acceptable(account, agreement, now)
            _require_method(account, authorisation)
            kept = replace(authorisation, at=authorisation.at.astimezone(zone(self.zone_name)))
            return self._standing(account, agreement, kept, now)

        return self._about(customer_id, agreement_id, decide, authorisation.at)

    def accept_offer(self, customer_id: str, agreement_id: str, authorisation: Authorisation) -> Agreement:
        """Accept a settlement or discount; see ``authorise``."""
        return self.authorise(customer_id, agreement_id, authorisation)

    def promise(
        self,
        customer_id: str,
        currency: str,
        amount_minor: int,
        on: date,
        *,
        who: str,
        authority: Authority,
        at: datetime,
        invoice_ids: tuple[str, ...] | None = None,
        replacing: str = "",
    ) -> Agreement:
        """Promise an amount by a day: it stands at once, and pauses reminders until the day and its grace are over.

        Args:
            on: moved to the next day on which banks work.
            invoice_ids: None: every debt that may be agreed about.
            replacing: the standing promise that is cancelled in the same write, if the new one is made; empty for none.

        Raises:
            InvalidInputError: the amount is not positive or more than is owed; the day has passed or is too far away.
            RefusedError: there are no promises, or too many were broken. NotFoundError: no such customer or invoice.
        """

        def decide(account: Account) -> Change:
            now, as_of = self._local(at)
            old = _standing_promise(account, replacing)
            agreement = made_promise(
                account, self.policy, currency, amount_minor, on, who, authority, as_of, now, invoice_ids, old
            )
            made.append(agreement.agreement_id)
            if agreement.agreement_id in account.agreements:
                return Change(account)
            change = ended(account, old, AgreementStatus.CANCELLED, now, who, "replaced") if old else Change(account)
            agreement = self._versioned(self._looked_at(account, agreement, as_of))
            event = told(AGREEMENT_MADE, account, agreement, now)
            change = change.then(Change(account, agreements={agreement.agreement_id: agreement}, events=(event,)))
            return change.then(_withdrawn(account, agreement, now, who))

        made: list[str] = []
        account = update(self.ledger, customer_id, decide)
        return account.agreements[made[-1]]

    # --- changing and ending ---

    def revise(
        self,
        customer_id: str,
        agreement_id: str,
        terms: PlanTerms,
        *,
        who: str,
        authority: Authority,
        at: datetime,
        authorisation: Authorisation | None = None,
    ) -> Agreement:
        """Put a new plan in the place of a standing one, in one write: the old one is cancelled, the new one stands.

        Args:
            authorisation: new evidence by the customer; without it the old evidence holds, and when instalments are
                debited, changed amounts and days must be far enough away to be told (rules REGE-VARY and NACHA).

        Raises:
            InvalidInputError: see ``propose_plan``; or the first changed debit is too near: says the first day.
            RefusedError: the agreement does not stand, is no plan, or the new one takes more authority.
        """
        if authorisation:
            _require_evidence(authorisation)

        def decide(account: Account) -> Change:
            now, as_of = self._local(at)
            old = _known(account, agreement_id)
            again = same_plan(account, self.policy, terms)
            if again and again.replaces == agreement_id:
                made.append(again.agreement_id)
                return Change(account)
            if old.kind is not AgreementKind.PLAN or not old.is_standing or old.authorisation is None:
                raise RefusedError("Only a plan that stands can be changed.", code="not_standing")
            new = made_plan(account, self.policy, terms, who, authority, as_of, now, replacing=old)
            if new.approval:
                raise RefusedError("This takes an approval: please contact us.", code="needs_approval")
            evidence = authorisation or old.authorisation
            _require_method(account, evidence)
            if not authorisation and evidence.method_id:
                require_notice(old, new, as_of)
            made.append(new.agreement_id)
            return self._replaced(account, old, self._versioned(new), evidence, who, now, as_of)

        made: list[str] = []
        account = update(self.ledger, customer_id, decide)
        return account.agreements[made[-1]]

    def cancel(
        self, customer_id: str, agreement_id: str, *, who: str, at: datetime, why: str = "cancelled"
    ) -> Agreement:
        """End an agreement that stands or is proposed; what it gave up is taken back. Again changes nothing.

        Raises:
            RefusedError: it has ended otherwise. NotFoundError: no such agreement.
        """

        def decide(account: Account, agreement: Agreement, now: datetime) -> Change:
            if agreement.status is AgreementStatus.CANCELLED:
                return Change(account)
            if not agreement.is_standing and agreement.status is not AgreementStatus.PROPOSED:
                raise RefusedError("This agreement has ended already.", code="agreement_ended")
            return ended(account, agreement, AgreementStatus.CANCELLED, now, who, why)

        return self._about(customer_id, agreement_id, decide, at)

    def pay_off(self, customer_id: str, agreement_id: str, as_of: date) -> PayOff:
        """What ends a standing agreement when it is paid today.

        Raises:
            NotFoundError: no such customer or agreement. RefusedError: it does not stand.
        """
        account = self.ledger.load(customer_id)
        if account is None:
            raise NotFoundError("There is no such customer.", code="no_account")
        agreement = _known(account, agreement_id)
        if not agreement.is_standing:
            raise RefusedError("This agreement does not stand: there is nothing to pay off.", code="agreement_ended")
        owed = sum(account.open_minor(invoice_id) for invoice_id in agreement.invoice_ids)
        owed += sum(amount_minor for _, amount_minor in interest_due(account, agreement, as_of)) if owed else 0
        later = sum(part.charges_minor for part in agreement.instalments if part.due_on > as_of)
        return PayOff(agreement_id, agreement.currency, owed, later)

    # --- how ---

    def _local(self, at: datetime) -> tuple[datetime, date]:
        if at.tzinfo is None:
            raise InvalidInputError("the time of an agreement needs a time zone", field="at")
        now = at.astimezone(zone(self.zone_name))
        return now, business_date(at, self.zone_name)

    def _versioned(self, made: Agreement, model_version: str = "", reasons: tuple[str, ...] = ()) -> Agreement:
        return replace(made, policy_version=self.policy_version, model_version=model_version, reasons=reasons)

    def _about(
        self,
        customer_id: str,
        agreement_id: str,
        decide: Callable[[Account, Agreement, datetime], Change],
        at: datetime,
    ) -> Agreement:
        now, _ = self._local(at)
        account = update(self.ledger, customer_id, lambda read: decide(read, _known(read, agreement_id), now))
        return account.agreements[agreement_id]

    def _proposed(
        self, customer_id: str, make: Callable[[Account, datetime, date], Agreement], at: datetime, who: str
    ) -> Agreement:
        now, as_of = self._local(at)
        made: list[str] = []

        def decide(account: Account) -> Change:
            agreement = make(account, now, as_of)
            made.append(agreement.agreement_id)
            if agreement.agreement_id in account.agreements:
                return Change(account)
            event = told(AGREEMENT_PROPOSED, account, agreement, now, agreement.approval)
            withdrawn = _withdrawn(account, agreement, now, who, agreement.kind)
            return Change(account, agreements={agreement.agreement_id: agreement}, events=(event,)).then(withdrawn)

        account = update(self.ledger, customer_id, decide)
        return account.agreements[made[-1]]

    def _require_acceptable(self, account: Account, agreement: Agreement, now: datetime) -> None:
        as_of = now.date()
        _require_proposed(agreement)
        if agreement.approval:
            raise RefusedError("This still waits for our approval.", code="waits_for_approval")
        if agreement.expires_on and as_of > agreement.expires_on:
            raise RefusedError("This proposal has run out: please ask for a new one.", code="proposal_over")
        if agreement.instalments[0].due_on < as_of:
            raise RefusedError("The first day of this plan has passed: please choose again.", code="day_passed")
        for one in account.open_invoices:
            if one.invoice.invoice_id in agreement.invoice_ids and (why := why_not(account, one, now)):
                raise why
        if not any(account.open_minor(invoice_id) for invoice_id in agreement.invoice_ids):
            raise RefusedError("This is paid already: there is nothing left to agree about.", code="paid_already")

    def _standing(self, account: Account, agreement: Agreement, evidence: Authorisation, now: datetime) -> Change:
        after = replace(agreement, authorisation=evidence, expires_on=None)
        after = self._looked_at(account, after, now.date())
        change = moved(account, after, AgreementStatus.AUTHORISED, now, evidence.by)
        change = change.then(give_up(change.applied(), after, now))
        change = change.then(self._setup_fee(change.applied(), after, now))
        return change.then(_withdrawn(change.applied(), after, now, evidence.by))

    def _setup_fee(self, account: Account, agreement: Agreement, now: datetime) -> Change:
        """The fee of a plan, as far as it is within the first instalment's charges."""
        if agreement.kind is not AgreementKind.PLAN or agreement.replaces or not agreement.charges_minor:
            return Change(account)
        fee_minor = plan_policy(self.policy).setup_fee_minor.get(agreement.currency, 0)
        fee_minor = min(fee_minor, agreement.instalments[0].charges_minor)
        if not fee_minor:
            return Change(account)
        invoice_id, key = agreement.invoice_ids[-1], fee_key(agreement)
        return charge(account, EntryKind.FEE, invoice_id, fee_minor, key=key, on=now.date(), at=now, reason="plan_fee")

    def _looked_at(self, account: Account, agreement: Agreement, as_of: date) -> Agreement:
        kept = progress(account, agreement, calendar_of(self.policy), as_of)
        return replace(agreement, next_on=next_look(agreement, kept, reminder_days(self.policy), as_of))

    def _replaced(
        self,
        account: Account,
        old: Agreement,
        new: Agreement,
        evidence: Authorisation,
        who: str,
        now: datetime,
        as_of: date,
    ) -> Change:
        change = ended(account, old, AgreementStatus.CANCELLED, now, who, "replaced")
        after = self._looked_at(account, replace(new, authorisation=evidence, expires_on=None), as_of)
        after = stepped(after, AgreementStatus.AUTHORISED, now, who, "revised")
        event = told(AGREEMENT_REVISED, account, after, now, "revised")
        return change.then(Change(account, agreements={after.agreement_id: after}, events=(event,)))


def _withdrawn(account: Account, made: Agreement, now: datetime, who: str, kind: AgreementKind | None = None) -> Change:
    """Other proposals about the same debts ended: those of a kind, or all, since a debt is agreed about once."""
    change, debts = Change(account), set(made.invoice_ids)
    for one in account.agreements.values():
        is_other = one.agreement_id != made.agreement_id and kind in (None, one.kind)
        if is_other and one.status is AgreementStatus.PROPOSED and debts & set(one.invoice_ids):
            change = change.then(ended(account, one, AgreementStatus.CANCELLED, now, who, "replaced"))
    return change


def _known(account: Account, agreement_id: str) -> Agreement:
    try:
        return account.agreements[agreement_id]
    except KeyError:
        raise NotFoundError("There is no such agreement.", code="no_agreement") from None


def _standing_promise(account: Account, agreement_id: str) -> Agreement | None:
    """The promise that a new one takes the place of; None when it has ended meanwhile."""
    known = _known(account, agreement_id) if agreement_id else None
    return known if known and known.is_standing and known.kind is AgreementKind.PROMISE else None


def _require_proposed(agreement: Agreement) -> None:
    if agreement.is_standing:
        raise ConflictError("This was agreed to meanwhile: look at it again.", code="agreed_meanwhile")
    if agreement.status is not AgreementStatus.PROPOSED:
        raise RefusedError("This proposal has ended: please ask for a new one.", code="proposal_over")


def _require_authority(agreement: Agreement, authority: Authority) -> None:
    needed = Authority(agreement.approval or Authority.AGENT)
    if RANKS[authority] < RANKS[needed]:
        raise RefusedError(f"Only a {needed} can decide this.", code="needs_approval")


def _require_evidence(authorisation: Authorisation) -> None:
    if not authorisation.words.strip():
        raise InvalidInputError("The words that were agreed to must be kept.", field="words", code="no_consent")
    if not authorisation.by or not authorisation.method or authorisation.at.tzinfo is None:
        raise InvalidInputError(
            "Say who agreed, how, and when with a time zone.", field="authorisation", code="no_consent"
        )


def _require_method(account: Account, authorisation: Authorisation) -> None:
    if not authorisation.method_id:
        return
    method = account.methods.get(authorisation.method_id)
    if method is None or not method.is_usable:
        raise InvalidInputError(
            "This payment method cannot be debited: choose another one.", field="method_id", code="method_unusable"
        )
