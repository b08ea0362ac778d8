"""Changing a plan: new terms for what is left, reviewed and agreed to like the first ones."""

from typing import Any

from chalice.app import Response

from dunwell.arrangements.making import made_plan
from dunwell.arrangements.policy import Authority
from dunwell.arrangements.schedule import PlanTerms
from dunwell.errors import InvalidInputError, RefusedError
from dunwell.ledger.agreements import Agreement, AgreementKind
from dunwell_aws.portal.consent import Consent
from dunwell_aws.portal.deals import CUSTOMER, agreement_of, evidence, plan_words
from dunwell_aws.portal.plan_pages import latest_first, plan_rules, read_terms
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.portal.typed import MistakeError
from dunwell_aws.web import Form

_TERMS = ("count", "frequency", "first")


def add_plan_change_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/plan/{agreement_id}/change", "GET")
    def show(agreement_id: str) -> Response:
        """A form for new terms and, once there are some, the new plan to agree to; nothing is changed by looking."""
        visitor = site.visitor()
        old = _changeable(visitor, agreement_id)
        form = Form({name: [site.query(name)] for name in _TERMS})
        try:
            new = _new(site, visitor, old, form) if site.query("count") else None
        except MistakeError as mistake:
            return _page(site, visitor, old, form, None, mistake)
        return _page(site, visitor, old, form, new)

    @site.route("/plan/{agreement_id}/change", "POST")
    def change(agreement_id: str) -> Response:
        """The new plan takes the place of the old one, with the words that were shown as evidence."""
        visitor, form = site.sent()
        successor = next((a for a in visitor.account.agreements.values() if a.replaces == agreement_id), None)
        if successor:
            return site.redirect(f"/plan/{successor.agreement_id}?done=agreed")
        old = _changeable(visitor, agreement_id)
        consent = _consent(site, visitor, old, _new(site, visitor, old, form))
        made = site.parts.arrangements().revise(
            visitor.customer_id,
            agreement_id,
            _terms(site, visitor, old, form),
            who=CUSTOMER,
            authority=Authority.CUSTOMER,
            at=site.parts.clock.now(),
            authorisation=evidence(site, consent.agreed(form.one("shown")), consent.method_id),
        )
        return site.redirect(f"/plan/{made.agreement_id}?done=agreed")


def _changeable(visitor: Visitor, agreement_id: str) -> Agreement:
    old = agreement_of(visitor, agreement_id, AgreementKind.PLAN)
    if not old.is_standing:
        raise RefusedError("Only a plan that stands can be changed.", code="not_standing")
    return old


def _terms(site: Site, visitor: Visitor, old: Agreement, form: Form) -> PlanTerms:
    left = tuple(one for one in old.invoice_ids if visitor.account.open_minor(one) > 0)
    return read_terms(site, form, old.currency, site.say(visitor), left)


def _new(site: Site, visitor: Visitor, old: Agreement, form: Form) -> Agreement:
    """The new plan, not made yet. Raises MistakeError: it cannot be, or one of us would have to agree to it."""
    parts, say = site.parts, site.say(visitor)
    terms = _terms(site, visitor, old, form)
    policy, now = parts.arrangements().policy, parts.clock.now()
    try:
        made = made_plan(visitor.account, policy, terms, CUSTOMER, Authority.CUSTOMER, parts.today, now, replacing=old)
    except InvalidInputError:
        raise MistakeError(say("deals.plans.impossible"), field="count") from None
    if made.approval:
        raise MistakeError(say("deals.change.needs_agent"), field="count")
    return made


def _consent(site: Site, visitor: Visitor, old: Agreement, new: Agreement) -> Consent:
    """The words of the new plan, paid as the old one is."""
    method = visitor.account.methods.get(old.authorisation.method_id) if old.authorisation else None
    usable = method if method and method.is_usable else None
    return plan_words(site, visitor, new, usable, new=False)


def _page(
    site: Site,
    visitor: Visitor,
    old: Agreement,
    form: Form,
    new: Agreement | None,
    mistake: MistakeError | None = None,
) -> Response:
    rules, say = plan_rules(site), site.say(visitor)
    limits = rules.limits_of(Authority.CUSTOMER)
    values: dict[str, Any] = {
        "agreement": old,
        "new": new,
        "way": _consent(site, visitor, old, new) if new else None,
        "apr": say.writer.rate(new.apr_permille) if new else "",
        "left_minor": sum(visitor.account.open_minor(one) for one in old.invoice_ids),
        "most_count": limits.max_instalments if limits else 1,
        "frequencies": limits.frequencies if limits else (),
        "first": site.parts.today,
        "latest_first": latest_first(site),
        "typed": {name: form.one(name) for name in _TERMS},
        "wrong": str(mistake) if mistake else "",
    }
    return site.page("plan_change.html", visitor, 400 if mistake else 200, **values)
