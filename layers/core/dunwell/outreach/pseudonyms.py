"""A customer without what tells who it is: for records that are kept for years and must decide the same again."""

from collections.abc import Callable
from dataclasses import replace

from dunwell.accounts.consent import ConsentAct, ConsentRecord
from dunwell.accounts.contact_points import ContactPoint, PointKind, Points, address_id
from dunwell.accounts.holds import Hold
from dunwell.accounts.model import Customer
from dunwell.accounts.refused_times import RefusedTime
from dunwell.compliance.postcodes import rough_postcode

_AREA_CODE_ENDS = len("+1212")


def without_personal_data(customer: Customer) -> Customer:
    """The customer's facts and ids; names, addresses, numbers and notes are gone.

    Each address becomes a stand-in, the same wherever it stands, so that it still shows which consent covers which
    address. A North American number keeps its area code, and a postcode there its first three digits or first letter:
    they say in which time zones and under which laws the customer may be.
    """
    found: dict[str, str] = {}
    for point in customer.contact_points:
        found.setdefault(point.address, _stand_in(point.kind, point.address, len(found) + 1))

    def stand_in(address: str) -> str:
        return found.setdefault(address, f"other-{len(found) + 1}") if address else ""

    named = {
        address_id(one.kind, one.address): address_id(one.kind, stand_in(one.address)) for one in _shared(customer)
    }

    def consent(record: ConsentRecord) -> ConsentRecord:
        if record.act is ConsentAct.ADDRESS_REFUSED:
            return replace(record, address=named.get(record.address, "elsewhere"))
        return replace(record, address=stand_in(record.address))

    return replace(
        customer,
        name="",
        contact_points=tuple([_point(one, stand_in) for one in customer.contact_points]),
        consents=tuple([consent(one) for one in customer.consents]),
        postcode=rough_postcode(customer.country, customer.postcode),
        timezone_evidence="evidence" if customer.timezone_evidence else "",
        holds=tuple([_hold(one) for one in customer.holds]),
        refused_times=tuple([RefusedTime(*one.when) for one in customer.refused_times]),
        external_ids=(),
        relations=(),
    )


def _stand_in(kind: PointKind, address: str, number: int) -> str:
    if kind is PointKind.EMAIL:
        return f"{number}@address.invalid"
    if kind is PointKind.POSTAL:
        return f"Address {number}\nTown"
    if kind is PointKind.PHONE:
        return f"{address[:_AREA_CODE_ENDS] if address.startswith('+1') else '+999'}{number:07d}"
    return f"user-{number}"


def _point(point: ContactPoint, stand_in: Callable[[str], str]) -> ContactPoint:
    return replace(point, address=stand_in(point.address))


def _shared(customer: Customer) -> Points:
    """The contact points at which somebody else may have refused something; none when nobody did."""
    refused = any(one.act is ConsentAct.ADDRESS_REFUSED for one in customer.consents)
    return customer.contact_points if refused else ()


def _hold(hold: Hold) -> Hold:
    return replace(hold, placed_by="", note="", lifted_by="")
