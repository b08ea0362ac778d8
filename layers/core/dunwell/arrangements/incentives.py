"""The forgiven part of settlements and discounts: a credit note while they stand, taken back when they end."""

from dataclasses import dataclass
from datetime import date, datetime

from dunwell.arrangements.plans import RANKS
from dunwell.arrangements.policy import ArrangementPolicy, Authority, OfferRule
from dunwell.errors import InvalidInputError, RefusedError
from dunwell.ledger.adjusting import CreditReason, credit_note
from dunwell.ledger.agreements import AgreedDebt, Agreement, AgreementKind, AgreementStatus
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction
from dunwell.ledger.model import Account
from dunwell.ledger.steps import METHOD, note_of
from dunwell.money import split

_REASONS = {AgreementKind.SETTLEMENT: CreditReason.SETTLEMENT, AgreementKind.DISCOUNT: CreditReason.DISCOUNT}


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """Less than the whole debt, for paying it by a day.

    Attributes:
        kind: settlement or discount. rule: the name of the policy's rule that it is offered under.
        forgiven_minor: what the creditor gives up (minor units).
        pay_by: the day of the only part, or of the first one; several parts are a month apart.
        expires_on: the last day on which it may be accepted; None: as long as the rule says.
        invoice_ids: the invoices it is about; None: every one that may be agreed about.
    """

    kind: AgreementKind
    currency: str
    rule: str
    forgiven_minor: int
    pay_by: date
    instalments: int = 1
    expires_on: date | None = None
    invoice_ids: tuple[str, ...] | None = None


def offer_rule(policy: ArrangementPolicy, terms: OfferTerms) -> OfferRule:
    """The policy's rule that an offer names. Raises RefusedError: there is none."""
    rules = {AgreementKind.SETTLEMENT: policy.settlements, AgreementKind.DISCOUNT: policy.discounts}
    found = next((rule for rule in rules.get(terms.kind, ()) if rule.name == terms.rule), None)
    if found is None:
        raise RefusedError("This offer does not exist any more.", code="offer_gone")
    return found


def authority_for_offer(rule: OfferRule, terms: OfferTerms, debts: tuple[AgreedDebt, ...]) -> Authority:
    """The least authority that may give up so much.

    Raises:
        InvalidInputError: nobody may, or nothing or everything would be given up.
    """
    debt_minor = sum(debt.amount_minor for debt in debts)
    if not 0 < terms.forgiven_minor < debt_minor:
        raise InvalidInputError("An offer gives up a part of the debt.", field="forgiven_minor", code="offer_terms")
    if debt_minor < rule.min_debt_minor.get(terms.currency, debt_minor + 1):
        raise RefusedError("This offer is not made for a debt of this size.", code="offer_size")
    if not 1 <= terms.instalments <= rule.instalments:
        raise InvalidInputError(
            f"This offer is paid in at most {rule.instalments} parts.", field="instalments", code="offer_terms"
        )
    for authority in RANKS:
        if terms.forgiven_minor <= rule.most_minor(debt_minor, terms.currency, authority):
            return authority
    raise InvalidInputError("Nobody may give up so much of this debt.", field="forgiven_minor", code="offer_terms")


def require_once(account: Account, kind: AgreementKind, debts: tuple[AgreedDebt, ...], authority: Authority) -> None:
    """An incentive is given once for a debt; agents may offer again what nobody took.

    Raises:
        RefusedError: it was given or, to a customer without an agent, offered before.
    """
    wanted = {debt.invoice_id for debt in debts}
    for one in account.agreements.values():
        if one.kind is not kind or not wanted & set(one.invoice_ids):
            continue
        taken = one.authorisation is not None
        if taken or (one.status is not AgreementStatus.PROPOSED and authority is Authority.CUSTOMER):
            raise RefusedError("Such an offer was made for this debt before, and is made once.", code="offer_once")


def give_up(account: Account, agreement: Agreement, at: datetime) -> Change:
    """Post the credit note of an agreement that is accepted: shared among its debts by what each had.

    Raises:
        RefusedError: less is open than would be given up: it was paid meanwhile.
    """
    if not agreement.forgiven_minor or note_of(account, agreement):
        return Change(account)
    shares = split(agreement.forgiven_minor, [debt.amount_minor for debt in agreement.debts])
    directions = [
        Direction(debt.invoice_id, share) for debt, share in zip(agreement.debts, shares, strict=True) if share
    ]
    if any(account.open_minor(one.invoice_id) < one.amount_minor for one in directions):
        raise RefusedError(
            "Less is open now than when the offer was made: there is nothing left to give up.", code="offer_less_open"
        )
    return credit_note(
        account,
        agreement.currency,
        directions,
        agreement.forgiven_minor,
        key=agreement.agreement_id,
        reason=_REASONS[agreement.kind],
        authorised_by=METHOD,
        on=at.date(),
        at=at,
    )
