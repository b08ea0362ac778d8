"""Promises to pay: made, followed, paid, taken back and replaced."""

from datetime import date, timedelta
from typing import Any

from chalice.app import Response

from dunwell.arrangements.agreeable import agreeable_debts
from dunwell.arrangements.policy import Authority, PromisePolicy
from dunwell.errors import RefusedError
from dunwell.ledger.agreements import Agreement, AgreementKind, AgreementStatus
from dunwell_aws.portal.deals import CUSTOMER, Standing, agreement_of, standing
from dunwell_aws.portal.plan_deal_pages import pay_agreement
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.portal.typed import MistakeError, at_most, read_amount, read_currency, read_day
from dunwell_aws.web import Form

_PROMISE = AgreementKind.PROMISE


def add_promise_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/promise", "GET")
    def ask() -> Response:
        """How much, and by when."""
        visitor, currency = site.visitor(), read_currency(site.query("currency"))
        return _ask_page(site, visitor, currency, Form({}))

    @site.route("/promise", "POST")
    def promise() -> Response:
        """The promise stands at once; a new one takes the place of the one before."""
        visitor, form = site.sent()
        currency = read_currency(form.one("currency"))
        try:
            made = _promised(site, visitor, form, currency)
        except MistakeError as mistake:
            return _ask_page(site, visitor, currency, form, mistake)
        return site.redirect(f"/promises/{made.agreement_id}?done=made")

    @site.route("/promises/{agreement_id}", "GET")
    def show(agreement_id: str) -> Response:
        """A promise and what became of it."""
        visitor = site.visitor()
        return _status_page(site, visitor, agreement_of(visitor, agreement_id, _PROMISE))

    @site.route("/promises/{agreement_id}/pay", "POST")
    def pay(agreement_id: str) -> Response:
        """To the gateway's page for what is left of it."""
        visitor, form = site.sent()
        return site.redirect(pay_agreement(site, visitor, agreement_of(visitor, agreement_id, _PROMISE), form))

    @site.route("/promises/{agreement_id}/cancel", "POST")
    def cancel(agreement_id: str) -> Response:
        """Take the promise back; again changes nothing."""
        visitor, _ = site.sent()
        agreement_of(visitor, agreement_id, _PROMISE)
        desk, now = site.parts.arrangements(), site.parts.clock.now()
        desk.cancel(visitor.customer_id, agreement_id, who=CUSTOMER, at=now)
        return site.redirect(f"/promises/{agreement_id}")


def _rules(site: Site) -> PromisePolicy:
    rules = site.parts.arrangements().policy.promises
    if rules is None:
        raise RefusedError("Promises to pay are not taken here. Please contact us.", code="no_promises")
    return rules


def _earlier(visitor: Visitor, currency: str) -> Agreement | None:
    """The promise that stands and that a new one would replace."""
    found = (a for a in visitor.account.agreements.values() if a.kind is _PROMISE and a.is_standing)
    return next((one for one in found if one.currency == currency), None)


def _most(site: Site, visitor: Visitor, currency: str) -> int:
    """What may be promised at most: what may be agreed about, were the earlier promise not there."""
    earlier = _earlier(visitor, currency)
    replacing = earlier.agreement_id if earlier else ""
    debts = agreeable_debts(visitor.account, currency, None, site.parts.clock.now(), replacing)
    return sum(one.amount_minor for one in debts)


def _promised(site: Site, visitor: Visitor, form: Form, currency: str) -> Agreement:
    rules, say, now = _rules(site), site.say(visitor), site.parts.clock.now()
    amount_minor = at_most(
        read_amount(form.one("amount"), currency, say), _most(site, visitor, currency), currency, say
    )
    first, last = _days(site, rules)
    day = read_day(form.one("day"), first, last, say, "day")
    desk, earlier = site.parts.arrangements(), _earlier(visitor, currency)
    is_same = earlier and (earlier.amount_minor, earlier.instalments[0].due_on) == (amount_minor, day)
    if earlier and is_same:
        return earlier
    return desk.promise(
        visitor.customer_id,
        currency,
        amount_minor,
        day,
        who=CUSTOMER,
        authority=Authority.CUSTOMER,
        at=now,
        replacing=earlier.agreement_id if earlier else "",
    )


def _days(site: Site, rules: PromisePolicy) -> tuple[date, date]:
    today = site.parts.today
    return today, today + timedelta(days=rules.max_days)


def _ask_page(site: Site, visitor: Visitor, currency: str, form: Form, mistake: MistakeError | None = None) -> Response:
    rules = _rules(site)
    first, last = _days(site, rules)
    values: dict[str, Any] = {
        "currency": currency,
        "most_minor": _most(site, visitor, currency),
        "first": first,
        "last": last,
        "grace_days": rules.grace_days,
        "typed": {"amount": form.one("amount"), "day": form.one("day")},
        "wrong": str(mistake) if mistake else "",
        "field": mistake.field if mistake else "",
    }
    return site.page("promise.html", visitor, 400 if mistake else 200, **values)


def _status_page(site: Site, visitor: Visitor, agreement: Agreement) -> Response:
    found = standing(site, visitor, agreement)
    note, tone = _told(site, visitor, agreement, found)
    values: dict[str, Any] = {
        "agreement": agreement,
        "note": note,
        "tone": tone,
        "stands": agreement.is_standing and found.progress.status is AgreementStatus.ACTIVE,
        "paid_minor": found.paid_minor,
        "left_minor": found.left_minor,
    }
    return site.page("promised.html", visitor, **values)


def _told(site: Site, visitor: Visitor, agreement: Agreement, found: Standing) -> tuple[str, str]:
    say, status = site.say(visitor), found.progress.status if agreement.is_standing else agreement.status
    if status is AgreementStatus.COMPLETED:
        return say("deals.promise.kept"), "good"
    if status is AgreementStatus.BROKEN and found.paid_minor:
        return say("deals.promise.partial", amount=say.money(found.paid_minor, agreement.currency)), "error"
    if status is AgreementStatus.BROKEN:
        return say("deals.promise.broken"), "error"
    if status is AgreementStatus.CANCELLED:
        return say("deals.promise.cancelled"), ""
    return (say("deals.promise.made"), "good") if site.query("done") == "made" else ("", "")
