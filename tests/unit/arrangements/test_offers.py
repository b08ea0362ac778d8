"""Discounts and settlements: worth more than waiting, within authority, once, never telling what else was possible."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.holds import Hold
from dunwell.accounts.model import Customer, CustomerKind
from dunwell.arrangements.desk import ArrangementDesk
from dunwell.arrangements.explain import in_english
from dunwell.arrangements.offers import OfferDraft, Takers, offers
from dunwell.arrangements.policy import ArrangementPolicy, Authority, OfferRule
from dunwell.arrangements.worth import UNKNOWN, Outlook
from dunwell.ledger.agreements import AgreementKind, AgreementStatus, Authorisation
from dunwell.ledger.model import Account, Invoice
from tests.support.agreements import agreement
from tests.support.ledger import account_of
from tests.support.memory import InMemoryLedger

AS_OF = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
WHO = Customer("cus_a", "example", "test", "1", CustomerKind.PERSON, "A", country="US")
HOPELESS = Outlook(800, (40, 60, 70), "gone_quiet", "model-7")
LIKELY = Outlook(800, (600, 800, 900), "forgetful", "model-7")
CAPS = {Authority.CUSTOMER: 211, Authority.AGENT: 323, Authority.SUPERVISOR: 617}
RULE = OfferRule("long_overdue", CAPS, 90, 400, {"USD": 100_00}, min_risk_permille=500)
POLICY = ArrangementPolicy(settlements=(RULE,))


def owing(amount_minor: int = 1000_00, days_past_due: int = 120) -> Account:
    due_on = AS_OF - timedelta(days=days_past_due)
    return account_of(WHO, Invoice("inv_a", "A", "USD", amount_minor, due_on - timedelta(days=30), due_on))


def found(
    account: Account,
    outlook: Outlook = HOPELESS,
    authority: Authority = Authority.CUSTOMER,
    policy: ArrangementPolicy = POLICY,
    **changes: Any,
) -> tuple[OfferDraft, ...]:
    return offers(account, "USD", policy, outlook, authority, AS_OF, **changes)


curves = st.builds(lambda curve: tuple(sorted(curve)), st.tuples(*[st.integers(0, 1000)] * 3))


@given(
    st.integers(100_00, 100_000_00),
    curves,
    st.integers(0, 1000),
    st.sampled_from(list(Authority)),
    st.integers(1, 6),
    st.integers(0, 900_00),
)
def test_no_more_is_given_up_than_the_authority_may_and_the_floor_is_left(
    debt_minor: int, curve: Any, risk: int, authority: Authority, parts: int, floor_minor: int
) -> None:
    rule = replace(RULE, instalments=parts, min_paid_minor={"USD": floor_minor}, min_risk_permille=0)
    policy = ArrangementPolicy(settlements=(rule,))
    for one in found(owing(debt_minor), Outlook(risk, curve), authority, policy):
        assert 0 < one.forgiven_minor <= debt_minor * CAPS[authority] // 1000
        assert one.amount_minor >= floor_minor
        assert sum(part.amount_minor for part in one.instalments) == one.amount_minor == debt_minor - one.forgiven_minor
        assert len(one.instalments) == parts
        assert one.expires_on <= AS_OF + timedelta(days=rule.expires_days)


def test_nothing_is_given_up_where_waiting_is_worth_more() -> None:
    assert found(owing(), LIKELY) == ()
    assert len(found(owing(), HOPELESS)) == 1


def test_less_is_given_up_the_more_is_expected_anyway() -> None:
    given_up = [
        sum(one.forgiven_minor for one in found(owing(), Outlook(800, (share, share, share)), Authority.SUPERVISOR))
        for share in (20, 150, 300, 500, 700, 900)
    ]
    assert given_up == sorted(given_up, reverse=True)
    assert given_up[0] > given_up[1] > given_up[-1] == 0


@given(st.integers(100_00, 10_000_00), curves)
def test_nothing_in_an_offer_says_what_else_might_have_been_given_up(debt_minor: int, curve: Any) -> None:
    for one in found(owing(debt_minor), Outlook(800, curve), Authority.SUPERVISOR):
        told = str(asdict(one)) + in_english(one.sayings) + str(one.sayings) + str(one.terms)
        assert set(asdict(one)) == {
            "kind",
            "rule",
            "currency",
            "debts",
            "instalments",
            "forgiven_minor",
            "expires_on",
            "model_version",
        }
        for permille in CAPS.values():
            most = debt_minor * permille // 1000
            if most != one.forgiven_minor:
                numbers = set(_numbers(told))
                assert not numbers & {most, debt_minor - most}


def _numbers(text: str) -> list[int]:
    return [int(word) for word in "".join(c if c.isdigit() else " " for c in text.replace(",", "")).split()]


def test_an_offer_says_in_plain_words_what_is_paid_and_until_when() -> None:
    (one,) = found(owing())
    assert in_english(one.sayings) == (
        "Pay $789.00 instead of $1,000.00: $211.00 is taken off; the offer stands until 7 December 2026"
    )
    in_parts = ArrangementPolicy(settlements=(replace(RULE, instalments=3),))
    assert "in three payments" in in_english(found(owing(), policy=in_parts)[0].sayings)


@pytest.mark.parametrize(
    "account",
    [owing(days_past_due=89), owing(days_past_due=401), owing(99_99), account_of(WHO)],
)
def test_no_rule_no_offer(account: Account) -> None:
    assert found(account) == ()


def test_risk_segment_and_currency_of_the_rule_count() -> None:
    assert found(owing(), HOPELESS._replace(risk_permille=499)) == ()
    quiet = ArrangementPolicy(settlements=(replace(RULE, segments=frozenset({"gone_quiet"})),))
    assert found(owing(), policy=quiet)
    assert found(owing(), HOPELESS._replace(segment="reliable"), policy=quiet) == ()
    pounds = ArrangementPolicy(settlements=(replace(RULE, min_debt_minor={"GBP": 1}),))
    assert found(owing(), policy=pounds) == ()


def test_nothing_is_given_up_for_who_was_never_assessed() -> None:
    anybody = ArrangementPolicy(settlements=(replace(RULE, min_risk_permille=0),))
    assert found(owing(), HOPELESS, policy=anybody)
    assert found(owing(), UNKNOWN, policy=anybody) == ()


@pytest.mark.parametrize("status", [AgreementStatus.PROPOSED, AgreementStatus.LAPSED, AgreementStatus.CANCELLED])
def test_an_offer_is_made_once_for_a_debt_unless_a_supervisor_makes_it(status: AgreementStatus) -> None:
    earlier = agreement("inv_a", kind=AgreementKind.SETTLEMENT, status=status)
    account = replace(owing(), agreements={"agr_1": earlier})
    assert found(account) == found(account, authority=Authority.AGENT) == ()
    assert found(account, authority=Authority.SUPERVISOR)


def test_nobody_offers_again_what_was_accepted_before() -> None:
    evidence = Authorisation("words", NOW, "portal", "customer")
    taken = agreement("inv_a", kind=AgreementKind.SETTLEMENT, status=AgreementStatus.BROKEN, authorisation=evidence)
    assert found(replace(owing(), agreements={"agr_1": taken}), authority=Authority.SUPERVISOR) == ()


@pytest.mark.parametrize("kind", ["vulnerable", "attorney", "cease"])
def test_whom_nobody_may_ask_no_offer_is_made_and_a_person_sees_it(kind: str) -> None:
    account = replace(owing(), customer=replace(WHO, holds=(Hold(kind, None, NOW - timedelta(days=1)),)))
    assert found(account) == ()
    assert found(account, authority=Authority.AGENT)


def test_who_is_protected_gets_no_offer_from_anybody() -> None:
    bankrupt = replace(WHO, holds=(Hold("bankruptcy", None, NOW - timedelta(days=1)),))
    assert found(replace(owing(), customer=bankrupt), authority=Authority.SUPERVISOR) == ()


def test_a_discount_is_for_what_is_not_due_yet_too_and_is_rarely_worth_it() -> None:
    rule = OfferRule("pay_now", {Authority.CUSTOMER: 30}, -40, 0, {"USD": 1_00}, expires_days=7)
    policy = ArrangementPolicy(discounts=(rule,), cost_of_money_percent=Decimal(8))
    account = owing(days_past_due=-30)
    assert found(account, Outlook(100), policy=policy) == ()
    assert found(account, Outlook(900), policy=policy) == ()
    (one,) = found(account, Outlook(900), policy=policy, takers=Takers(payers=6.0, others=30.0))
    assert one.kind is AgreementKind.DISCOUNT
    assert len(one.instalments) == 1


def test_an_offer_is_proposed_and_accepted_as_it_was_drafted() -> None:
    policy = ArrangementPolicy(settlements=(replace(RULE, instalments=3),))
    account = owing()
    (one,) = found(account, policy=policy)
    ledger = InMemoryLedger(account)
    desk = ArrangementDesk(ledger, policy, "America/New_York", "v1")
    made = desk.propose_offer("cus_a", one.terms, who="system", authority=Authority.CUSTOMER, at=NOW)
    assert (made.kind, made.approval) == (AgreementKind.SETTLEMENT, "")
    assert made.instalments == one.instalments
    assert (made.forgiven_minor, made.debts, made.expires_on) == (one.forgiven_minor, one.debts, one.expires_on)
    desk.accept_offer("cus_a", made.agreement_id, Authorisation("I agree", NOW, "portal", "customer"))
    assert ledger.accounts["cus_a"].open_minor("inv_a") == one.amount_minor


def test_the_desk_lets_nobody_give_up_more_than_leaves_the_floor() -> None:
    policy = ArrangementPolicy(settlements=(replace(RULE, min_paid_minor={"USD": 950_00}),))
    desk = ArrangementDesk(InMemoryLedger(owing()), policy, "America/New_York", "v1")
    (one,) = found(owing())
    with pytest.raises(Exception, match="give up so much"):
        desk.propose_offer("cus_a", one.terms, who="agent:jo", authority=Authority.SUPERVISOR, at=NOW)
