"""The portal over DynamoDB as anybody brings it up, with a meter on what it asks."""

from dataclasses import replace
from typing import Any

from dunwell.accounts.links import Links
from dunwell.accounts.sign_in import SignIn
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell_aws.access import DynamoAccessStore
from dunwell_aws.collection import DynamoCollection
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.message_index import DynamoMessageIndex
from dunwell_aws.once import Once
from dunwell_aws.orders import DynamoOrderStore
from dunwell_aws.rates import WriteRates
from dunwell_aws.table import Table
from dunwell_aws.tasks import DynamoNotices, DynamoTasks
from functions.portal import app as portal_app
from tests.bench.meter import Meter
from tests.support.portal_app import PortalWorld
from tests.support.template import create_table_call


class StoredPortal(PortalWorld):
    """Like ``PortalWorld``; sessions, accounts, orders and messages are in tables that it makes.

    Args:
        dynamodb: a client.
    """

    def __init__(self, dynamodb: Any, *accounts: Account) -> None:
        super().__init__()
        for resource, name in (("LedgerTable", "ledger"), ("AccessTable", "access")):
            dynamodb.create_table(**create_table_call(resource, name))
        self.meter = Meter(dynamodb)
        table, access = Table(dynamodb, "ledger"), Table(dynamodb, "access")
        ledger, store = DynamoLedger(table), DynamoAccessStore(access)
        for one in accounts or self.ledger.accounts.values():
            new = replace(one, version=0, invoices={}, entries={})
            ledger.commit(Change(new, one.customer, one.invoices, one.entries))
        self.links = Links(store)
        senders = self.portal.sign_in._senders
        self.portal = replace(
            self.portal,
            store=store,
            ledger=ledger,
            orders=DynamoOrderStore(table),
            sign_in=SignIn(store, ledger, senders),
            notices=DynamoNotices(table),
            contacts=DynamoCollection(table),
            tasks=DynamoTasks(table),
            addresses=DynamoMessageIndex(table),
            assessments=lambda: DynamoCollection(table),
            rates=WriteRates(dynamodb, "access"),
            once=Once(dynamodb, "access"),
        )
        portal_app.use(self.portal)
