"""A message to look at: any stage or announcement, channel, language and tone, about an account that nobody has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from dunwell.accounts.contact_points import contact_points
from dunwell.accounts.model import Channel, Customer, CustomerKind
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account, Invoice
from dunwell.outreach.announce import plan_announcement
from dunwell.outreach.announced import MANNERS, Announced
from dunwell.outreach.contact import Contact, ContactStatus, contact_id
from dunwell.outreach.dispatch import Message
from dunwell.outreach.policy import Policy, Stage, Tone
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.stage import THANKS
from dunwell_aws.announced_sample import announced_sample
from dunwell_aws.messages import Renderer, Words

PARTICULARS = {
    "en": ("US", "USD", "NY", "Anna's Bakery & Sons", "12 Mill Lane\nBrooklyn NY 11201"),
    "es": ("ES", "EUR", "", "Panadería Muñoz e Hijos, S. L.", "Calle Mayor 12\n28013 Madrid"),
    "fr": ("FR", "EUR", "", "Boulangerie Lefèvre et Fils", "12 rue de la Liberté\n69003 Lyon"),
    "de": ("DE", "EUR", "", "Bäckerei Müller & Söhne", "Hauptstraße 12\n10115 Berlin"),
}
"""Of a sample customer by language: country, currency, region, name and postal address."""
_UK = ("GB", "GBP", "", "Anna's Bakery & Sons", "12 Mill Lane\nLeeds LS1 4AP")


@dataclass(frozen=True, slots=True)
class Sample:
    """What is to be looked at.

    Attributes:
        stage: of the policy, or the name of what takes a stage's place: thanks, or a kind of announcement.
        amounts_minor: of the invoices, the first is the oldest.
        kind: a consumer's message carries other notices than a business's.
    """

    policy: Policy
    stage: Stage | str
    channel: Channel
    language: str = "en"
    tone: Tone | None = None
    amounts_minor: tuple[int, ...] = (123_450, 48_999)
    kind: CustomerKind = CustomerKind.BUSINESS
    name: str | None = None


def sample_message(sample: Sample, today: date) -> Message:
    """A message about invoices that reached the stage by a day."""
    customer, currency = sample_customer(sample)
    days = sample.stage.when.days_past_due if isinstance(sample.stage, Stage) else 5
    invoices = [
        _invoice(f"INV-{2041 + number}", amount_minor, currency, today - timedelta(days=days - 2 * number))
        for number, amount_minor in enumerate(sample.amounts_minor)
    ]
    if name_of(sample.stage) in MANNERS:
        return _announced(sample, customer, invoices, today)
    account = _account(customer, invoices, paid=sample.stage == THANKS, today=today)
    return message_about(account, sample, currency, today)


def message_about(account: Account, sample: Sample, currency: str, today: date) -> Message:
    """The message of a sample to a given account: about all that may be asked for in a currency."""
    customer_id, name = account.customer.customer_id, name_of(sample.stage)
    stage = sample.stage if isinstance(sample.stage, Stage) else None
    items = tuple(one for one in account.open_invoices if one.invoice.currency == currency and one.is_collectable)
    planned = Contact(
        contact_id=contact_id(customer_id, currency, name, today),
        customer_id=customer_id,
        currency=currency,
        channel=sample.channel,
        stage=name,
        invoice_ids=tuple(one.invoice.invoice_id for one in items),
        planned_on=today,
        status=ContactStatus.PLANNED,
        policy_version=sample.policy.version,
        risk_permille=None,
        model_version="",
        template=stage.words if stage else THANKS,
        tone=sample.tone or (stage.tone if stage else Tone.FRIENDLY),
        attachments=stage.attachments if stage else (),
    )
    address = account.customer.address(sample.channel)
    return Message(planned, account, address, items, datetime.combine(today, time(17), UTC))


def _announced(sample: Sample, customer: Customer, invoices: list[Invoice], today: date) -> Message:
    account, one = announced_sample(Announced(name_of(sample.stage)), customer, invoices, today)
    now = datetime.combine(today, time(17), UTC)
    items = tuple(item for item in account.open_invoices if item.invoice.invoice_id in one.invoice_ids)
    (planned,) = plan_announcement(customer, CollectionState(), one, sample.policy, today, now).contacts
    planned = replace(planned, channel=sample.channel, tone=sample.tone or planned.tone)
    return Message(planned, account, customer.address(sample.channel), items, now)


def name_of(stage: Stage | str) -> str:
    """The name of a stage, or of what takes its place."""
    return stage.name if isinstance(stage, Stage) else str(stage)


def sample_customer(sample: Sample) -> tuple[Customer, str]:
    """A customer who reads the sample's language, and the currency they owe."""
    country, currency, region, name, address = PARTICULARS.get(sample.language, PARTICULARS["en"])
    if sample.language == "en" and sample.policy.creditor.timezone == "Europe/London":
        country, currency, region, name, address = _UK
    points = contact_points(email="accounts@example.com", phone="+12125550123", postal=address, portal="sample")
    customer = Customer(
        customer_id="cus_sample",
        creditor_id=sample.policy.creditor.creditor_id,
        source="sample",
        number="C-1042",
        kind=sample.kind,
        name=name if sample.name is None else sample.name,
        contact_points=points,
        language=sample.language,
        country=country,
        region=region,
    )
    return customer, currency


def render(renderer: Renderer, message: Message, account_url: str, stop_url: str, *, attach: bool = True) -> Words:
    """A message on its channel. Without attachments nothing of PDF is imported; a letter is then its words."""
    channel = message.contact.channel
    if not attach:
        message = replace(message, contact=replace(message.contact, attachments=()))
    if channel is Channel.EMAIL:
        return renderer.email(message, account_url, stop_url)
    if channel is Channel.SMS:
        return renderer.sms(message, account_url)
    if channel is Channel.WHATSAPP:
        chat = renderer.whatsapp(message, account_url)
        return Words("", chat.text + "\n", language=chat.language, notices=chat.notices)
    if channel is Channel.CALL:
        return renderer.call(message)
    return renderer.letter_words(message) if channel is Channel.LETTER else renderer.portal(message)


def stages_of(policy: Policy) -> Sequence[Stage | str]:
    """What there is to look at in a policy: its stages, the thanks, and every announcement."""
    return (*policy.stages, THANKS, *(kind.value for kind in Announced))


def channels_of(stage: Stage | str) -> Sequence[Channel]:
    """The channels on which it can be said: nobody is called with an announcement; one about an address goes there."""
    manner = MANNERS.get(name_of(stage))
    if manner and manner.to_former:
        return manner.channels
    return [channel for channel in Channel if channel is not Channel.CALL or name_of(stage) not in MANNERS]


def used_channels(stage: Stage | str, policy: Policy) -> Sequence[Channel]:
    """The channels that it goes out on under a policy, in order of preference."""
    if isinstance(stage, Stage):
        return stage.channels
    if stage == Announced.RECEIPT:
        return policy.receipts.channels if policy.receipts else ()
    if manner := MANNERS.get(stage):
        return manner.channels
    return policy.thanks.channels if policy.thanks else ()


def _invoice(number: str, amount_minor: int, currency: str, due_on: date) -> Invoice:
    return Invoice(f"inv_{number.lower()}", number, currency, amount_minor, due_on - timedelta(days=30), due_on)


def _account(customer: Customer, invoices: Sequence[Invoice], *, paid: bool, today: date) -> Account:
    first, entries = invoices[0], {}
    if paid:
        whole = (Direction(first.invoice_id, first.amount_minor),)
        entries["pay_1"] = Entry(
            "pay_1", EntryKind.PAYMENT, first.currency, first.amount_minor, today, reference="TR-1", directed_to=whole
        )
    return Account(customer, 1, {one.invoice_id: one for one in invoices}, entries)
