"""The decision log on S3 as the local AWS keeps it: written once, found again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from dunwell.errors import InvalidInputError
from dunwell.outreach.decisions import planned
from dunwell.outreach.ports import CollectionState
from dunwell_aws.decision_log import S3DecisionLog
from tests.support.emulator import running_emulator
from tests.support.outreach import NOW, POLICY, TODAY, contact, overdue
from tests.support.portal import account, customer

OWING = account(overdue(12), who=customer())


@pytest.fixture(scope="module")
def log() -> Iterator[S3DecisionLog]:
    with running_emulator() as running:
        s3 = running.client("s3")
        s3.create_bucket(Bucket="decisions")
        yield S3DecisionLog(s3, "decisions")


def test_a_page_is_written_once_and_a_later_try_does_what_the_first_decided(log: S3DecisionLog) -> None:
    first = log.keep_page(TODAY, "run", POLICY, [planned(OWING, CollectionState(), POLICY, TODAY, NOW)])
    under_way = planned(OWING, CollectionState((contact(),)), POLICY, TODAY, NOW + timedelta(minutes=5))
    assert under_way.plan.contacts == ()
    assert log.keep_page(TODAY, "run", POLICY, [under_way]) == first
    assert log.find(first[0].decision_id).decision == first[0].decision


def test_a_customers_decisions_of_a_day_are_found_without_their_ids(log: S3DecisionLog) -> None:
    tomorrow = TODAY + timedelta(days=1)
    (kept,) = log.keep_page(tomorrow, "run", POLICY, [planned(OWING, CollectionState(), POLICY, tomorrow, NOW)])
    assert [one.decision_id for one in log.of_customer("cus_anna", tomorrow)] == [kept.decision_id]
    assert log.of_customer("cus_bert", tomorrow) == []


def test_what_is_not_there_is_said(log: S3DecisionLog) -> None:
    with pytest.raises(InvalidInputError, match="no decision is kept at plan/2026-11-23/07/none"):
        log.find("plan:2026-11-23:07:none:1:00")
