"""Signing in, and ending e-mail."""

from datetime import timedelta
from typing import Any

import pytest

from dunwell.accounts.access import (
    GoneError,
    SignInRequiredError,
    TooManyTriesError,
    WrongCodeError,
    csrf_token,
    fingerprint,
    require_theirs,
)
from dunwell.accounts.consent import ConsentAct, ConsentRecord
from dunwell.accounts.contact_points import ContactPoint, PointKind
from dunwell.accounts.links import Links, stop_email
from dunwell.accounts.model import Channel, Customer
from dunwell.accounts.sign_in import SignIn, code_address
from dunwell.errors import NotFoundError, RefusedError
from tests.support.memory import InMemoryLedger, InMemoryMessageIndex
from tests.support.portal import NOW, CodeBox, InMemoryAccessStore, account, customer


class World:
    """A customer with a link."""

    def __init__(self, anna: Customer | None = None) -> None:
        self.store = InMemoryAccessStore()
        self.ledger = InMemoryLedger(
            account(who=anna), account(who=customer("cus_bert", number="C-7", email="b@b.example"))
        )
        self.codes, self.texts = CodeBox(), CodeBox()
        self.sign_in = SignIn(self.store, self.ledger, {Channel.EMAIL: self.codes, Channel.SMS: self.texts})
        self.links, self.addresses = Links(self.store), InMemoryMessageIndex()
        self.link = self.links.issue_link("cus_anna", "account", NOW, sent_to="anna@bakery.example")

    def wrong_code(self) -> str:
        right = self.codes.sent[-1][1]
        return f"{(int(right) + 1) % 1_000_000:06d}"


@pytest.fixture
def world() -> World:
    return World()


def test_the_right_answer_sends_a_code_to_the_contact_address_and_the_code_signs_in(world: World) -> None:
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    ((address, code),) = world.codes.sent
    assert address == "anna@bakery.example"
    session = world.sign_in.use_code(pending, f" {code[:3]} {code[3:]} ", NOW)
    assert world.sign_in.session(session, NOW).customer_id == "cus_anna"


def test_only_hashes_are_stored(world: World) -> None:
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    session = world.sign_in.use_code(pending, world.codes.sent[0][1], NOW)
    stored = repr(vars(world.store))
    for secret in (world.link, pending, session, world.codes.sent[0][1]):
        assert secret not in stored


@pytest.mark.parametrize("answer", ["C-9999", "", "C-7"])
def test_a_wrong_answer_sends_nothing_and_looks_the_same(world: World, answer: str) -> None:
    right = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    wrong = world.sign_in.ask_for_code(world.link, answer, NOW)
    assert len(world.codes.sent) == 1
    assert len(wrong) == len(right)
    with pytest.raises(WrongCodeError):
        world.sign_in.use_code(wrong, world.codes.sent[0][1], NOW)


def test_an_unknown_link_costs_the_same_writes_and_never_signs_in(world: World) -> None:
    before = world.store.writes
    world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    known = world.store.writes - before
    pending = world.sign_in.ask_for_code("unknown", "C-1042", NOW)
    assert world.store.writes - before == 2 * known
    assert len(world.codes.sent) == 1
    with pytest.raises(WrongCodeError):
        world.sign_in.use_code(pending, world.codes.sent[0][1], NOW)


def test_a_link_of_another_purpose_or_an_old_one_sends_nothing(world: World) -> None:
    stop = world.links.issue_link("cus_anna", "stop", NOW)
    world.sign_in.ask_for_code(stop, "C-1042", NOW)
    world.sign_in.ask_for_code(world.link, "C-1042", NOW + timedelta(days=30))
    assert world.codes.sent == []


def test_a_changed_contact_address_ends_the_link(world: World) -> None:
    world.ledger.accounts["cus_anna"] = account(who=customer(email="new@bakery.example"))
    world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    assert world.codes.sent == []


def test_no_code_goes_to_an_address_that_bounced(world: World) -> None:
    world.ledger.accounts["cus_anna"] = account(who=customer(bounced=["anna@bakery.example"]))
    world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    assert world.codes.sent == []


def test_a_code_signs_in_once(world: World) -> None:
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    code = world.codes.sent[0][1]
    world.sign_in.use_code(pending, code, NOW)
    with pytest.raises(GoneError):
        world.sign_in.use_code(pending, code, NOW)


def test_two_browsers_at_once_get_one_session(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    stale = world.store.codes[fingerprint(pending)]
    world.sign_in.use_code(pending, world.codes.sent[0][1], NOW)
    # given a store that still showed the code as unused when the second one read it
    monkeypatch.setattr(world.store, "code", lambda _: stale)
    with pytest.raises(GoneError):
        world.sign_in.use_code(pending, world.codes.sent[0][1], NOW)
    assert len(world.store.sessions) == 1


def test_a_code_is_refused_after_fifteen_minutes(world: World) -> None:
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    with pytest.raises(GoneError):
        world.sign_in.use_code(pending, world.codes.sent[0][1], NOW + timedelta(minutes=15))


def test_a_code_works_only_in_the_browser_that_asked_for_it(world: World) -> None:
    world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    other = world.sign_in.ask_for_code(world.links.issue_link("cus_bert", "account", NOW), "C-7", NOW)
    with pytest.raises(WrongCodeError):
        world.sign_in.use_code(other, world.codes.sent[0][1], NOW)


def test_five_tries_rest_the_link_for_an_hour_even_for_the_right_code(world: World) -> None:
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    for _ in range(4):
        with pytest.raises(WrongCodeError):
            world.sign_in.use_code(pending, world.wrong_code(), NOW)
    with pytest.raises(TooManyTriesError):
        world.sign_in.use_code(pending, world.codes.sent[0][1], NOW)
    with pytest.raises(TooManyTriesError):
        world.sign_in.ask_for_code(world.link, "C-1042", NOW + timedelta(minutes=59))
    world.sign_in.ask_for_code(world.link, "C-1042", NOW + timedelta(hours=1))
    assert len(world.codes.sent) == 2


def test_an_unknown_link_rests_after_five_tries_too(world: World) -> None:
    for _ in range(5):
        world.sign_in.ask_for_code("unknown", "C-1042", NOW)
    with pytest.raises(TooManyTriesError):
        world.sign_in.ask_for_code("unknown", "C-1042", NOW)


def test_signing_in_forgets_earlier_tries(world: World) -> None:
    for _ in range(3):
        pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
        world.sign_in.use_code(pending, world.codes.sent[-1][1], NOW)
    assert world.store.all_tries == {}


def test_a_session_slides_and_ends(world: World) -> None:
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    session = world.sign_in.use_code(pending, world.codes.sent[0][1], NOW)
    world.sign_in.session(session, NOW + timedelta(minutes=29))
    world.sign_in.session(session, NOW + timedelta(minutes=58))
    with pytest.raises(SignInRequiredError):
        world.sign_in.session(session, NOW + timedelta(minutes=88))


def test_signing_out_ends_the_session(world: World) -> None:
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    session = world.sign_in.use_code(pending, world.codes.sent[0][1], NOW)
    world.sign_in.sign_out(session)
    with pytest.raises(SignInRequiredError):
        world.sign_in.session(session, NOW)


def test_a_form_without_the_sessions_token_is_refused(world: World) -> None:
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    session = world.sign_in.use_code(pending, world.codes.sent[0][1], NOW)
    assert world.sign_in.session_of_form(session, csrf_token(session), NOW)
    with pytest.raises(RefusedError):
        world.sign_in.session_of_form(session, csrf_token("another"), NOW)


def test_a_stop_link_ends_email_once_and_not_at_other_addresses(world: World) -> None:
    stop = world.links.issue_link("cus_anna", "stop", NOW)
    stop_email(world.store, world.ledger, world.addresses, stop, NOW)
    version = world.ledger.accounts["cus_anna"].version
    stop_email(world.store, world.ledger, world.addresses, stop, NOW)
    assert world.ledger.accounts["cus_anna"].customer.opted_out == {Channel.EMAIL}
    assert world.ledger.accounts["cus_anna"].version == version
    assert world.ledger.accounts["cus_bert"].customer.opted_out == frozenset()


@pytest.mark.parametrize("token", ["unknown", "", "account link"])
def test_only_a_stop_link_ends_email(world: World, token: str) -> None:
    with pytest.raises(NotFoundError):
        stop_email(world.store, world.ledger, world.addresses, world.link if token == "account link" else token, NOW)


def test_the_code_that_came_back_proves_the_address_once(world: World) -> None:
    for day in range(2):
        pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW + timedelta(days=day))
        world.sign_in.use_code(pending, world.codes.sent[-1][1], NOW + timedelta(days=day))
    kept = world.ledger.accounts["cus_anna"]
    assert [point.verified_at for point in kept.customer.contact_points] == [NOW]
    assert kept.version == 2


def test_a_code_to_an_address_that_was_changed_since_signs_nobody_in(world: World) -> None:
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    world.ledger.accounts["cus_anna"] = account(who=customer(email="new@bakery.example"))
    with pytest.raises(GoneError):
        world.sign_in.use_code(pending, world.codes.sent[0][1], NOW)
    assert [point.verified_at for point in world.ledger.accounts["cus_anna"].customer.contact_points] == [None]


def test_a_code_for_an_account_that_is_gone_signs_nobody_in(world: World) -> None:
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    del world.ledger.accounts["cus_anna"]
    with pytest.raises(GoneError):
        world.sign_in.use_code(pending, world.codes.sent[0][1], NOW)


def test_a_session_ends_with_the_address_that_opened_it_whoever_changed_that(world: World) -> None:
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    session = world.sign_in.session(world.sign_in.use_code(pending, world.codes.sent[0][1], NOW), NOW)
    require_theirs(world.ledger.accounts["cus_anna"].customer, session)
    with pytest.raises(SignInRequiredError):
        require_theirs(customer(email="new@bakery.example"), session)


def test_a_link_to_a_second_address_works_while_it_is_the_customers(world: World) -> None:
    both = (ContactPoint(PointKind.EMAIL, "first@bakery.example", bounced_at=NOW), *customer().contact_points)
    world.ledger.accounts["cus_anna"] = account(who=customer(contact_points=both))
    world.sign_in.ask_for_code(world.link, "C-1042", NOW)
    assert [address for address, _ in world.codes.sent] == ["anna@bakery.example"]


def test_a_stop_link_is_a_consent_withdrawn_with_time_and_way(world: World) -> None:
    stop_email(world.store, world.ledger, world.addresses, world.links.issue_link("cus_anna", "stop", NOW), NOW)
    assert world.ledger.accounts["cus_anna"].customer.consents == (
        ConsentRecord(Channel.EMAIL, ConsentAct.WITHDRAWN, "stop_link", NOW, "anna@bakery.example"),
    )


# --- codes by text message ---


@pytest.mark.parametrize(
    ("described", "goes_to"),
    [
        ({"phone": "+12125550123", "texts": True}, ["+12125550123"]),
        ({"phone": "+12125550123"}, []),
        ({"phone": "+12125550123", "texts": True, "refuses": [Channel.SMS]}, []),
        ({"phone": "+12125550123", "texts": True, "bounced": []}, ["+12125550123"]),
        ({}, []),
    ],
)
def test_a_code_goes_by_text_only_to_a_number_that_the_customer_wants_texts_on(
    described: dict[str, Any], goes_to: list[str]
) -> None:
    world = World(customer(**described))
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW, Channel.SMS)
    assert [address for address, _ in world.texts.sent] == goes_to
    assert world.codes.sent == []
    assert pending


def test_a_code_by_text_proves_the_number_and_a_proved_number_needs_no_consent() -> None:
    world = World(customer(phone="+12125550123", texts=True))
    pending = world.sign_in.ask_for_code(world.link, "C-1042", NOW, Channel.SMS)
    world.sign_in.use_code(pending, world.texts.sent[0][1], NOW)
    (number,) = world.ledger.accounts["cus_anna"].customer.points(PointKind.PHONE)
    assert number.verified_at == NOW
    proved = customer(phone="+12125550123").with_proof("+12125550123", NOW, PointKind.PHONE)
    assert code_address(proved, Channel.SMS) == "+12125550123"
    assert code_address(proved, Channel.LETTER) == ""


def test_asking_by_text_counts_the_same_tries(world: World) -> None:
    for way in (Channel.EMAIL, Channel.SMS, Channel.EMAIL, Channel.SMS, Channel.SMS):
        world.sign_in.ask_for_code(world.link, "wrong", NOW, way)
    with pytest.raises(TooManyTriesError):
        world.sign_in.ask_for_code(world.link, "C-1042", NOW, Channel.SMS)
