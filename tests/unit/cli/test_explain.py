"""``dunwell-cli explain`` on files as they are copied from the bucket."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from dunwell.accounts.contact_points import PartOfDay
from dunwell.accounts.model import Channel, Customer, CustomerKind
from dunwell.compliance.model import MessageFacts
from dunwell.compliance.policy import Policy as RulesPolicy
from dunwell.compliance.policy import Relaxation
from dunwell.outreach.choice_policy import ChoicePolicy
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.decisions import dispatch_decision, planned
from dunwell.outreach.permission import may_contact
from dunwell.outreach.policy import Policy, Thanks
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.thanks import thank
from infra.cli.__main__ import main
from tests.support.decisions import DecisionsBucket, decision_log
from tests.support.ledger import paid
from tests.support.memory import InMemoryCollection, InMemoryLedger
from tests.support.outreach import NOW, POLICY, TODAY, contact, overdue, sent
from tests.support.portal import CREDITOR, LICENSED, account, changed, customer

WORDS = MessageFacts(opt_out_notice=True, disclosure=True)


def kept(
    here: Path, who: Customer, state: CollectionState | None = None, policy: Policy = POLICY, days: int = 12
) -> tuple[str, Path]:
    """A decision's id, and the copy of its file."""
    bucket = DecisionsBucket()
    owing = account(overdue(days), who=who)
    decision = planned(owing, state or CollectionState(), policy, TODAY, NOW)
    (one,) = decision_log(bucket).keep_page(TODAY, "run", policy, [decision])
    return one.decision_id, copied(here, bucket)


def copied(here: Path, bucket: DecisionsBucket) -> Path:
    ((key, content),) = bucket.files.items()
    path = here / key
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def explain(*arguments: str | Path) -> int:
    return main(["explain", *map(str, arguments)])


def test_a_planned_message_is_told_with_its_facts_rules_and_that_it_is_decided_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decision_id, file = kept(tmp_path, customer(), CollectionState((sent("due", 9),), 600, "7"))
    assert explain(decision_id, "--file", file) == 0
    said = capsys.readouterr().out
    assert f"Decision {decision_id}" in said
    assert "USD: a message was planned: stage 'firm' by email about inv_a1." in said
    assert "passed   HOLD-BK: 11 USC 362(a)(6)" in said
    assert "inv_a1: $100.00 open, due 2026-11-11" in said
    assert "earlier: due by email on 2026-11-14, sent" in said
    assert "risk 600 in 1000 (model 7)" in said
    assert ": the same." in said
    assert "anna" not in said.replace("cus_anna", "").lower()


def test_a_refusal_names_the_rule_that_forbids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, file = kept(tmp_path, changed(customer(), refuses=[Channel.EMAIL]))
    assert explain("--file", file, "--customer", "cus_anna") == 0
    said = capsys.readouterr().out
    assert "Refused (OPTED_OUT): opted out." in said
    assert "forbids  OPTOUT-HONOR: 12 CFR 1006.6(e)" in said
    assert "opted out of email" in said


@pytest.mark.parametrize(
    ("state", "days", "words"),
    [
        (CollectionState((contact(),)), 12, "no message (UNDER_WAY): a message is under way already."),
        (CollectionState(currencies_in_case=frozenset({"USD"})), 12, "no message (IN_CASE): the account is with"),
        (CollectionState((sent("final", 12),), 900, "7"), 40, "handed to an agent: overdue, high risk, unresponsive"),
    ],
)
def test_silence_has_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], state: CollectionState, days: int, words: str
) -> None:
    _, file = kept(tmp_path, customer(), state, days=days)
    assert explain("--file", file) == 0
    assert words in capsys.readouterr().out


def test_a_decision_before_sending_is_told_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bucket, about = DecisionsBucket(), contact(status=ContactStatus.PLANNED)
    who = changed(customer(), bounced=[customer().email])
    owing = account(overdue(12), who=who)
    record = may_contact(who, (), about.channel, about.invoice_ids, POLICY, NOW, WORDS)
    decision_log(bucket).keep_dispatch(POLICY, dispatch_decision(owing, about, (), POLICY, record, WORDS))
    assert explain("--file", copied(tmp_path, bucket)) == 0
    said = capsys.readouterr().out
    assert "The message by email was not sent." in said
    assert "Refused (EMAIL_SUPPRESSED)" in said


def test_what_counsel_relaxed_is_told_with_who_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    relaxed = Relaxation("HOUSE-FREQ", "counsel@creditor.example", NOW, "written opinion")
    policy = replace(POLICY, creditor=replace(CREDITOR, compliance=RulesPolicy(relaxations=(relaxed,))))
    _, file = kept(tmp_path, customer(), policy=policy)
    assert explain("--file", file) == 0
    assert "Relaxed: rule HOUSE-FREQ by counsel@creditor.example" in capsys.readouterr().out


def test_a_changed_record_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    decision_id, file = kept(tmp_path, customer())
    text = gzip.decompress(file.read_bytes()).decode()
    file.write_bytes(gzip.compress(text.replace('"open_minor":10000', '"open_minor":20000').encode()))
    assert explain(decision_id, "--file", file) == 1
    assert "CHANGED: this is not what was decided" in capsys.readouterr().out


def test_another_policy_would_have_decided_differently(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, file = kept(tmp_path, customer())
    assert explain("--file", file, "--policy", "uk_statutory_interest") == 1
    assert "DIFFERENT. Today it would be" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name a decision, or a customer and a date"),
        (("--file", "page.jsonl.gz"), "not in its folders"),
        (("--customer", "cus_anna"), "name a decision, or a customer and a date"),
    ],
)
def test_what_is_missing_is_said(arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(*arguments) == 1
    assert words in capsys.readouterr().err


def test_thanks_are_told_with_the_payments_that_they_are_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = DecisionsBucket()
    ledger = InMemoryLedger(account(overdue(10), replace(paid(overdue(10)), on=TODAY)))
    store, rules = InMemoryCollection(sent("due", 5)), replace(POLICY, thanks=Thanks())
    (made,) = thank("cus_anna", ledger, store, lambda: decision_log(bucket), rules, TODAY, NOW)
    assert explain(made.decisions[-1].decision_id, "--file", copied(tmp_path, bucket)) == 0
    said = capsys.readouterr().out
    assert "Thanks of 2026-11-23 for customer cus_anna" in said
    assert "inv_a1: settled, last paid on 2026-11-23" in said
    assert ": the same." in said


def test_a_message_that_waits_is_told_with_its_minute_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = replace(POLICY, choice=ChoicePolicy(enabled=True, hours=True, explore=False))
    _, file = kept(tmp_path, replace(customer(), preferred_hours=PartOfDay.EVENING), policy=rules)
    assert explain("--file", file) == 0
    said = capsys.readouterr().out
    assert "to leave from 2026-11-23 22:00 UTC on" in said
    assert "in the evening (the customer prefers it)" in said


def test_a_debt_that_waits_for_its_validation_notice_or_for_the_end_of_its_period_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person = customer(kind=CustomerKind.PERSON, region="NJ", postcode="07030")
    collector = replace(POLICY, creditor=replace(CREDITOR, party="third", licences=LICENSED))
    notice = sent("validation_notice", 9, channel=Channel.EMAIL)
    _, file = kept(tmp_path, person, CollectionState((notice,)), collector)
    assert explain("--file", file) == 0
    said = capsys.readouterr().out
    assert "USD: no message (VALIDATION): its validation notice has not gone out yet, or the time to dispute" in said
    assert "inv_a1: validation notice sent 2026-11-14 15:00 UTC, may be disputed until 2026-12-20" in said
