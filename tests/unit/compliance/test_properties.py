"""What must hold for every contact, whatever the customer, the place and the past."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dunwell.compliance import (
    HOUSE_DEFAULT,
    LEGAL_MINIMUM,
    Account,
    Channel,
    Consents,
    ContactRequest,
    CustomerFacts,
    HistoryEntry,
    HistoryKind,
    Hold,
    InconvenientTime,
    Location,
    Party,
    Policy,
    Purpose,
    Relaxation,
    decide,
)
from dunwell.compliance.catalogue import RULES
from dunwell.hold_kinds import HoldKind

START = datetime(2026, 2, 20, tzinfo=UTC)
MINUTES = 300 * 24 * 60  # through both clock changes
DEBTS = st.sampled_from(["D1", "D2", None])

HARMLESS = {HoldKind.SCRA_ACTIVE_DUTY, HoldKind.TIME_BARRED}
ON_ONE_CHANNEL = {HoldKind.EMAIL_SUPPRESSED, HoldKind.NUMBER_REASSIGNED, HoldKind.REPLY_UNREAD}


def moments_near(now: datetime) -> st.SearchStrategy[datetime]:
    return st.integers(min_value=0, max_value=14 * 24 * 60).map(lambda minutes: now - timedelta(minutes=minutes))


places = st.sampled_from(
    [
        Location(state="OH", timezone="America/New_York"),
        Location(state="CA", area_code="212"),
        Location(state="AZ", area_code="928"),
        Location(state="MA"),
        Location(state="DC"),
        Location(state="FL", area_code="850"),
        Location(state="NY", locality="NYC"),
        Location(),
        Location(country="CA", state="ON", timezone="America/Toronto"),
        Location(country="CA", state="QC"),
        Location(country="CA", state="BC"),
        Location(country="GB"),
        Location(country="DE"),
    ]
)
excluded_times = st.builds(
    InconvenientTime,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    start=st.integers(0, 719),
    end=st.integers(720, 1440),
)
consents = st.builds(Consents, sms=st.booleans(), ai_voice=st.booleans(), electronic=st.booleans())


RELAXABLE = sorted(rule.id for rule in RULES if rule.may_be_relaxed)


@st.composite
def policies(draw: st.DrawFn, now: datetime) -> Policy:
    """A profile, and what counsel relaxed lately or relaxes soon."""
    policy = draw(st.sampled_from([HOUSE_DEFAULT, LEGAL_MINIMUM]))
    hours = st.integers(min_value=-24, max_value=48)
    chosen = draw(st.lists(st.tuples(st.sampled_from(RELAXABLE), hours), max_size=2))
    at = [Relaxation(rule_id, "counsel", now + timedelta(hours=later), "opinion") for rule_id, later in chosen]
    return replace(policy, relaxations=tuple(at))


@st.composite
def requests(draw: st.DrawFn) -> ContactRequest:
    now = START + timedelta(minutes=draw(st.integers(0, MINUTES)), seconds=draw(st.sampled_from([0, 0, 59])))
    entries = st.builds(
        HistoryEntry, st.sampled_from(Channel), st.sampled_from(HistoryKind), at=moments_near(now), debt_id=DEBTS
    )
    dated_holds = st.builds(
        Hold,
        st.sampled_from(sorted(set(HoldKind) - HARMLESS)),
        at=moments_near(now),
        until=moments_near(now + timedelta(days=20)),
        debt_id=DEBTS,
    )
    customer = CustomerFacts(
        consumer=draw(st.booleans()),
        location=draw(places),
        consents=draw(consents),
        opted_out=draw(st.frozensets(st.sampled_from(Channel), max_size=1)),
        holds=tuple(draw(st.lists(dated_holds, max_size=1))),
        history=tuple(draw(st.lists(entries, max_size=12))),
        inconvenient=tuple(draw(st.lists(excluded_times, max_size=1))),
    )
    return ContactRequest(
        channel=draw(st.sampled_from(Channel)),
        now=now,
        party=draw(st.sampled_from(Party)),
        debt_ids=("D1",),
        customer=customer,
        purpose=draw(st.sampled_from([Purpose.COLLECTION, Purpose.COLLECTION, *Purpose])),
        policy=draw(policies(now)),
        account=draw(st.sampled_from([Account(), Account(notice_sent_at=now - timedelta(days=3))])),
    )


often = settings(max_examples=300, suppress_health_check=[HealthCheck.filter_too_much])


@often
@given(requests())
def test_a_decision_depends_on_nothing_but_the_request(request: ContactRequest) -> None:
    assert decide(request) == decide(replace(request))


@often
@given(requests())
def test_a_next_opening_is_a_whole_minute_later_than_now_and_itself_allowed(request: ContactRequest) -> None:
    decision = decide(request)
    assert decision.allowed is (decision.reason_code == "OK")
    opens = decision.next_allowed
    assume(opens is not None)
    assert opens is not None
    assert not decision.allowed
    assert opens > request.now
    assert opens.second == opens.microsecond == 0
    assert decide(replace(request, now=opens)).allowed


@often
@given(requests(), st.lists(st.floats(0, 1, exclude_max=True), min_size=8, max_size=8))
def test_no_whole_minute_before_the_next_opening_is_allowed(request: ContactRequest, shares: list[float]) -> None:
    opens = decide(request).next_allowed
    assume(opens is not None)
    assert opens is not None
    between = [request.now + (opens - request.now) * share for share in shares]
    whole = {moment.replace(second=0, microsecond=0) for moment in [*between, opens - timedelta(seconds=1)]}
    assert not [at for at in whole if request.now <= at < opens and decide(replace(request, now=at)).allowed]


@often
@given(requests(), st.sampled_from(sorted(set(HoldKind) - HARMLESS - ON_ONE_CHANNEL)))
def test_nothing_is_collected_inside_a_hold(request: ContactRequest, kind: HoldKind) -> None:
    held = replace(request.customer, holds=(Hold(kind, request.now),))
    collecting = replace(request, customer=held, purpose=Purpose.COLLECTION, policy=HOUSE_DEFAULT)
    assert not decide(collecting).allowed


@often
@given(requests(), st.sampled_from(HoldKind), st.sampled_from(Channel), st.booleans())
def test_adding_a_hold_or_an_opt_out_never_permits_anything(
    request: ContactRequest, kind: HoldKind, channel: Channel, by_debt: bool
) -> None:
    hold = Hold(kind, request.now - timedelta(days=1), debt_id="D1" if by_debt else None)
    customer = request.customer
    stricter = replace(customer, holds=(*customer.holds, hold), opted_out=customer.opted_out | {channel})
    if not decide(request).allowed:
        assert not decide(replace(request, customer=stricter)).allowed
