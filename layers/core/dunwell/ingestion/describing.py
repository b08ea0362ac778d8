"""A customer, and an invoice, as a source's record describes them."""

from dunwell.accounts.consent import source_consents
from dunwell.accounts.contact_points import PartOfDay, contact_points, postal_address
from dunwell.accounts.describing import redescribed
from dunwell.accounts.model import Channel, Customer, customer_id_of
from dunwell.ingestion.records import CustomerRecord, InvoiceRecord
from dunwell.ledger.model import Instalment, Invoice


def described(known: Customer, record: CustomerRecord) -> Customer:
    """The customer as the record describes them. What contact taught us (holds, opt-outs) is never imported away."""
    address = {name: getattr(record, name) for name in ("street", "postcode", "city", "region", "country")}
    parent = record.parent_number
    new = Customer(
        customer_id=known.customer_id,
        creditor_id=known.creditor_id,
        source=known.source,
        number=known.number,
        kind=record.customer_kind,
        name=record.customer_name or record.customer_number,
        contact_points=contact_points(email=record.email, phone=record.phone, postal=postal_address(**address)),
        consents=source_consents([Channel.SMS] if record.sms_consent else []),
        preferred_channel=Channel(record.channel) if record.channel else None,
        preferred_hours=PartOfDay(record.hours) if record.hours else None,
        language=record.language or "en",
        country=record.country,
        region=record.region,
        postcode=record.postcode,
        timezone=record.timezone,
        legal_entity=record.legal_entity,
        group=record.group,
        credit_limit_minor=record.credit_limit_minor,
        credit_currency=record.credit_currency,
        external_ids=record.external_ids,
        parent_id=customer_id_of(known.creditor_id, known.source, parent) if parent else "",
        removed=record.removed,
        source_version=record.version,
    )
    return redescribed(known, new)


def billed(invoice_id: str, record: InvoiceRecord) -> Invoice:
    """The invoice as the record describes it."""
    return Invoice(
        invoice_id=invoice_id,
        number=record.invoice_number,
        currency=record.currency,
        amount_minor=record.amount_minor,
        issued_on=record.issued_on,
        due_on=record.due_on,
        tax_minor=record.tax_minor,
        terms=record.terms,
        instalments=tuple(Instalment(due_on, amount) for due_on, amount in record.instalments),
        source_version=record.version,
        removed=record.removed,
        delivery=record.delivery,
    )
