"""The policy document's words on the choice of channel and on the contact rules: read, or refused with the reason."""

from pathlib import Path

import pytest

from dunwell.accounts.model import Channel
from dunwell.compliance.policy import Profile
from dunwell.errors import InvalidInputError
from dunwell.outreach.policy import Policy
from dunwell_aws.documents import folder, read_policy

COMPLIANCE = """  compliance:
    profile: legal_minimum
    relaxations:
      - {rule_id: RULE, relaxed_by: counsel@example.com, at: 2026-11-01T00:00:00Z, reason: an opinion}
"""


def written(tmp_path: Path, was: str, now: str) -> Policy:
    text = (folder("infra") / "policies" / "default.yaml").read_text(encoding="utf-8")
    assert text.count(was) == 1
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "mine.yaml").write_text(text.replace(was, now), encoding="utf-8")
    return read_policy(tmp_path, "mine")


def relaxing(tmp_path: Path, rule_id: str) -> Policy:
    place = "  postal_address:"
    return written(tmp_path, place, COMPLIANCE.replace("RULE", rule_id) + place)


def test_the_shipped_policy_leaves_channels_to_its_stages_and_relaxes_nothing() -> None:
    shipped = read_policy(folder("infra"))
    assert not shipped.choice.enabled
    assert (shipped.creditor.compliance.profile, shipped.creditor.compliance.relaxations) == ("house_default", ())


def test_a_choice_is_switched_on_with_its_figures(tmp_path: Path) -> None:
    figures = "choice: {enabled: true, answers_permille: {sms: 350}, cost_minor: {letter: {USD: 150}}}"
    choice = written(tmp_path, "choice: {enabled: false}", figures).choice
    assert (choice.enabled, choice.answers_permille) == (True, {Channel.SMS: 350})
    assert (choice.cost(Channel.LETTER, "USD"), choice.cost(Channel.LETTER, "EUR")) == (150, 0)


def test_counsels_relaxation_is_read_with_who_when_and_why(tmp_path: Path) -> None:
    rules = relaxing(tmp_path, "HOUSE-FREQ").creditor.compliance
    (one,) = rules.relaxations
    assert rules.profile is Profile.LEGAL_MINIMUM
    assert (one.rule_id, one.relaxed_by, one.at.isoformat()) == (
        "HOUSE-FREQ",
        "counsel@example.com",
        "2026-11-01T00:00:00+00:00",
    )


@pytest.mark.parametrize(("rule_id", "why"), [("REGF-7IN7", "REGF-7IN7 is law"), ("NO-SUCH", "no rule 'NO-SUCH'")])
def test_what_cannot_be_relaxed_is_refused_when_the_policy_is_read(tmp_path: Path, rule_id: str, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why):
        relaxing(tmp_path, rule_id)


def test_a_share_that_is_none_is_refused_when_the_policy_is_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="thousandths"):
        written(tmp_path, "choice: {enabled: false}", "choice: {answers_permille: {sms: 2000}}")
