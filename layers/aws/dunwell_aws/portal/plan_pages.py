"""Finding a plan: what the customer can afford, the plans that fit, one chosen or adjusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from chalice.app import Response

from dunwell.arrangements.explain import SayingCode
from dunwell.arrangements.making import made_plan
from dunwell.arrangements.policy import Authority, Frequency, PlanPolicy
from dunwell.arrangements.schedule import PlanTerms
from dunwell.errors import InvalidInputError, RefusedError
from dunwell.ledger.agreements import AgreedInstalment, Agreement
from dunwell_aws.portal.deals import CUSTOMER
from dunwell_aws.portal.means import (
    COOKIE,
    COOKIE_SECONDS,
    PAYDAY_WITHIN,
    Means,
    kept_means,
    read_frequency,
    read_means,
)
from dunwell_aws.portal.part_pages import section_of
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.portal.typed import MistakeError, read_currency, read_day
from dunwell_aws.portal.why_words import obstacle_words, plan_reasons
from dunwell_aws.portal.words import Say
from dunwell_aws.web import Form

if TYPE_CHECKING:
    from dunwell.arrangements.recommend import Recommendation

_MOST_COUNT = 60


@dataclass(frozen=True, slots=True)
class Option:
    """A recommended plan as the page shows it."""

    name: str
    instalments: tuple[AgreedInstalment, ...]
    frequency: Frequency
    total_minor: int
    charges_minor: int
    apr: str
    reasons: Sequence[str]
    first_minor: int | None
    anchor: date | None
    codes: str

    @property
    def first(self) -> AgreedInstalment:
        """The first instalment."""
        return self.instalments[0]

    @property
    def last(self) -> AgreedInstalment:
        """The last one."""
        return self.instalments[-1]


def add_plan_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/plan", "GET")
    def ask() -> Response:
        """What can you afford, how often, and when is payday?"""
        visitor, currency = site.visitor(), read_currency(site.query("currency"))
        return _ask_page(site, visitor, currency, Form({}))

    @site.route("/plan", "POST")
    def answer() -> Response:
        """To the plans that fit; the answers stay in the browser."""
        visitor, form = site.sent()
        currency = read_currency(form.one("currency"))
        try:
            means = read_means(form, currency, site.say(visitor), site.parts.today)
        except MistakeError as mistake:
            return _ask_page(site, visitor, currency, form, mistake)
        return site.redirect(f"/plans?currency={currency}", site.cookie(COOKIE, means.kept, COOKIE_SECONDS))

    @site.route("/plans", "GET")
    def show() -> Response:
        """The plans that fit, best first, and a form to adjust one."""
        visitor, currency = site.visitor(), read_currency(site.query("currency"))
        means = kept_means(site.cookie_value(COOKIE), currency)
        if means is None:
            return site.redirect(f"/plan?currency={currency}")
        return _options_page(site, visitor, means, Form({}))

    @site.route("/plans", "POST")
    def propose() -> Response:
        """A plan chosen or adjusted becomes a proposal; one beyond the limits only as a request to an agent."""
        visitor, form = site.sent()
        currency = read_currency(form.one("currency"))
        fallback = Means(currency, section_of(site, visitor, currency).open_minor, Frequency.MONTHLY)
        means = kept_means(site.cookie_value(COOKIE), currency) or fallback
        try:
            return _proposed(site, visitor, form, currency)
        except MistakeError as mistake:
            return _options_page(site, visitor, means, form, mistake)


def plan_rules(site: Site) -> PlanPolicy:
    """How plans work here.

    Raises:
        RefusedError: there are none.
    """
    rules = site.parts.arrangements().policy.plans
    if rules is None or rules.limits_of(Authority.CUSTOMER) is None:
        raise RefusedError("Payment plans are not offered here. Please contact us.", code="no_plans")
    return rules


def read_terms(site: Site, form: Form, currency: str, say: Say, invoice_ids: tuple[str, ...] | None) -> PlanTerms:
    """The terms that a form names.

    Raises:
        MistakeError: something in it cannot be.
    """
    today, count = site.parts.today, form.one("count").strip()
    if not (count.isascii() and count.isdigit() and 1 <= int(count[:4]) <= _MOST_COUNT):
        raise MistakeError(say("deals.plans.not_count", most=_MOST_COUNT), field="count")
    frequency = read_frequency(form.one("frequency"), say)
    first = read_day(form.one("first"), today, latest_first(site), say, "first")
    first_minor, anchor = form.one("first_minor"), form.one("anchor")
    return PlanTerms(
        currency,
        int(count),
        frequency,
        first,
        int(first_minor) if first_minor.isascii() and first_minor.isdigit() and len(first_minor) < 16 else None,
        read_day(anchor, date.min, date.max, say, "first") if anchor else None,
        invoice_ids,
    )


def latest_first(site: Site) -> date:
    """The latest day of a first payment that anybody may agree to."""
    days = max(limits.max_first_days for limits in plan_rules(site).limits.values())
    return site.parts.today + timedelta(days=days)


def _proposed(site: Site, visitor: Visitor, form: Form, currency: str) -> Response:
    from dunwell.arrangements.recommend import debts_of

    desk, say, now = site.parts.arrangements(), site.say(visitor), site.parts.clock.now()
    plan_rules(site)
    debts = debts_of(visitor.account, currency, site.parts.today, None)
    terms = read_terms(site, form, currency, say, tuple(one.invoice_id for one in debts) or None)
    try:
        made = made_plan(visitor.account, desk.policy, terms, CUSTOMER, Authority.CUSTOMER, site.parts.today, now)
    except InvalidInputError:
        raise MistakeError(say("deals.plans.impossible"), field="count") from None
    if made.approval and form.one("request") != "yes":
        raise MistakeError(say("deals.plans.beyond"), field="approval")
    reasons = tuple(one for one in form.one("reasons").split(",") if one in SayingCode.__members__)
    agreement: Agreement = desk.propose_plan(
        visitor.customer_id,
        terms,
        who=CUSTOMER,
        authority=Authority.CUSTOMER,
        at=now,
        model_version=form.one("model")[:80],
        reasons=reasons,
    )
    return site.redirect(f"/plan/{agreement.agreement_id}")


def _ask_page(site: Site, visitor: Visitor, currency: str, form: Form, mistake: MistakeError | None = None) -> Response:
    rules, today = plan_rules(site), site.parts.today
    limits = rules.limits_of(Authority.CUSTOMER)
    means = kept_means(site.cookie_value(COOKIE), currency)
    known = {"frequency": means.frequency.value if means else "", "payday": str(means.payday or "") if means else ""}
    values: dict[str, Any] = {
        "currency": currency,
        "owed_minor": _debt_minor(site, visitor, currency),
        "frequencies": limits.frequencies if limits else (),
        "first": today,
        "last": today + PAYDAY_WITHIN,
        "typed": {name: form.one(name) or known.get(name, "") for name in ("amount", "frequency", "payday")},
        "wrong": str(mistake) if mistake else "",
        "field": mistake.field if mistake else "",
    }
    return site.page("plan_ask.html", visitor, 400 if mistake else 200, **values)


def _options_page(
    site: Site, visitor: Visitor, means: Means, form: Form, mistake: MistakeError | None = None
) -> Response:
    from dunwell.arrangements.recommend import recommend, why_none
    from dunwell.arrangements.worth import outlook_of

    rules, today, say = plan_rules(site), site.parts.today, site.say(visitor)
    policy, currency = site.parts.arrangements().policy, means.currency
    limits = rules.limits_of(Authority.CUSTOMER)
    assert limits is not None  # ``plan_rules`` saw to it
    outlook = outlook_of(site.parts.assessments().assessment(visitor.customer_id), currency)
    found = recommend(visitor.account, currency, policy, outlook, means.needs, today)
    obstacle = None if found else why_none(visitor.account, currency, policy, means.needs, today)
    beyond = mistake is not None and mistake.field == "approval"
    needs_agent = beyond or (obstacle is not None and obstacle.saying.code is SayingCode.BROKEN_BEFORE)
    values: dict[str, Any] = {
        "currency": currency,
        "owed_minor": _debt_minor(site, visitor, currency),
        "options": [_option(one, say) for one in found],
        "model": outlook.model_version,
        "obstacle": obstacle_words(obstacle.saying, say) if obstacle else "",
        "count": limits.max_instalments,
        "most_count": _MOST_COUNT,
        "last": today + timedelta(days=limits.max_days),
        "least_minor": limits.min_instalment_minor.get(currency, 1),
        "first": today,
        "latest_first": latest_first(site),
        "frequencies": list(Frequency),
        "typed": _typed(form, means, found, today),
        "beyond": needs_agent,
        "wrong": str(mistake) if mistake and not beyond else "",
    }
    return site.page("plan_options.html", visitor, 400 if mistake and not beyond else 200, **values)


def _debt_minor(site: Site, visitor: Visitor, currency: str) -> int:
    """What a plan would be about (minor units): what is due, or else all that is open, but nothing contested."""
    from dunwell.arrangements.recommend import debts_of

    section_of(site, visitor, currency)
    return sum(one.amount_minor for one in debts_of(visitor.account, currency, site.parts.today, None))


def _typed(form: Form, means: Means, found: "Sequence[Recommendation]", today: date) -> dict[str, str]:
    """What the form to adjust shows: what was sent, else the best plan, else what the customer said."""
    best = found[0] if found else None
    usual = {
        "count": str(best.terms.instalments if best else 3),
        "frequency": (best.terms.frequency if best else means.frequency).value,
        "first": str(best.draft.instalments[0].due_on if best else means.payday or today),
    }
    return {name: form.one(name) or value for name, value in usual.items()}


def _option(one: "Recommendation", say: Say) -> Option:
    made = one.draft
    return Option(
        say("deals.plans.named." + one.terms.frequency, n=len(made.instalments)),
        made.instalments,
        one.terms.frequency,
        made.total_minor,
        made.charges_minor,
        say.writer.rate(made.apr_permille),
        plan_reasons(one.sayings, say),
        one.terms.first_minor,
        one.terms.anchor_on,
        ",".join(one.reasons),
    )
