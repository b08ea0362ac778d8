"""New agreements as the policy allows them; nothing is written here."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from dunwell.arrangements.agreeable import agreeable_debts, needs_a_person
from dunwell.arrangements.evaluate import calendar_of
from dunwell.arrangements.incentives import OfferTerms, authority_for_offer, offer_rule, require_once
from dunwell.arrangements.plans import (
    PROPOSAL_DAYS,
    approval_for,
    authority_for,
    higher,
    lost_trust,
    plan_policy,
    put_off,
    recently_broken,
    require_size,
)
from dunwell.arrangements.policy import ArrangementPolicy, Authority, Frequency, PlanPolicy, PromisePolicy
from dunwell.arrangements.promises import promise_policy, require_promise
from dunwell.arrangements.schedule import PlanTerms, draft
from dunwell.calendars import add_business_days, banking_calendar, following
from dunwell.errors import RefusedError
from dunwell.ids import stable_id
from dunwell.ledger.agreements import (
    AgreedDebt,
    AgreedInstalment,
    Agreement,
    AgreementKind,
    AgreementStatus,
    AgreementStep,
)
from dunwell.ledger.model import Account


def made_plan(
    account: Account,
    policy: ArrangementPolicy,
    terms: PlanTerms,
    who: str,
    authority: Authority,
    as_of: date,
    now: datetime,
    replacing: Agreement | None = None,
) -> Agreement:
    """A plan as somebody proposes it, with whose approval it needs. Raises: see ``ArrangementDesk.propose_plan``."""
    rules = plan_policy(policy)
    if not replacing and (known := same_plan(account, policy, terms)):
        return known
    replaced = replacing.agreement_id if replacing else ""
    wanted = _left_of(account, replacing, terms) if replacing else terms.invoice_ids
    debts = agreeable_debts(account, terms.currency, wanted, now, replaced)
    debt_minor = sum(debt.amount_minor for debt in debts)
    if not replacing:
        require_size(rules, debt_minor, terms.currency)
    made = draft(terms, debt_minor, as_of, rules, with_fee=replacing is None)
    needed = authority_for(rules, made, terms.currency, terms.frequency, as_of)
    if needs_a_person(account, debts, now) or lost_trust(account, rules, now):
        needed = higher(needed, Authority.AGENT)
    expires_on = min(as_of + timedelta(days=PROPOSAL_DAYS), made.instalments[0].due_on)
    return Agreement(
        agreement_id=agreement_id(account, AgreementKind.PLAN, terms.currency, debts, made.instalments, replaced),
        kind=AgreementKind.PLAN,
        currency=terms.currency,
        debts=debts,
        instalments=made.instalments,
        status=AgreementStatus.PROPOSED,
        made_at=now,
        made_by=who,
        expires_on=expires_on,
        next_on=expires_on + timedelta(days=1),
        grace_days=rules.grace_days,
        approval=approval_for(needed, authority),
        charges_minor=made.charges_minor,
        apr_permille=made.apr_permille,
        steps=(AgreementStep(AgreementStatus.PROPOSED, now, who),),
        replaces=replaced,
    )


def _left_of(account: Account, old: Agreement, terms: PlanTerms) -> tuple[str, ...]:
    """The invoices of a plan that takes the place of another one: of those named, or of the old ones, what is open."""
    wanted = old.invoice_ids if terms.invoice_ids is None else terms.invoice_ids
    return tuple(i for i in wanted if account.open_minor(i) or i not in old.invoice_ids)


def made_promise(
    account: Account,
    policy: ArrangementPolicy,
    currency: str,
    amount_minor: int,
    on: date,
    who: str,
    authority: Authority,
    as_of: date,
    now: datetime,
    invoice_ids: Sequence[str] | None = None,
    replacing: Agreement | None = None,
) -> Agreement:
    """A promise, which stands at once. Raises: see ``ArrangementDesk.promise``."""
    rules = promise_policy(policy)
    holidays = banking_calendar(calendar_of(policy))
    due_on = following(on, holidays)
    if known := _same_promise(account, currency, amount_minor, due_on, invoice_ids):
        return known
    replaced = replacing.agreement_id if replacing else ""
    debts = agreeable_debts(account, currency, invoice_ids, now, replaced)
    require_promise(rules, amount_minor, sum(debt.amount_minor for debt in debts), currency, on, as_of, authority)
    _require_trust(account, rules, authority, now)
    if authority is Authority.CUSTOMER and needs_a_person(account, debts, now):
        raise RefusedError("We would like to talk to you about this first. Please contact us.", code="talk_first")
    parts = (AgreedInstalment(1, due_on, amount_minor),)
    return Agreement(
        agreement_id=agreement_id(account, AgreementKind.PROMISE, currency, debts, parts, replaced),
        kind=AgreementKind.PROMISE,
        currency=currency,
        debts=debts,
        instalments=parts,
        status=AgreementStatus.ACTIVE,
        made_at=now,
        made_by=who,
        pauses_until=add_business_days(due_on, rules.grace_days, holidays),
        grace_days=rules.grace_days,
        tolerance_permille=rules.tolerance_permille,
        replaces=replaced,
        steps=(AgreementStep(AgreementStatus.ACTIVE, now, who),),
    )


def made_offer(
    account: Account,
    policy: ArrangementPolicy,
    terms: OfferTerms,
    who: str,
    authority: Authority,
    as_of: date,
    now: datetime,
) -> Agreement:
    """A settlement or discount as it is proposed. Raises: see ``ArrangementDesk.propose_offer``."""
    rule = offer_rule(policy, terms)
    if known := _same_offer(account, terms):
        return known
    debts = agreeable_debts(account, terms.currency, terms.invoice_ids, now)
    needed = authority_for_offer(rule, terms, debts)
    if needs_a_person(account, debts, now):
        needed = higher(needed, Authority.AGENT)
    parts = _offer_parts(policy, terms, sum(debt.amount_minor for debt in debts) - terms.forgiven_minor, as_of)
    new_id = agreement_id(account, terms.kind, terms.currency, debts, parts)
    if new_id not in account.agreements:
        require_once(account, terms.kind, debts, authority)
    latest = as_of + timedelta(days=rule.expires_days)
    expires_on = min(terms.expires_on or latest, latest, parts[0].due_on)
    return Agreement(
        agreement_id=new_id,
        kind=terms.kind,
        currency=terms.currency,
        debts=debts,
        instalments=parts,
        status=AgreementStatus.PROPOSED,
        made_at=now,
        made_by=who,
        expires_on=expires_on,
        next_on=expires_on + timedelta(days=1),
        grace_days=(policy.promises or PromisePolicy()).grace_days,
        approval=approval_for(needed, authority),
        forgiven_minor=terms.forgiven_minor,
        steps=(AgreementStep(AgreementStatus.PROPOSED, now, who, rule.name),),
    )


def same_plan(account: Account, policy: ArrangementPolicy, terms: PlanTerms) -> Agreement | None:
    """A standing plan that is just what these terms come to: the form was sent twice."""
    for one in account.agreements.values():
        made_on = one.made_at.date()
        same = (one.kind, one.currency, len(one.instalments)) == (AgreementKind.PLAN, terms.currency, terms.instalments)
        same = (
            same and one.is_standing and (terms.invoice_ids is None or set(terms.invoice_ids) == set(one.invoice_ids))
        )
        if not same or terms.first_on < made_on or (terms.first_minor or 0) > one.debt_minor:
            continue
        made = draft(terms, one.debt_minor, made_on, plan_policy(policy), with_fee=not one.replaces)
        if made.instalments == one.instalments:
            return one
    return None


def _same_offer(account: Account, terms: OfferTerms) -> Agreement | None:
    """A standing settlement or discount that is just this one."""
    for one in account.agreements.values():
        same = (one.kind, one.currency, one.forgiven_minor) == (terms.kind, terms.currency, terms.forgiven_minor)
        if same and one.is_standing and terms.invoice_ids in (None, one.invoice_ids):
            return one
    return None


def agreement_id(
    account: Account,
    kind: AgreementKind,
    currency: str,
    debts: Sequence[AgreedDebt],
    instalments: Sequence[AgreedInstalment],
    replaces: str = "",
) -> str:
    """The id of an agreement, from what is agreed: the same form sent twice is one agreement.

    How many about the same debts have ended is part of it, so that the same terms can be agreed to anew.
    """
    wanted = {debt.invoice_id for debt in debts}
    ended = sum(1 for one in account.agreements.values() if _has_ended(one) and wanted & set(one.invoice_ids))
    what = [f"{debt.invoice_id}={debt.amount_minor}" for debt in debts]
    parts = [f"{one.due_on}={one.amount_minor}" for one in instalments]
    return stable_id(
        "agr", account.customer.customer_id, kind, currency, *what, "in", *parts, "after", str(ended), replaces
    )


def _has_ended(agreement: Agreement) -> bool:
    return not agreement.is_standing and agreement.status is not AgreementStatus.PROPOSED


def _same_promise(
    account: Account, currency: str, amount_minor: int, due_on: date, invoice_ids: Sequence[str] | None
) -> Agreement | None:
    """A standing promise that is just this one: the form was sent twice."""
    for one in account.agreements.values():
        same = (one.kind, one.currency, one.amount_minor) == (AgreementKind.PROMISE, currency, amount_minor)
        same = same and one.is_standing and one.instalments[0].due_on == due_on
        if same and (invoice_ids is None or set(invoice_ids) == set(one.invoice_ids)):
            return one
    return None


def _require_trust(account: Account, rules: PromisePolicy, authority: Authority, now: datetime) -> None:
    broken = recently_broken(account, AgreementKind.PROMISE, rules.broken_days, now)
    again = put_off(account, AgreementKind.PROMISE, rules.broken_days, now)
    if authority is Authority.CUSTOMER and (broken >= rules.max_broken or again >= rules.max_put_off):
        raise RefusedError(
            "Earlier promises were not kept: please contact us to agree on something.", code="promises_broken"
        )


def _offer_parts(
    policy: ArrangementPolicy, terms: OfferTerms, amount_minor: int, as_of: date
) -> tuple[AgreedInstalment, ...]:
    """The parts of an offer, a month apart, without charges."""
    plain = PlanPolicy({}, calendar=calendar_of(policy))
    monthly = PlanTerms(terms.currency, terms.instalments, Frequency.MONTHLY, terms.pay_by)
    return draft(monthly, amount_minor, as_of, plain).instalments
