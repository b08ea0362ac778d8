"""Saved payment methods: kept with consent, one for automatic payment, ended and taken away for good."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from dunwell.errors import InvalidInputError, NotFoundError, RefusedError
from dunwell.events import PAYMENT_METHOD_ENDED, PAYMENT_METHOD_SAVED
from dunwell.ledger.automatic import autopay_method
from dunwell.ledger.change import Change
from dunwell.ledger.debits import MethodKind, MethodStatus
from dunwell.ledger.model import Account
from dunwell.payments.methods import (
    end_method,
    follow_card,
    method_id,
    remove_method,
    save_method,
    set_autopay,
)
from tests.support.agreements import method
from tests.support.portal import NOW, account

CARD = method_id("pm_1")


def saved(mine: Account, reference: str = "pm_1", **changes: Any) -> Change:
    given: dict[str, Any] = {
        "owner": "cus_1",
        "kind": MethodKind.CARD,
        "label": "Visa •••• 4242",
        "words": "You may charge this card.",
        "mandate": "",
        "expires_on": date(2028, 3, 31),
        "now": NOW,
    }
    return save_method(mine, reference, **(given | changes))


def test_a_method_is_kept_with_its_consent_and_told_once() -> None:
    change = saved(account())
    kept = change.methods[CARD]
    assert (kept.status, kept.words, kept.saved_at, kept.autopay) == (
        MethodStatus.ACTIVE,
        "You may charge this card.",
        NOW,
        False,
    )
    assert [event.name for event in change.events] == [PAYMENT_METHOD_SAVED]
    assert saved(change.applied(), now=NOW + timedelta(hours=1)).is_empty


@pytest.mark.parametrize("missing", ["words", "owner"])
def test_without_consent_or_owner_nothing_is_kept(missing: str) -> None:
    with pytest.raises(InvalidInputError, match="words agreed to"):
        saved(account(), **{missing: " " if missing == "words" else ""})


def test_a_method_that_ended_works_again_once_it_is_saved_anew_and_not_by_a_late_report_of_before() -> None:
    mine = saved(account()).applied()
    ended = end_method(mine, CARD, "lost_card", NOW + timedelta(days=1)).applied()
    assert saved(ended).is_empty
    again = saved(ended, now=NOW + timedelta(days=2)).applied()
    assert again.methods[CARD].is_usable
    assert again.methods[CARD].why == ""


def test_automatic_payment_is_on_with_one_method_at_most() -> None:
    mine = saved(saved(account()).applied(), "pm_2").applied()
    mine = set_autopay(mine, CARD, True, NOW).applied()
    change = set_autopay(mine, method_id("pm_2"), True, NOW + timedelta(minutes=1))
    after = change.applied()
    assert {one.reference: one.autopay for one in after.methods.values()} == {"pm_1": False, "pm_2": True}
    assert autopay_method(after) == after.methods[method_id("pm_2")]
    assert [(event.data["autopay"], event.name) for event in change.events] == [
        (False, PAYMENT_METHOD_SAVED),
        (True, PAYMENT_METHOD_SAVED),
    ]
    assert set_autopay(after, method_id("pm_2"), True, NOW).is_empty
    off = set_autopay(after, method_id("pm_2"), False, NOW).applied()
    assert autopay_method(off) is None


def test_ending_a_method_stops_automatic_payment_and_is_told_once() -> None:
    mine = set_autopay(saved(account()).applied(), CARD, True, NOW).applied()
    change = end_method(mine, CARD, "stolen_card", NOW)
    ended = change.methods[CARD]
    assert (ended.status, ended.autopay, ended.why) == (MethodStatus.UNUSABLE, False, "stolen_card")
    (event,) = change.events
    assert (event.name, event.data["why"]) == (PAYMENT_METHOD_ENDED, "stolen_card")
    assert end_method(change.applied(), CARD, "lost_card", NOW).is_empty
    with pytest.raises(RefusedError, match="Save it again"):
        set_autopay(change.applied(), CARD, True, NOW)


def test_a_method_is_taken_away_once_also_after_it_ended() -> None:
    mine = end_method(saved(account()).applied(), CARD, "lost_card", NOW).applied()
    change = remove_method(mine, CARD, NOW)
    assert change.methods[CARD].status is MethodStatus.REMOVED
    assert [event.name for event in change.events] == [PAYMENT_METHOD_ENDED]
    assert remove_method(change.applied(), CARD, NOW).is_empty


def test_a_card_is_followed_to_its_new_digits_and_works_again_when_it_had_only_expired() -> None:
    new = ("Visa •••• 1111", date(2030, 1, 31))
    for why, usable in (("expired_card", True), ("lost_card", False)):
        mine = end_method(saved(account()).applied(), CARD, why, NOW).applied()
        after = follow_card(mine, "pm_1", *new, NOW).applied().methods[CARD]
        assert ((after.label, after.expires_on), after.is_usable) == (new, usable)
        assert follow_card(replace(mine, methods={CARD: after}), "pm_1", *new, NOW).is_empty
    assert follow_card(account(), "pm_1", *new, NOW).is_empty


def test_nobody_changes_a_method_that_is_not_theirs() -> None:
    with pytest.raises(NotFoundError):
        remove_method(account(), "pmt_1", NOW)
    with pytest.raises(NotFoundError):
        set_autopay(account(), "pmt_1", True, NOW)
    with pytest.raises(NotFoundError):
        end_method(account(), method().method_id, "x", NOW)
