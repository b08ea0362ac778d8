"""Customers of every kind for properties: points that bounced, consents given and refused, holds placed and lifted."""

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from dunwell.accounts.consent import FROM_SOURCE, ConsentAct, ConsentPurpose, ConsentRecord, added_consent
from dunwell.accounts.contact_points import Channel, ContactPoint, PointKind, Points, joined_points
from dunwell.accounts.holds import Hold, merged_holds
from dunwell.accounts.model import Customer, CustomerKind, customer_id_of
from dunwell.hold_kinds import HoldKind

START = datetime(2026, 11, 2, tzinfo=UTC)
DEBT = "inv_a1"

property_of_customers = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
"""A customer is much to make up, on a busy machine above all."""

moments = st.integers(0, 40 * 24).map(lambda hours: START + timedelta(hours=hours))
_addresses = {
    PointKind.EMAIL: ["a@b.example", "B@b.example", "c@b.example"],
    PointKind.PHONE: ["+12125550101", "+13055550102", "+442079460103"],
    PointKind.POSTAL: ["1 Road\n10001 Town"],
    PointKind.PORTAL: ["anna"],
}


@st.composite
def contact_point(draw: st.DrawFn) -> ContactPoint:
    kind = draw(st.sampled_from(PointKind))
    bounced_at = draw(st.none() | moments)
    return ContactPoint(
        kind=kind,
        address=draw(st.sampled_from(_addresses[kind])),
        source=draw(st.sampled_from(["", "", "portal"])),
        verified_at=draw(st.none() | moments),
        bounced_at=bounced_at,
        bounce_reason="bounced" if bounced_at else "",
    )


points: st.SearchStrategy[Points] = st.lists(contact_point(), max_size=4).map(lambda made: joined_points((), made))
own_acts = st.builds(
    ConsentRecord,
    channel=st.sampled_from(Channel),
    act=st.sampled_from([ConsentAct.GIVEN, ConsentAct.WITHDRAWN]),
    how=st.sampled_from(["sms_reply", "stop_link"]),
    at=moments,
    address=st.sampled_from(["", "+12125550101"]),
    purpose=st.sampled_from(ConsentPurpose),
)
source_words = st.builds(
    ConsentRecord,
    channel=st.sampled_from(Channel),
    act=st.sampled_from([ConsentAct.GIVEN, ConsentAct.GIVEN, ConsentAct.WITHDRAWN]),
    how=st.just(FROM_SOURCE),
)
stated = st.lists(source_words, max_size=2, unique_by=lambda one: one.channel).map(tuple)


@st.composite
def holds(draw: st.DrawFn) -> Hold:
    placed_at = draw(moments)
    lifted_at = draw(st.none() | moments)
    return Hold(
        kind=draw(st.sampled_from(HoldKind)).value,
        invoice_id=draw(st.sampled_from([None, DEBT, "inv_b1"])),
        placed_at=placed_at,
        until=draw(st.none() | moments.map(lambda at: max(at, placed_at + timedelta(hours=1)))),
        placed_by=draw(st.sampled_from(["", "agent"])),
        lifted_at=lifted_at,
        lifted_by="agent" if lifted_at else "",
    )


@st.composite
def customers(draw: st.DrawFn, number: str = "C-1") -> Customer:
    """A customer that contact taught us about."""
    consents: tuple[ConsentRecord, ...] = draw(stated)
    for record in draw(st.lists(own_acts, max_size=5)):
        consents = added_consent(consents, record)
    country, region = draw(st.sampled_from([("US", "NY"), ("US", "MA"), ("US", ""), ("GB", ""), ("", "")]))
    return Customer(
        customer_id=customer_id_of("example", "erp", number),
        creditor_id="example",
        source="erp",
        number=number,
        kind=draw(st.sampled_from([CustomerKind.PERSON, CustomerKind.BUSINESS])),
        name="Anna",
        contact_points=draw(points),
        consents=consents,
        preferred_channel=draw(st.none() | st.sampled_from(Channel)),
        country=country,
        region=region,
        timezone=draw(st.sampled_from(["", "America/New_York"])),
        timezone_evidence=draw(st.sampled_from(["", "said so on the telephone"])),
        holds=merged_holds((), tuple(draw(st.lists(holds(), max_size=3)))),
        external_ids=draw(st.sampled_from([(), (("crm", "7"),), (("crm", "7"), ("stripe", "cus_7"))])),
        source_version=draw(st.sampled_from(["", "1", "2", "10"])),
    )


@st.composite
def descriptions(draw: st.DrawFn, version: str | None = None) -> Customer:
    """The same customer as a source alone describes them."""
    made = draw(customers())
    plain = tuple(ContactPoint(point.kind, point.address) for point in made.contact_points)
    return Customer(
        customer_id=made.customer_id,
        creditor_id=made.creditor_id,
        source=made.source,
        number=made.number,
        kind=made.kind,
        name=draw(st.sampled_from(["Anna", "Anna & Co"])),
        contact_points=plain,
        consents=draw(stated),
        country=made.country,
        region=made.region,
        timezone=made.timezone,
        holds=tuple(draw(st.lists(holds(), max_size=2, unique_by=lambda one: one.hold_id))),
        external_ids=made.external_ids,
        removed=draw(st.booleans()),
        source_version=made.source_version if version is None else version,
    )
