"""The dunning policy: what is refused, and which stage is due when."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.model import Channel
from dunwell.errors import InvalidInputError
from dunwell.outreach.policy import Conditions, Override, Policy, PolicyVersions, Stage, Standing, Thanks, Tone
from dunwell_aws.documents import folder, read_cash_policy, read_mappings, read_policies, read_policy
from tests.support.outreach import POLICY

EMAIL = (Channel.EMAIL,)
RUNG = Stage("rung", Conditions(3), EMAIL)


def rungs(*changes: dict[str, Any]) -> tuple[Stage, ...]:
    """Stages a, b, c ... two days apart, changed, and the final one of the policy after them."""
    named: list[dict[str, Any]] = [{"name": name, "when": Conditions(2 * n)} for n, name in enumerate("abcdef")]
    made = [replace(RUNG, **named[n] | change) for n, change in enumerate(changes)]
    return (*made, Stage("final", Conditions(40, 9, {"USD": 9}, 900), EMAIL, tone=Tone.FINAL))


@pytest.mark.parametrize(
    ("stages", "place", "words"),
    [
        ((), "stages", "at least one stage"),
        (rungs({"when": Conditions(5)}, {"when": Conditions(1)}), "stages.1.when.days_past_due", "from the mildest on"),
        (rungs({}, {"when": Conditions(0)}), "stages.1.when", "'a' would never be said"),
        (rungs({"when": Conditions(0, 2)}, {"when": Conditions(0, 1)}), "stages.1.when", "overlap"),
        (rungs({"when": Conditions(0, segments=frozenset("x"))}, {"when": Conditions(0)}), "stages.1.when", "overlap"),
        (rungs({"tone": Tone.FIRM}, {}), "stages.1.tone", "sounds milder"),
        (rungs({}, {"name": "a"}), "stages.1.name", "two stages 'a'"),
        (rungs({"name": ""}), "stages.0.name", "needs a name"),
        (rungs({"name": "thanks"}), "stages.0.name", "other than 'thanks'"),
        (rungs({"channels": ()}), "stages.0.channels", "at least one channel"),
        (rungs({"channels": EMAIL * 2}), "stages.0.channels", "each once"),
        (rungs({"when": Conditions(0, -1)}), "stages.0.when.unpaid_count", "not negative"),
        (rungs({"when": Conditions(0, risk_permille=1001)}), "stages.0.when.risk_permille", "0 to 1000"),
        (rungs({"when": Conditions(0, balance_minor={"EUR": -1})}), "stages.0.when.balance_minor.EUR", "not negative"),
        (rungs({"min_gap_days": -1}), "stages.0.min_gap_days", "not negative"),
        (rungs({"repeat_after_days": 0}), "stages.0.repeat_after_days", "after one day"),
        (rungs({"then": "z"}), "stages.0.then", "there are a, final"),
        (rungs({"then": "a"}), "stages.0.then", "in a circle"),
        (rungs({"then": "b"}, {"then": "a"}), "stages.1.then", "in a circle"),
        (rungs({"then": "final", "when": Conditions(0, 10)}), "stages.0.then", "can be due where it is not"),
        (rungs({"then": "final", "when": Conditions(0, balance_minor={"EUR": 1})}), "stages.0.then", "can be due"),
    ],
)
def test_stages_that_make_no_sense_are_refused_with_their_place(
    stages: tuple[Stage, ...], place: str, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words) as refused:
        replace(POLICY, stages=stages)
    assert refused.value.field == place


def test_stages_may_share_a_day_when_each_is_stricter_than_the_one_before() -> None:
    large, risky = Conditions(0, balance_minor={"USD": 100_000}), Conditions(0, risk_permille=800)
    assert replace(POLICY, stages=rungs({}, {"when": large}, {"when": risky})).severity("c") == 2


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"min_gap_days": -1}, "min_gap_days"),
        ({"patience_days": -1}, "patience_days"),
        ({"patience_permille": 1001}, "patience_permille"),
        ({"tolerance_minor": {"USD": -1}}, "tolerance_minor"),
        ({"creditor": replace(POLICY.creditor, party="second")}, "creditor.party"),
        ({"creditor": replace(POLICY.creditor, party="third"), "thanks": Thanks()}, "thanks"),
        ({"thanks": Thanks(channels=())}, "thanks"),
        ({"thanks": Thanks(within_days=-1)}, "thanks"),
        ({"escalation": replace(POLICY.escalation, silent_days=-1)}, "escalation.silent_days"),
        ({"escalation": replace(POLICY.escalation, min_risk_permille=-1)}, "escalation.min_risk_permille"),
        (
            {"escalation": replace(POLICY.escalation, after_stage="a"), "stages": rungs({"when": Conditions(0, 10)})},
            "escalation.after_stage",
        ),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_its_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        replace(POLICY, **changes)
    assert refused.value.field == place


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Mars"):
        replace(POLICY, creditor=replace(POLICY.creditor, timezone="Mars/Olympus"))


@pytest.mark.parametrize(
    ("overrides", "place", "words"),
    [
        ([Override(exclude=True)], "overrides.0", "exactly one of"),
        ([Override(group="a", segment="b", exclude=True)], "overrides.0", "exactly one of"),
        ([Override(group="a")], "overrides.0", "changes nothing"),
        ([Override(group="a", exclude=True), Override(group="a", min_gap_days=1)], "overrides.1", "two overrides"),
        (
            [Override(group="a", stages=("due", "last"))],
            "overrides.0.stages",
            "last is not a stage; there are up",
        ),
        ([Override(group="a", stages=())], "overrides.0.stages", "nothing is not a stage"),
        ([Override(group="a", channels=())], "overrides.0.channels", "at least one channel"),
        ([Override(group="a", patience_days=-1)], "overrides.0.patience_days", "not negative"),
        ([Override(group="a", tolerance_minor={"USD": -1})], "overrides.0.tolerance_minor", "not negative"),
    ],
)
def test_overrides_that_make_no_sense_are_refused_with_their_place(
    overrides: list[Override], place: str, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words) as refused:
        replace(POLICY, overrides=tuple(overrides))
    assert refused.value.field == place


def test_an_override_never_skips_a_warning() -> None:
    warned = (*POLICY.stages[:2], replace(POLICY.stages[2], then="final"), POLICY.stages[3])
    with pytest.raises(InvalidInputError, match="'firm' warns and is never skipped: name it too"):
        replace(POLICY, stages=warned, overrides=(Override(group="a", stages=("due", "final")),))
    assert replace(POLICY, stages=warned, overrides=(Override(group="a", stages=("firm", "final")),)).overrides


def test_every_wording_that_a_message_may_need_is_told() -> None:
    both = replace(POLICY, overrides=(Override(group="a", channels=(Channel.LETTER,)),), thanks=Thanks((Channel.SMS,)))
    assert ("thanks", Tone.FRIENDLY, Channel.SMS) in both.wordings
    assert ("upcoming", Tone.NEUTRAL, Channel.LETTER) in both.wordings - POLICY.wordings
    assert {(words, channel) for words, _, channel in POLICY.wordings} >= {("due", Channel.SMS), ("due", Channel.EMAIL)}


# --- versions side by side ---

OLD = replace(POLICY, version="old")
NEXT = replace(POLICY, version="next", effective_from=date(2027, 1, 1))


@pytest.mark.parametrize(("day", "version"), [(date(2026, 12, 31), "old"), (date(2027, 1, 1), "next")])
def test_the_newest_version_that_has_begun_is_in_force(day: date, version: str) -> None:
    for versions in (OLD, NEXT), (NEXT, OLD):
        assert PolicyVersions(versions).on(day).version == version


def test_a_version_begins_at_midnight_in_the_creditors_zone() -> None:
    versions = PolicyVersions((OLD, NEXT))
    assert versions.at(datetime(2027, 1, 1, 4, 59, tzinfo=UTC)).version == "old"
    assert versions.at(datetime(2027, 1, 1, 5, 0, tzinfo=UTC)).version == "next"


def test_before_the_first_version_nothing_is_in_force() -> None:
    with pytest.raises(InvalidInputError, match="in force on 2026-12-31; the first begins on 2027-01-01"):
        PolicyVersions((NEXT,)).on(date(2026, 12, 31))


@pytest.mark.parametrize(
    "versions", [(), (OLD, replace(NEXT, version="old")), (OLD, replace(NEXT, effective_from=None))]
)
def test_versions_that_cannot_be_told_apart_are_refused(versions: tuple[Policy, ...]) -> None:
    with pytest.raises(InvalidInputError):
        PolicyVersions(versions)


def test_escalation_follows_a_stage_that_exists() -> None:
    with pytest.raises(InvalidInputError, match=r"after_stage 'last' is not one of the stages"):
        replace(POLICY, escalation=replace(POLICY.escalation, after_stage="last"))


STANDING = Standing(10, 2, "USD", 50_000, 600, "drifting")
STRICT = Conditions(10, 2, {"USD": 50_000}, 600, frozenset({"drifting", "fading"}))


def test_thresholds_are_inclusive() -> None:
    assert STRICT.met_by(STANDING)


@pytest.mark.parametrize(
    "short",
    [
        {"days_past_due": 9},
        {"unpaid_count": 1},
        {"balance_minor": 49_999},
        {"risk_permille": 599},
        {"risk_permille": None},
        {"segment": "steady"},
        {"segment": ""},
    ],
)
def test_one_condition_short_is_all_of_them_short(short: dict[str, Any]) -> None:
    assert not STRICT.met_by(replace(STANDING, **short))


def test_a_balance_in_a_currency_that_is_not_listed_has_no_limit() -> None:
    assert STRICT.met_by(replace(STANDING, currency="EUR", balance_minor=1))


CONDITIONS = st.builds(
    Conditions,
    st.integers(-3, 3),
    st.integers(0, 2),
    st.dictionaries(st.sampled_from(["USD", "EUR"]), st.integers(0, 3)),
    st.integers(0, 3),
    st.frozensets(st.sampled_from("ab"), max_size=2),
)
STANDINGS = st.builds(
    Standing,
    st.integers(-4, 4),
    st.integers(0, 3),
    st.sampled_from(["USD", "EUR", "GBP"]),
    st.integers(1, 4),
    st.none() | st.integers(0, 4),
    st.sampled_from(["", "a", "b", "c"]),
)


@given(CONDITIONS, CONDITIONS, STANDINGS)
def test_what_implies_other_conditions_never_holds_without_them(a: Conditions, b: Conditions, it: Standing) -> None:
    if a.implies(b) and a.met_by(it):
        assert b.met_by(it)


def test_a_stage_that_the_policy_no_longer_has_ranks_below_all() -> None:
    assert POLICY.severity("retired") < POLICY.severity("upcoming")


def test_what_is_shipped_can_be_read() -> None:
    names = [path.stem for path in (folder("infra") / "policies").glob("*.yaml")]
    assert len(names) > 1
    for name in names:
        assert read_policy(folder("infra"), name).stages
        assert read_cash_policy(folder("infra"), name).version == read_policy(folder("infra"), name).version
    assert {one.name for one in read_mappings(folder("infra"))} >= {"dunwell_receivables", "ibm_late_payment"}


def test_the_default_policy_is_in_force_on_any_day_that_is_replayed() -> None:
    assert read_policies(folder("infra")).on(date(2013, 6, 1)) == read_policies(folder("infra")).on(date(2026, 11, 22))
