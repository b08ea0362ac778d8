"""What is stored of an assessment beside what is asked by: small, and read as it was written, whenever that was."""

import json
from dataclasses import replace
from datetime import date

import pytest

from dunwell.scoring.assess import assess_accounts
from dunwell.scoring.assessment import Assessment, InvoiceAssessment, Recovery, ScoreReason
from dunwell.scoring.features import FEATURE_NAMES
from dunwell.scoring.recovery import RECOVERY_FEATURES
from dunwell_aws.assessment_details import open_details, pack_details
from dunwell_aws.packing import packed, unpacked
from dunwell_aws.table import from_plain, to_plain
from tests.bench.portfolio import AS_OF, portfolio
from tests.unit.scoring.stand_in import ByHandScorer

DAY = date(2026, 7, 1)
LATE = ScoreReason("Past invoices were often paid after their due date.", "late_ratio", 123)
SCORED = ScoreReason("The credit score is high.", "credit_score", -40)
OLD_DEBT = ScoreReason("The debt is old.", "overdue_months", -64)
ABOUT = InvoiceAssessment("inv_a1", 650, (LATE, SCORED), 210, 12, DAY, DAY, DAY)
EXPECTED = Recovery("USD", 10_000, 410, 520, 610, 4_100, 5_200, 6_100, (OLD_DEBT,), "1.0.0", "MC-RECOVERY-1")
FOUND = Assessment(
    "cus_1", DAY, 700, "forgetful", ("3 of the last 5 invoices came late.",), (ABOUT,), "2.3.0", "0" * 64,
    "MC-LATE-PAYMENT-2", (LATE, SCORED), 2, recoveries=(EXPECTED,),
)  # fmt: skip


def read(details: bytes) -> Assessment:
    asked = {
        "customer_id": "cus_1",
        "as_of": DAY,
        "risk_permille": 700,
        "segment": "forgetful",
        "model_version": "2.3.0",
    }
    return from_plain(Assessment, asked | open_details(details))


def test_an_assessment_is_read_with_the_direction_and_size_of_each_reason() -> None:
    found = read(pack_details(to_plain(FOUND)))
    assert found == FOUND
    assert [one.direction for one in (*found.risk_reasons, *found.recoveries[0].reasons)] == [
        "raises",
        "lowers",
        "lowers",
    ]


def test_the_places_of_fields_and_features_are_what_stored_assessments_go_by() -> None:
    reasons = [LATE.words, SCORED.words, 123, -40, 2, "credit_score"]
    expected = ["USD", 10_000, 410, 520, 610, 4_100, 5_200, 6_100, [OLD_DEBT.words, -64, 1], "1.0.0", "MC-RECOVERY-1"]
    about = ["inv_a1", 650, reasons, 210, 12, "2026-07-01", "2026-07-01", "2026-07-01"]
    stored = [["3 of the last 5 invoices came late."], [about], "0" * 64, "MC-LATE-PAYMENT-2", reasons, 2, [expected]]
    assert read(packed(json.dumps(stored))) == FOUND
    assert json.loads(unpacked(pack_details(to_plain(FOUND)))) == stored
    assert (FEATURE_NAMES[-1], len(FEATURE_NAMES)) == ("delivery_lateness", 30)  # new ones come after it


@pytest.mark.parametrize(
    ("name", "place"),
    [
        *[("own_pace", 0), ("overdue_months", 1), ("silence", 2), ("has_history", 3), ("recent_late_ratio", 4)],
        *[("other_overdue_share", 5), ("amount_ratio", 6), ("messages", 7), ("fresh_contact", 8), ("warned", 9)],
        *[("in_case", 10), ("no_answers", 11), ("promise_open", 12), ("promises_kept", 13), ("promises_broken", 14)],
        ("unpaid_months", 15),
    ],
)
def test_a_feature_of_recovery_keeps_its_place_though_the_model_no_longer_asks_for_it(name: str, place: int) -> None:
    one = replace(FOUND, recoveries=(replace(EXPECTED, reasons=(ScoreReason("So.", name, -64),)),))
    stored = pack_details(to_plain(one))
    assert json.loads(unpacked(stored))[-1][0][8] == ["So.", -64, place]
    assert read(stored) == one


def test_every_feature_of_recovery_has_a_place() -> None:
    for name in RECOVERY_FEATURES:
        one = replace(FOUND, recoveries=(replace(EXPECTED, reasons=(ScoreReason("So.", name, -64),)),))
        assert isinstance(json.loads(unpacked(pack_details(to_plain(one))))[-1][0][8][2], int)


def test_an_assessment_from_before_directions_were_kept_has_its_words() -> None:
    plain = to_plain(FOUND)
    for holder, name in (
        (plain, "risk_reasons"),
        *((one, "reasons") for one in plain["invoices"] + plain["recoveries"]),
    ):
        holder[name] = [words for words, *_ in holder[name]]
    for gone in ("customer_id", "as_of", "risk_permille", "segment", "model_version", "history", "account_version"):
        del plain[gone]
    found = read(packed(json.dumps(plain)))
    assert found.risk_reasons == (ScoreReason(LATE.words), ScoreReason(SCORED.words))
    assert found.invoices[0].reasons == found.risk_reasons
    assert found.recoveries[0].reasons == (ScoreReason(OLD_DEBT.words),)
    assert {one.direction for one in found.risk_reasons} == {None}


def test_reasons_with_their_directions_take_no_more_than_four_tenths_of_a_write_unit_on_average() -> None:
    found = assess_accounts(portfolio().open_accounts, AS_OF, ByHandScorer()).assessments
    sizes = [len(pack_details(to_plain(one))) for one in found]
    assert len(sizes) > 100
    assert sum(sizes) / len(sizes) < 0.4 * 1024
