"""Two records of one customer become one, or one record turns out to be of two customers. Caution survives both ways.

Who asked either record to be left alone has asked us. Invoices and payments are moved by the ledger.
"""

from dataclasses import replace
from datetime import datetime

from dunwell.accounts.consent import bound_consents, merged_consents
from dunwell.accounts.contact_points import KIND_OF, Channel, Points, joined_points
from dunwell.accounts.describing import joined_ids
from dunwell.accounts.holds import merged_holds
from dunwell.accounts.model import Customer, CustomerKind, Relation, RelationKind, customer_id_of
from dunwell.accounts.refused_times import merged_times
from dunwell.errors import InvalidInputError, RefusedError
from dunwell.events import CUSTOMERS_MERGED, Event
from dunwell.ids import stable_id


def merge_customers(kept: Customer, absorbed: Customer, at: datetime, who: str) -> tuple[Customer, Customer]:
    """Both customers after one became part of the other; as they are when it had before.

    The kept one carries the holds, refusals, bounces, contact points and external ids of both. A consent of the
    absorbed one remains a consent for its own address. The description stays; a person it is if either is one.

    Args:
        at: the instant, with a time zone; who: the agent or process that decided it.

    Raises:
        InvalidInputError: the two are one, or of two creditors, or internal.
        RefusedError: one of them is part of a third already; merge with that one instead.
    """
    if absorbed.merged_into == kept.customer_id:
        return kept, absorbed
    _check(kept, absorbed)
    theirs = bound_consents(absorbed.consents, _listed_addresses(absorbed), absorbed.customer_id)
    person = CustomerKind.PERSON in (kept.kind, absorbed.kind)
    merged = replace(
        kept,
        kind=CustomerKind.PERSON if person else kept.kind,
        contact_points=joined_points(kept.contact_points, _points_of(absorbed)),
        consents=merged_consents(kept.consents, theirs, at),
        holds=merged_holds(kept.holds, absorbed.holds),
        refused_times=merged_times(kept.refused_times, absorbed.refused_times),
        external_ids=joined_ids(kept.external_ids, absorbed.external_ids, ((absorbed.source, absorbed.number),)),
        parent_id="" if kept.parent_id == absorbed.customer_id else kept.parent_id,
        relations=(*kept.relations, Relation(RelationKind.ABSORBED, absorbed.customer_id, at, who)),
    )
    gone = Relation(RelationKind.MERGED_INTO, kept.customer_id, at, who)
    return merged, replace(absorbed, relations=(*absorbed.relations, gone))


def _check(kept: Customer, absorbed: Customer) -> None:
    if kept.customer_id == absorbed.customer_id:
        raise InvalidInputError("choose two different customers to merge")
    if kept.creditor_id != absorbed.creditor_id:
        raise InvalidInputError("customers of two creditors cannot be merged")
    if kept.is_internal or absorbed.is_internal:
        raise InvalidInputError("an internal account cannot be merged: allocate its money instead")
    for one in (kept, absorbed):
        if one.merged_into:
            raise RefusedError(f"{one.customer_id} is part of {one.merged_into} already: merge with that one instead")


def _points_of(absorbed: Customer) -> Points:
    """The contact points under the absorbed customer's name, so that the kept one's source does not retire them."""
    told_by = f"merged:{absorbed.customer_id}"
    return tuple(replace(point, source=point.source or told_by) for point in absorbed.contact_points)


def _listed_addresses(customer: Customer) -> dict[Channel, str]:
    """The first address of each channel that the customer's own source lists: what its unbound consents are for."""
    return {
        channel: next((point.address for point in customer.points(kind) if not point.source), "")
        for channel, kind in KIND_OF.items()
    }


def split_customer(customer: Customer, new_number: str, at: datetime, who: str) -> tuple[Customer, Customer]:
    """The customer, and a second one under a number of its own with the same contact points, holds and refusals.

    External ids, the credit limit and the source's version stay with the first: which belong to the second, the next
    description or an agent says. A hold on a debt is kept with both, wherever the debt goes.

    Raises:
        InvalidInputError: the number is empty or the customer's own, or the customer is internal.
        RefusedError: the customer is part of another one: split that one.
    """
    if not new_number or new_number == customer.number:
        raise InvalidInputError("the second customer needs a number of its own", field="number")
    if customer.is_internal:
        raise InvalidInputError("an internal account cannot be split")
    if customer.merged_into:
        raise RefusedError(f"this customer is part of {customer.merged_into}: split that one instead")
    new_id = customer_id_of(customer.creditor_id, customer.source, new_number)
    copy = replace(
        customer,
        customer_id=new_id,
        number=new_number,
        credit_limit_minor=None,
        credit_currency="",
        external_ids=(),
        source_version="",
        relations=(Relation(RelationKind.SPLIT_FROM, customer.customer_id, at, who),),
    )
    if any(one.kind is RelationKind.SPLIT_INTO and one.customer_id == new_id for one in customer.relations):
        return customer, copy
    split = Relation(RelationKind.SPLIT_INTO, new_id, at, who)
    return replace(customer, relations=(*customer.relations, split)), copy


def customers_merged(kept: Customer, absorbed: Customer, at: datetime) -> Event:
    """The event of a merge; it happened to the customer that was kept."""
    return Event(
        event_id=stable_id("evt", CUSTOMERS_MERGED, kept.customer_id, absorbed.customer_id),
        name=CUSTOMERS_MERGED,
        customer_id=kept.customer_id,
        occurred_at=at,
        data={"absorbed_customer_id": absorbed.customer_id},
    )
