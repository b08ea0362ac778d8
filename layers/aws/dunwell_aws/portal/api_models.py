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
    amount_minor: Asked | None = Field(
        default=None, description="A part of it, for the oldest first; leave out for all."
    )


class CheckoutOut(ApiModel):
    """A payment that was started: send the customer to `url`."""

    order_id: Id
    status: Literal["open", "processing", "paid", "closed"]
    currency: Currency
    amount_minor: Minor
    url: str = Field(description="The payment provider's page; empty once it is of no use.")
    started_at: datetime


class InstalmentOut(ApiModel):
    """A part of an agreement and how far it is paid."""

    number: int
    due_on: date
    amount_minor: Minor
    left_minor: Minor


class WayOut(ApiModel):
    """A way to pay an agreement, with the exact words that are agreed to by choosing it."""

    method_id: str = Field(description="The saved payment method that is debited; empty: by hand.")
    words: str


class AgreementOut(ApiModel):
    """A plan, a promise, a settlement or a discount."""

    agreement_id: Id
    kind: Literal["plan", "promise", "settlement", "discount"]
    status: Literal["proposed", "authorised", "active", "completed", "broken", "cancelled", "lapsed"]
    currency: Currency
    amount_minor: Minor = Field(description="What is paid altogether.")
    charges_minor: Minor
    forgiven_minor: Minor
    apr_permille: int = Field(description="Annual percentage rate of the charges in thousandths.")
    invoice_numbers: list[str]
    instalments: list[InstalmentOut]
    paid_minor: Minor
    made_on: date
    expires_on: date | None
    waits_for_approval: bool
    ways: list[WayOut] = Field(description="How a proposal may be agreed to; empty when it may not be, or stands.")


class AgreementsOut(ApiModel):
    """A part of the agreements, newest first."""

    items: list[AgreementOut]
    next_cursor: str = Field(description="Give it as `cursor` for the next part; empty after the last.")


class AgreementsQuery(PageQuery):
    """Which part of the agreements."""


class Needs(ApiModel):
    """What the customer can afford."""

    currency: Currency
    most_minor: Asked = Field(description="The most that can be paid each time.")
    frequency: Literal["weekly", "two_weeks", "monthly"]
    payday: date | None = Field(default=None, description="Any day on which money comes in.")


class PlanTermsIn(ApiModel):
    """How a plan is to be."""

    currency: Currency
    instalments: Annotated[int, Field(ge=1, le=60)]
    frequency: Literal["weekly", "two_weeks", "monthly"]
    first_on: date
    first_minor: Asked | None = None
    anchor_on: date | None = Field(default=None, description="A payday from which the later days are counted.")
    ask_for_approval: bool = Field(default=False, description="Ask a person, when it is beyond the limits.")


class RecommendedPlan(ApiModel):
    """A plan that fits, to be proposed as it is."""

    terms: PlanTermsIn
    instalments: list[InstalmentOut]
    total_minor: Minor
    charges_minor: Minor
    reasons: list[str] = Field(description="Why, in the customer's language.")


class Recommendations(ApiModel):
    """Up to three plans, best first; without any the reason why."""

    plans: list[RecommendedPlan]
    why_none: str


class Authorise(ApiModel):
    """Consent: the words exactly as `ways` gave them, and the method that goes with them."""

    words: Annotated[str, Field(min_length=1, max_length=5_000)]
    method_id: Annotated[str, Field(max_length=128)] = ""


class PromiseIn(ApiModel):
    """An amount by a day."""

    currency: Currency
    amount_minor: Asked
    by: date


class DisputeIn(ApiModel):
    """What is wrong with an invoice."""

    reason: Literal[
        "not_mine",
        "wrong_amount",
        "not_received",
        "defective",
        "returned",
        "already_paid",
        "original_creditor",
        "other",
    ]
    amount_minor: Asked | None = Field(default=None, description="The part that is contested; leave out for all of it.")
    text: Annotated[str, Field(max_length=2_000)] = ""


class PreferencesOut(ApiModel):
    """How the customer wants to hear from the creditor."""

    language: str
    channel: str = Field(description="Written to first; empty for no wish.")
    hours: str = Field(description="The part of the day; empty for no wish.")
    refused: list[str] = Field(description="Channels that the customer refuses.")


class PreferencesIn(ApiModel):
    """What to change; what is left out stays."""

    language: Literal["en", "es", "fr", "de"] | None = None
    channel: Literal["", "email", "sms", "whatsapp", "letter", "call", "portal"] | None = Field(
        default=None, description="Empty for no wish."
    )
    hours: Literal["", "morning", "afternoon", "evening"] | None = Field(default=None, description="Empty for no wish.")


class MethodOut(ApiModel):
    """A saved payment method."""

    method_id: Id
    kind: Literal["card", "bank_debit"]
    label: str
    usable: bool
    autopay: bool


class MethodsOut(ApiModel):
    """The saved payment methods."""

    items: list[MethodOut]
