"""Customers as plain data: nothing is lost, and what is usual takes no room."""

import json

from hypothesis import given

from dunwell.accounts.contact_points import contact_points
from dunwell.accounts.merging import merge_customers
from dunwell.accounts.model import Customer
from dunwell_aws.dynamo_json import item, plain
from dunwell_aws.table import from_plain, to_plain
from tests.support.customers import START, customers, property_of_customers
from tests.support.portal import customer


@property_of_customers
@given(customers(), customers("C-2"))
def test_a_customer_comes_back_from_the_table_as_it_was_written(a: Customer, b: Customer) -> None:
    for one in merge_customers(a, b, START, "agent"):
        assert from_plain(Customer, to_plain(one)) == one
        without_defaults = to_plain(one, defaults=False)
        assert from_plain(Customer, plain(item(without_defaults))) == one


def test_a_plain_customer_takes_little_room() -> None:
    one = customer(contact_points=contact_points(email="accounts.payable@annas-bakery.example"))
    compact = json.dumps(to_plain(one, defaults=False))
    assert len(compact) < 350
    assert len(json.dumps(to_plain(one))) < 1_000
