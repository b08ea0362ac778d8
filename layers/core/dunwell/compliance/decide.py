"""The decision: rules in order, the first that fails is the reason, and when time alone would lift it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from dunwell.compliance.case import UNTIL_LIFTED, Case, case_of
from dunwell.compliance.catalogue import RULES
from dunwell.compliance.model import ContactRequest, Decision, ReasonCode
from dunwell.compliance.policy import Policy, Profile
from dunwell.compliance.rule import Basis, Rule, Situation, situation_of
from dunwell.errors import InvalidInputError
from dunwell.timezones import TZDATA_VERSION, first_instant

_MINUTE = timedelta(minutes=1)

# Each step of the search for the next opening moves to a later opening of some rule. Windows repeat weekly, so a search
# that has gone through months of them without a common opening will not find one.
_SEARCH_STEPS = 400

Relaxed = Mapping[str, datetime]
_NONE_RELAXED: Relaxed = {}


def decide(request: ContactRequest) -> Decision:
    """May this contact be made now? Ask when planning it, and again when dispatching it.

    Raises:
        InvalidInputError: the customer's time zone does not exist, or the policy relaxes what it may not.
    """
    case = case_of(request)
    rules = _selected(request.policy, situation_of(case))
    relaxed = _relaxed_from(request.policy) if request.policy.relaxations else _NONE_RELAXED
    passed, failing, clears_at = _first_failure(rules, relaxed, case, request.now)
    if failing is None:
        return _answer(case, ReasonCode.OK, None, passed)
    next_allowed = None if clears_at == UNTIL_LIFTED else _next_opening(rules, relaxed, case, request.now)
    return _answer(case, failing.reason, next_allowed, [failing, *passed])


@lru_cache(maxsize=8192)
def _selected(policy: Policy, situation: Situation) -> tuple[Rule, ...]:
    """The rules that reach a situation under a policy, in order of evaluation."""
    check_relaxations(policy)
    return tuple(rule for rule in RULES if _in_profile(rule, policy) and rule.reaches(situation))


def _in_profile(rule: Rule, policy: Policy) -> bool:
    return rule.basis is not Basis.HOUSE or policy.profile is Profile.HOUSE_DEFAULT


def check_relaxations(policy: Policy) -> None:
    """Refuse a policy that relaxes what it may not.

    Raises:
        InvalidInputError: there is no such rule, or it is law.
    """
    by_id = {rule.id: rule for rule in RULES}
    for relaxation in policy.relaxations:
        rule = by_id.get(relaxation.rule_id)
        if rule is None:
            raise InvalidInputError(f"there is no rule {relaxation.rule_id!r} to relax")
        if not rule.may_be_relaxed:
            raise InvalidInputError(f"rule {rule.id} is {rule.basis.value}, not house policy; it cannot be relaxed")


@lru_cache(maxsize=256)
def _relaxed_from(policy: Policy) -> Relaxed:
    """From when each relaxed rule no longer applies."""
    found: dict[str, datetime] = {}
    for one in policy.relaxations:
        found[one.rule_id] = min(one.at, found.get(one.rule_id, one.at))
    return found


def _days_at(case: Case, at: datetime) -> tuple[date, date]:
    """The earliest and latest date that it is in the candidate zones."""
    days = [at.astimezone(zone).date() for zone in case.zones]
    return min(days), max(days)


def _first_failure(
    rules: tuple[Rule, ...], relaxed: Relaxed, case: Case, at: datetime
) -> tuple[list[Rule], Rule | None, datetime | None]:
    """The rules that passed, the one that did not, and when that may change."""
    earliest, latest = _days_at(case, at)
    passed: list[Rule] = []
    for rule in rules:
        if rule.in_force(earliest, latest) and not (relaxed and _is_relaxed(rule, relaxed, at)):
            clears_at = _clears_at(rule, relaxed, case, at)
            if clears_at is not None:
                return passed, rule, clears_at
            passed.append(rule)
    return passed, None, None


def _is_relaxed(rule: Rule, relaxed: Relaxed, at: datetime) -> bool:
    """Whether a rule is relaxed by an instant."""
    return rule.id in relaxed and relaxed[rule.id] <= at


def _clears_at(rule: Rule, relaxed: Relaxed, case: Case, at: datetime) -> datetime | None:
    """What the rule's test says, or the rule's own end or relaxation if that comes first."""
    clears_at = rule.test(case, at)
    if clears_at is None:
        return None
    if rule.effective_until is not None:
        clears_at = min(clears_at, max(first_instant(zone, rule.effective_until, 0, at) for zone in case.zones))
    return min(clears_at, relaxed[rule.id]) if rule.id in relaxed else clears_at


def _next_opening(rules: tuple[Rule, ...], relaxed: Relaxed, case: Case, now: datetime) -> datetime | None:
    """The first whole minute at which every rule passes.

    Every rule says from when it may pass; the latest of those is the earliest candidate, and is asked again. None if a
    rule says that only a person or an event can lift it, or if the rules' openings never meet.
    """
    at = _whole_minute(now.astimezone(UTC))
    for _ in range(_SEARCH_STEPS):
        earliest, latest = _days_at(case, at)
        in_force = [one for one in rules if one.in_force(earliest, latest) and not _is_relaxed(one, relaxed, at)]
        clears_at = [_clears_at(rule, relaxed, case, at) for rule in in_force]
        later = max((moment for moment in clears_at if moment is not None), default=None)
        if later is None:
            return at
        if later == UNTIL_LIFTED:
            return None
        at = _whole_minute(later)
    return None


def _whole_minute(at: datetime) -> datetime:
    """The first whole minute at or after a moment."""
    floor = at.replace(second=0, microsecond=0)
    return floor if floor == at else floor + _MINUTE


def _answer(case: Case, reason: ReasonCode, next_allowed: datetime | None, rules: list[Rule]) -> Decision:
    return Decision(
        allowed=reason is ReasonCode.OK,
        reason_code=reason.value,
        next_allowed=next_allowed,
        rules=tuple([rule.id for rule in rules]),
        citations=tuple([rule.citation for rule in rules]),
        candidate_zones=case.place.names,
        policy_version=case.request.policy.version,
        tzdata_version=TZDATA_VERSION,
    )
