"""Why the customer is offered what they are offered, what the score is for, and how to have a person look at it."""

from typing import TYPE_CHECKING, Any

from chalice.app import Response

from dunwell.arrangements.affordability import NOTHING_SAID
from dunwell.arrangements.agreeable import needs_a_person
from dunwell.arrangements.explain import SayingCode
from dunwell_aws.portal.means import COOKIE, kept_means
from dunwell_aws.portal.option_pages import free_debts
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.portal.typed import read_currency
from dunwell_aws.portal.why_words import obstacle_words, score_reason
from dunwell_aws.portal.words import Say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dunwell.scoring.assessment import ScoreReason

_FOR_A_PERSON = frozenset({SayingCode.BROKEN_BEFORE, SayingCode.BEYOND_LIMITS, SayingCode.NO_ROOM})
"""What stands in the way of a plan at once, and what one of us may agree to all the same."""


def add_why_pages(site: Site) -> None:
    """Adds the page to the portal."""

    @site.route("/why", "GET")
    def why() -> Response:
        """Reasons in plain words."""
        visitor, currency = site.visitor(), read_currency(site.query("currency"))
        say = site.say(visitor)
        # A score is of what is open: what was said before the last payment is true of nothing any more.
        is_scored = bool(visitor.account.balances)
        assessment = site.parts.assessments().assessment(visitor.customer_id) if is_scored else None
        refused, asked = _obstacles(site, visitor, currency, say)
        values: dict[str, Any] = {
            "refused": refused,
            "asked": asked,
            "scored": assessment is not None,
            "reasons": _by_direction(assessment.risk_reasons if assessment else (), say),
        }
        return site.page("why.html", visitor, **values)


def _by_direction(reasons: "Sequence[ScoreReason]", say: Say) -> dict[str, list[str]]:
    """What makes late payment likelier and what less likely, the largest effect first; `unknown` is what was kept
    without its direction.
    """
    found: dict[str, list[str]] = {"raises": [], "lowers": [], "unknown": []}
    for one in reasons:
        found[one.direction or "unknown"].append(score_reason(one.words, say))
    return found


def _obstacles(site: Site, visitor: Visitor, currency: str, say: Say) -> tuple[list[str], list[str]]:
    """Why there is no plan, and why one of us has to agree to one."""
    from dunwell.arrangements.recommend import why_none

    policy, means = site.parts.arrangements().policy, kept_means(site.cookie_value(COOKIE), currency)
    needs = means.needs if means else NOTHING_SAID
    found = why_none(visitor.account, currency, policy, needs, site.parts.today)
    refused: list[str] = []
    asked: list[str] = []
    if found:
        (asked if found.saying.code in _FOR_A_PERSON else refused).append(obstacle_words(found.saying, say))
    if needs_a_person(visitor.account, free_debts(site, visitor, currency), site.parts.clock.now()):
        asked.append(say("why.reason.held"))
    return refused, asked
