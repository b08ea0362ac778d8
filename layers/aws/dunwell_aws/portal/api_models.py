"""What the portal's JSON API takes and gives: amounts in minor units, days as ISO 8601, ids that say nothing."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from dunwell_aws.api import ApiModel, PageQuery

Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217.")]
Minor = Annotated[int, Field(description="Whole minor units of the currency, such as cents.")]
Asked = Annotated[int, Field(gt=0, le=10**15, description="Whole minor units of the currency, such as cents.")]
Id = Annotated[str, Field(min_length=1, max_length=128)]
Ids = Annotated[list[Id], Field(max_length=500)]


class AskForCode(ApiModel):
    """A link's token and the answer to its question."""

    link: Annotated[str, Field(min_length=1, max_length=256, description="The last part of the link's address.")]
    answer: Annotated[str, Field(max_length=256, description="Customer number or postcode.")]


class CodeAsked(ApiModel):
    """The same whether or not the link and the answer were right."""

    code_token: str = Field(description="Under which the code, and no other, signs in.")
    expires_in_seconds: int


class UseCode(ApiModel):
    """A code and the token under which it was asked for."""

    code_token: Annotated[str, Field(min_length=1, max_length=256)]
    code: Annotated[str, Field(min_length=1, max_length=32)]


class SignedIn(ApiModel):
    """A session: send its token as `Authorization: Bearer …`."""

    token: str
    idle_seconds: int = Field(description="After so long without a request it ends.")
    life_seconds: int = Field(description="After so long it ends in any case.")


class BalanceOut(ApiModel):
    """What is owed in a currency."""

    currency: Currency
    open_minor: Minor
    past_due_minor: Minor
    payable_minor: Minor = Field(description="Open and not in dispute.")
    credit_minor: Minor = Field(description="Paid and not applied to any invoice.")
    pending_minor: Minor = Field(description="On its way from a bank.")


class AccountOut(ApiModel):
    """Whose account it is, and what is owed."""

    number: str
    name: str
    language: str
    as_of: date
    balances: list[BalanceOut]


class InvoiceOut(ApiModel):
    """An invoice as it stands."""

    invoice_id: Id
    number: str
    currency: Currency
    amount_minor: Minor
    open_minor: Minor
    disputed_minor: Minor
    issued_on: date
    due_on: date
    days_past_due: int = Field(description="0 before the due date and of what is settled.")
    status: Literal["open", "partly_paid", "disputed", "paid", "written_off", "removed"]


class InvoicesOut(ApiModel):
    """A part of the invoices, oldest due first."""

    items: list[InvoiceOut]
    next_cursor: str = Field(description="Give it as `cursor` for the next part; empty after the last.")


class InvoicesQuery(PageQuery):
    """Which invoices."""

    only_open: bool = False


class PaymentsQuery(PageQuery):
    """Which part of the payments."""


class PaymentOut(ApiModel):
    """Money received."""

    payment_id: Id
    currency: Currency
    amount_minor: Minor
    received_on: date
    invoice_numbers: list[str] = Field(description="What it paid for; empty for credit.")


class PaymentsOut(ApiModel):
    """A part of the payments, newest first."""

    items: list[PaymentOut]
    next_cursor: str = Field(description="Give it as `cursor` for the next part; empty after the last.")


class StartCheckout(ApiModel):
    """What to pay; without invoices all that is not in dispute."""

    currency: Currency
    invoice_ids: Ids | None = None


class CheckoutOut(ApiModel):
    """A payment that was started: send the customer to `url`."""

    order_id: Id
    status: Literal["open", "processing", "paid", "closed"]
    currency: Currency
    amount_minor: Minor
    url: str = Field(description="The payment provider's page; empty once it is of no use.")
    started_at: datetime
