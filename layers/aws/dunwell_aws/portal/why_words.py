"""Reasons in the customer's words: why a plan is recommended, why there is none, why somebody has to agree."""

from collections.abc import Sequence

from dunwell.arrangements.explain import Saying, SayingCode
from dunwell_aws.portal.words import Say

_FOR_A_PLAN = {
    SayingCode.WITHIN_MEANS: "within_means",
    SayingCode.SOONEST: "soonest",
    SayingCode.SMALLEST: "smallest",
}
_ON_PAYDAYS = frozenset({"paydays", "every_other_payday"})


def plan_reasons(sayings: Sequence[Saying], say: Say) -> list[str]:
    """Why a plan is recommended; what it is, the page shows in figures."""
    found = [say("why.plan_reason." + _FOR_A_PLAN[one.code]) for one in sayings if one.code in _FOR_A_PLAN]
    days = {str(one.values.get("days", "")) for one in sayings}
    return found + [say("why.plan_reason." + one) for one in sorted(days & _ON_PAYDAYS)]


def obstacle_words(saying: Saying, say: Say) -> str:
    """Why no plan is recommended."""
    values = {name: value for name, value in saying.values.items() if name == "max_instalments"}
    if "least_minor" in saying.values:
        values["least"] = say.money(int(saying.values["least_minor"]), saying.currency)
    return say("why.reason." + saying.code.lower(), **values)


def score_reason(words: str, say: Say) -> str:
    """A reason of the model in the page's language; one from a figure of the creditor's own as it stands."""
    from dunwell.scoring.reasons import SENTENCES

    return say("score." + SENTENCES[words]) if words in SENTENCES else words
