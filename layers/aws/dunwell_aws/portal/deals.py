"""What the pages about agreements share: the desk, the words of consent, and where an agreement stands."""

from dataclasses import dataclass
from datetime import date

from dunwell.arrangements.evaluate import calendar_of
from dunwell.arrangements.progress import PartProgress, PartState, Progress, progress
from dunwell.errors import NotFoundError
from dunwell.ledger.agreements import Agreement, AgreementKind, Authorisation
from dunwell.ledger.debits import PaymentMethod
from dunwell_aws.consent_words import offer_consent, plan_consent
from dunwell_aws.portal.consent import Consent, source_address
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.portal.words import Say

CUSTOMER = "customer"
NEW_METHOD = "new"
"""In a form, a payment method that is saved with the first payment."""


@dataclass(frozen=True, slots=True)
class ShownPart:
    """An instalment on a page: ``state`` in words, ``tone`` for its colour."""

    number: int
    due_on: date
    amount_minor: int
    left_minor: int
    state: str
    tone: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an agreement stands by its money (minor units).

    Attributes:
        next: the first instalment that is not paid; None when all are.
        pending: whether a payment for it waits for the bank.
    """

    progress: Progress
    parts: tuple[ShownPart, ...]
    paid_minor: int
    left_minor: int
    next: ShownPart | None
    pending: bool


def agreement_of(visitor: Visitor, agreement_id: str, *kinds: AgreementKind) -> Agreement:
    """An agreement of the visitor's own account, of one of the kinds.

    Raises:
        NotFoundError: there is none.
    """
    found = visitor.account.agreements.get(agreement_id)
    if found is None or found.kind not in kinds:
        raise NotFoundError("There is no such agreement on your account.", code="no_agreement")
    return found


def standing(site: Site, visitor: Visitor, agreement: Agreement) -> Standing:
    """Where an agreement stands today."""
    today, say = site.parts.today, site.say(visitor)
    kept = progress(visitor.account, agreement, calendar_of(site.parts.arrangements().policy), today)
    parts = tuple(_shown(one, agreement, say, today) for one in kept.parts)
    left = [one for one in parts if one.left_minor]
    paid_minor = min(kept.paid_minor, agreement.amount_minor)
    debts = set(agreement.invoice_ids)
    pending = any(part.invoice_id in debts for one in visitor.account.pending for part in one.directed_to)
    return Standing(kept, parts, paid_minor, sum(one.left_minor for one in left), left[0] if left else None, pending)


def _shown(part: PartProgress, agreement: Agreement, say: Say, today: date) -> ShownPart:
    agreed = part.agreed
    key, tone = "coming", ""
    if part.state is PartState.PAID:
        key, tone = "paid", "good"
    elif agreed.due_on < today:
        key, tone = "late", "late"
    elif agreed.due_on == today:
        key = "due"
    state = say("deals.plan." + key)
    if part.paid_minor and part.state is not PartState.PAID:
        state = f"{state}, {say('deals.plan.part_paid', amount=say.money(part.paid_minor, agreement.currency))}"
    return ShownPart(agreed.number, agreed.due_on, agreed.amount_minor, part.left_minor, state, tone)


def plan_words(site: Site, visitor: Visitor, agreement: Agreement, method: PaymentMethod | None, new: bool) -> Consent:
    """What is agreed to by a plan: paid by hand, debited from a saved method, or from one that is saved with it."""
    say, method_id = site.say(visitor), method.method_id if method else NEW_METHOD if new else ""
    label = method.label if method else say("consent.new_method") if new else ""
    words = plan_consent(say, site.parts.creditor, agreement, label)
    return Consent(words, method_id, method.label if method else "")


def offer_words(site: Site, visitor: Visitor, agreement: Agreement) -> Consent:
    """What is agreed to by accepting a settlement or a discount."""
    return Consent(offer_consent(site.say(visitor), site.parts.creditor, agreement))


def evidence(site: Site, words: str, method_id: str = "") -> Authorisation:
    """The evidence of a consent given on a page just now."""
    now = site.parts.clock.now()
    return Authorisation(words, now, "portal", CUSTOMER, source_address(site.request), method_id)
