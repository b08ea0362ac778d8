"""A reminded customer pays: through the link in the mail as rendered, the portal's pages and the hosted checkout."""

import re
from collections.abc import Iterator, Sequence

from dunwell.accounts.model import Channel
from dunwell.ledger.model import Account
from dunwell.outreach.contact import Contact, ContactStatus
from infra.local.demo.customer import CARD, PortalCustomer
from infra.local.demo.view import View

LAST_STAGE = "final"
_LEAST_MINOR = 1_000


class Payer(PortalCustomer):
    """One customer who pays."""

    def pay_all(self) -> Account:
        """Pay everything that is open; the account once the ledger shows it settled.

        Raises:
            LocalStackError: a page was not what it should be, or the payment was not posted.
        """
        self.sign_in()
        self._progress.note("paying on the hosted checkout")
        self._press('form[action$="/pay"]', 'button[name="what"][value="all"]')
        self._submit(**CARD)
        self._progress.note("waiting for the webhook")
        return self._progress.wait("the payment to be posted", self._settled)

    def _settled(self) -> Account | None:
        account = self.now()
        return None if account.balances else account

    def sees_it_settled(self) -> bool:
        """Whether the customer's own account page says that nothing is owed."""
        self._open(f"{self._view.urls['portal']}/account")
        return self._page().find("form", action=re.compile("/pay$")) is None


def reminded(view: View, contacts: Sequence[Contact]) -> Iterator[Account]:
    """Customers whose reminder was delivered by mail and who can settle everything with one payment; always as ordered.

    First those who were not warned for the last time yet: the others are for the escalation.
    """
    delivered = sorted(
        (c for c in contacts if c.status is ContactStatus.DELIVERED and c.channel is Channel.EMAIL),
        key=lambda contact: (contact.stage == LAST_STAGE, contact.contact_id),
    )
    for contact in delivered:
        account = view.account(contact.customer_id)
        disputed = any(not item.is_collectable for item in account.open_invoices)
        if len(account.balances) == 1 and not disputed and min(account.balances.values()) >= _LEAST_MINOR:
            yield account
