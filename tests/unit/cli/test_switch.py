"""``dunwell-cli switch``: what is turned, and what is said about it."""

import pytest

from dunwell.errors import InvalidInputError
from infra.cli import switch
from infra.cli.__main__ import main
from tests.support.memory import InMemorySwitches
from tests.support.outreach import NOW


def test_a_stop_is_listed_with_who_and_why_until_it_is_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    store = InMemorySwitches()
    switch.turn(store, "jurisdiction:us-ny", True, "mia", "counsel asks", NOW)
    switch.show(store)
    said = capsys.readouterr().out
    assert "jurisdiction:US-NY is stopped (mia: counsel asks)" in said
    assert "2026-11-23 15:00 UTC" in said
    switch.turn(store, "jurisdiction:US-NY", False, "tom", "settled", NOW)
    assert "goes on (tom: settled)" in capsys.readouterr().out
    assert store.stopped() == set()


def test_an_unknown_scope_is_refused_with_what_to_write() -> None:
    with pytest.raises(InvalidInputError, match="write channel:NAME"):
        switch.turn(InMemorySwitches(), "fax", True, "mia", "x", NOW)


def test_nothing_is_turned_without_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["switch", "stop", "channel:sms", "--table", "t"])
    assert "--reason" in capsys.readouterr().err


def test_no_switch_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert switch.show(InMemorySwitches()) == 0
    assert "No switch was ever turned" in capsys.readouterr().out
