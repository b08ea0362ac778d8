"""Policy documents: read strictly, with the file, the line and what to do about a fault."""

import re
import shutil
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from dunwell.accounts.model import Channel, CustomerKind
from dunwell.errors import InvalidInputError
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.plan import plan_account
from dunwell.outreach.ports import CollectionState
from dunwell_aws.documents import folder, read_cash_policy, read_policies, read_policy
from tests.support.outreach import TODAY
from tests.support.portal import account, customer, invoice, proved

SHIPPED = folder("infra")
DEFAULT = (SHIPPED / "policies" / "default.yaml").read_text(encoding="utf-8")
NAMES = sorted(path.stem for path in (SHIPPED / "policies").glob("*.yaml"))


def written(tmp_path: Path, text: str) -> Path:
    """A project's infra folder with this policy as its default."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "default.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def changed(tmp_path: Path, old: str, new: str) -> Path:
    assert DEFAULT.count(old) == 1, "the change would not be the one that is meant"
    return written(tmp_path, DEFAULT.replace(old, new))


FIRM = "name: firm, when: {days_past_due: 10}"


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        ("min_gap_days: 3\n", "min_gap_day: 3\n", "min_gap_days: 3", "min_gap_day: the key 'min_gap_day' is not known"),
        ("min_gap_days: 3\n", "min_gap_day: 3\n", "min_gap_days: 3", "did you mean 'min_gap_days'"),
        (FIRM, FIRM.replace("name", "nam"), FIRM, "stages.2.nam: the key 'nam' is not known here; did you mean 'name'"),
        (FIRM, FIRM.replace("days_past_due", "age"), FIRM, "stages.2.when.age: .* there are days_past_due, unpaid"),
        (FIRM, FIRM.replace("10", "soon"), FIRM, "stages.2.when.days_past_due: Input should be a valid integer"),
        (
            FIRM,
            FIRM.replace("10", "30"),
            "when: {days_past_due: 20}",
            "3.when.days_past_due: stage 'final' is due before 'firm'",
        ),
        (FIRM, FIRM.replace("10", "1"), FIRM, "stages.2.when: stages 'due' and 'firm' overlap"),
        (FIRM, FIRM.replace("firm", "due"), FIRM, "stages.2.name: there are two stages 'due'"),
        (FIRM, f"then: last, {FIRM}", FIRM, "stages.2.then: .* 'last', which is not a stage; there are upcoming"),
        (FIRM, f"then: due, {FIRM}", FIRM, "stages.2.then: stages go round in a circle"),
        ("silent_days: 14", "silent_days: -1", "silent_days", "escalation.silent_days: .* 0 or more"),
        ("after_stage: final", "after_stage: last", "after_stage", "name one of upcoming, due, firm, final"),
        ("party: first", "party: fourth", "party", "creditor.party: a creditor is the first or the third party"),
        ("bank_fee: credit", "bank_fees: credit", "bank_fee: credit", "cash.bank_fees: .* did you mean 'bank_fee'"),
        (
            "patience_days: 3",
            "patience_days: [3]",
            "patience_days: 3",
            "patience_days: Input should be a valid integer",
        ),
    ],
)
def test_a_fault_is_told_with_file_line_place_and_what_to_do(
    tmp_path: Path, old: str, new: str, at: str, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=rf"^default\.yaml, line {line_of(at)}, .*{words}"):
        read_policy(changed(tmp_path, old, new))


def line_of(text: str) -> int:
    """The number of the last line of the default policy that has a text; comments come before what they explain."""
    return max(number for number, one in enumerate(DEFAULT.splitlines(), 1) if text in one)


def test_a_key_that_stands_twice_is_refused_instead_of_the_last_one_winning(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="the key 'min_gap_days' stands twice; keep one of them"):
        read_policy(written(tmp_path, DEFAULT + "min_gap_days: 9\n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "there is no version"), ("- a\n", "document 1 is not a policy"), ("a: [", "default.yaml: while parsing")],
)
def test_what_is_no_policy_at_all_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        read_policies(written(tmp_path, text))


def test_a_policy_that_is_missing_is_named() -> None:
    with pytest.raises(InvalidInputError, match=r"nobody\.yaml does not exist"):
        read_policy(SHIPPED, "nobody")


# --- versions side by side ---

NEXT = (
    DEFAULT.replace('version: "2026-11-22"', 'version: "next"')
    .replace("effective_from: 2000-01-01", "effective_from: 2027-01-01")
    .replace("min_gap_days: 3\n", "min_gap_days: 9\n")
    .replace("bank_fee: credit", "bank_fee: open")
)


def test_versions_stand_side_by_side_in_one_file(tmp_path: Path) -> None:
    infra = written(tmp_path, f"{DEFAULT}\n---\n{NEXT}")
    assert read_policy(infra, on=date(2026, 12, 31)).min_gap_days == 3
    assert read_policy(infra, on=date(2027, 1, 1)).min_gap_days == 9
    assert read_policy(infra).version == "next", "the newest, when no day is asked for"
    assert [str(read_cash_policy(infra, version=one).bank_fee) for one in ("2026-11-22", "next")] == ["credit", "open"]


def test_a_fault_in_a_later_version_has_its_line_in_the_file(tmp_path: Path) -> None:
    text = f"{DEFAULT}\n---\n{NEXT.replace('after_stage: final', 'after_stage: last')}"
    (number,) = (n for n, one in enumerate(text.splitlines(), 1) if "after_stage: last" in one)
    with pytest.raises(InvalidInputError, match=f"line {number}, escalation.after_stage"):
        read_policy(written(tmp_path, text), on=date(2026, 12, 31))


def test_two_versions_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="two versions have the same name"):
        read_policies(written(tmp_path, f"{DEFAULT}\n---\n{DEFAULT}"))


def test_a_version_of_cash_rules_that_does_not_exist_is_named() -> None:
    with pytest.raises(InvalidInputError, match=r"default\.yaml has no version 'old'"):
        read_cash_policy(SHIPPED, version="old")


def test_an_example_in_a_comment_can_be_read(tmp_path: Path) -> None:
    begin = DEFAULT.index("# overrides:\n")
    example = DEFAULT[begin : DEFAULT.index("escalation:\n", begin)]
    policy = read_policy(changed(tmp_path, example, example.replace("# ", "").replace("#   ", "  ")))
    assert [one.target[0] for one in policy.overrides] == ["group", "customer", "invoice"]


# --- what is shipped ---


def test_the_six_policies_and_statutory_interest_are_shipped() -> None:
    assert set(NAMES) == {
        "default",
        "b2b_firm",
        "us_consumer_first_party",
        "us_consumer_third_party",
        "uk",
        "eu",
        "uk_statutory_interest",
    }
    assert len({read_policy(SHIPPED, name).version for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_policy_warns_before_it_escalates(name: str) -> None:
    policy = read_policy(SHIPPED, name)
    assert policy.escalation.after_stage == policy.stages[-1].name == "final"
    rule, last = policy.escalation, policy.stages[-1]
    assert rule.days_past_due > last.when.days_past_due


@pytest.mark.parametrize("name", NAMES)
def test_a_person_is_reached_by_e_mail_from_the_daily_pass_of_the_early_morning(name: str) -> None:
    policy = read_policy(SHIPPED, name)
    country = {"uk": "GB", "uk_statutory_interest": "GB", "eu": "DE"}.get(name, "US")
    who = proved(customer(kind=CustomerKind.PERSON, country=country, region="NJ" if country == "US" else ""))
    reached = set()
    for day in (TODAY + timedelta(days=n) for n in range(120)):
        now = datetime.combine(day, time(6), ZoneInfo(policy.creditor.timezone))
        owing = account(invoice("A1", 100_000, TODAY), who=who)
        made = plan_account(owing, CollectionState(), policy, day, now)
        reached |= {(one.channel, one.stage) for one in made.contacts if one.status is ContactStatus.PLANNED}
        assert all(one.send_after is None or now < one.send_after for one in made.contacts)
    assert {stage for channel, stage in reached if channel is Channel.EMAIL}


def test_a_third_party_warns_at_every_stage_and_says_for_whom_it_collects() -> None:
    policy = read_policy(SHIPPED, "us_consumer_third_party")
    assert policy.creditor.party == "third"
    assert policy.creditor.owed_to
    assert all(policy.warns(stage) for stage in policy.stages)


def test_who_collects_for_itself_is_not_said_to_collect_for_another(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="owed_to"):
        read_policy(changed(tmp_path, "party: first\n", "party: first\n  owed_to: Acme Inc\n"))


# --- what would silently change what happens ---


def _set(path: tuple[int | str, ...], value: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        inner: Any = document
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return change


RELAXED = {"rule_id": "HOUSE-TIME", "relaxed_by": "counsel", "at": "2026-01-01T00:00:00Z", "reason": "agreed"}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("stages", 0, "when", "balance_minor"), {"usd": 1}, "stages.0.when.balance_minor.usd: .*'usd' is not an ISO"),
        (("tolerance_minor",), {"ZZZ": 1}, "tolerance_minor.ZZZ: 'ZZZ' is not an ISO 4217 currency code"),
        (("overrides",), [{"group": "a", "tolerance_minor": {"ZZZ": 1}}], "overrides.0.tolerance_minor.ZZZ"),
        (("overrides",), [{"group": "a", "patience_permille": 2000}], "overrides.0.patience_permille: .* 0 to 1000"),
        (("overrides",), [{"segment": "no such", "min_gap_days": 9}], "overrides.0.segment: 'no such' is no segment"),
        (("stages", 0, "when", "segments"), ["no such"], "stages.0.when.segments: 'no such' is no segment; there are"),
        (("stages", 0, "when", "days_past_due"), True, "stages.0.when.days_past_due: true is no number"),
        (("stages", 0, "template"), "no_such", "stages.0.template: the template 'no_such' has no words: write"),
        (("creditor", "compliance"), {"relaxations": [RELAXED | {"relaxed_by": " "}]}, "who relaxed it and why"),
        (("creditor", "compliance"), {"relaxations": [RELAXED | {"reason": " "}]}, "who relaxed it and why"),
        (("creditor", "sender"), "nobody", "creditor.sender: is not an address"),
        (("creditor", "sender"), "A <a@b.c>\nBcc: <x@y.z>", "creditor.sender: is not an address"),
        (("creditor", "name"), " ", "creditor.name: is empty"),
        (("creditor", "postal_address"), "", "creditor.postal_address: is empty"),
        (("creditor", "telephone"), "", "creditor.telephone: is empty"),
        (("creditor", "logo_url"), "javascript:alert(1)", "creditor.logo_url: is not an address that begins with http"),
        (("creditor", "language"), "xx", "creditor.language: there are no words in 'xx'"),
        (("version",), "", "version: the version names a place in the decision log"),
        (("version",), "a/b\nc", "version: the version names a place in the decision log"),
    ],
)
def test_a_value_that_means_nothing_is_refused_with_its_line(
    tmp_path: Path, path: tuple[int | str, ...], value: object, words: str
) -> None:
    document = yaml.safe_load(DEFAULT)
    _set(path, value)(document)
    infra = written(tmp_path, yaml.safe_dump(document, sort_keys=False))
    shutil.copytree(SHIPPED / "messages", infra / "messages")
    with pytest.raises(InvalidInputError, match=rf"^default\.yaml, line \d+.*{words}"):
        read_policies(infra)


def test_versions_of_one_policy_are_one_creditors(tmp_path: Path) -> None:
    assert DEFAULT.count("creditor_id: ") == 1
    other = re.sub(r"creditor_id: \S+", "creditor_id: somebody_else", NEXT)
    with pytest.raises(InvalidInputError, match=r"more than one creditor\.creditor_id"):
        read_policies(written(tmp_path, f"{DEFAULT}\n---\n{other}"))
