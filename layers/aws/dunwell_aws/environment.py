"""What a function reads from its variables, validated at first use. Secrets come by name, never by value."""

import os
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Model = TypeVar("Model", bound="Environment")


class Environment(BaseModel):
    """Variables that every function has (Globals in the template)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: str = Field(alias="STAGE")
    clock_offset_seconds: int = Field(alias="CLOCK_OFFSET_SECONDS")
    policy: str = Field(alias="POLICY", pattern="^[a-z0-9][a-z0-9_]*$")


class LedgerEnvironment(Environment):
    """Of functions that work on accounts."""

    ledger_table: str = Field(alias="LEDGER_TABLE", min_length=1)


class IngestEnvironment(LedgerEnvironment):
    """Of functions that take files into the ledger."""

    ingest_bucket: str = Field(alias="INGEST_BUCKET", min_length=1)


class AccessEnvironment(Environment):
    """Of functions that issue or open the portal's links."""

    access_table: str = Field(alias="ACCESS_TABLE", min_length=1)


class UrlsEnvironment(Environment):
    """Of functions that write links; the name of the parameter, not the addresses."""

    urls_parameter: str = Field(alias="URLS_PARAMETER", min_length=1)


class MailEnvironment(Environment):
    """Of functions that send e-mail."""

    configuration_set: str = Field(alias="CONFIGURATION_SET", min_length=1)


class DecisionsEnvironment(LedgerEnvironment):
    """Of functions that decide about customers."""

    decisions_bucket: str = Field(alias="DECISIONS_BUCKET", min_length=1)


class LettersEnvironment(Environment):
    """Of functions that work on the outbox of letters."""

    letters_bucket: str = Field(alias="LETTERS_BUCKET", min_length=1)


class EvidenceEnvironment(Environment):
    """Of functions that keep or show what customers add to disputes."""

    evidence_bucket: str = Field(alias="EVIDENCE_BUCKET", min_length=1)


class TextsEnvironment(Environment):
    """Of functions that send text messages.

    Attributes:
        sms_sender_id, sms_origination: empty when there is none.
        sms_max_price_usd: of one message.
    """

    sms_sender_id: str = Field(alias="SMS_SENDER_ID", pattern="^[A-Za-z0-9]{0,11}$")
    sms_origination: str = Field(alias="SMS_ORIGINATION")
    sms_max_price_usd: str = Field(alias="SMS_MAX_PRICE_USD", pattern=r"^[0-9]{1,4}(\.[0-9]{1,5})?$")


class ChannelsEnvironment(LettersEnvironment, TextsEnvironment):
    """Of functions that send: what the channels beside e-mail need, and how fast they may go.

    Attributes:
        sms_rate: messages a second, all senders together.
        whatsapp_number_id: empty when there is none.
        senders: how many of them may run at once; each keeps to its part of the rate.
    """

    sms_rate: float = Field(alias="SMS_RATE_PER_SECOND", gt=0)
    whatsapp_number_id: str = Field(alias="WHATSAPP_NUMBER_ID")
    senders: int = Field(alias="SENDERS", ge=1)


class GatewayEnvironment(Environment):
    """Of functions that speak with the payment gateway; the secret's name, not its value.

    Attributes:
        stripe_methods: the kinds of payment methods offered, parted by commas; empty: as the Stripe account says.
        stripe_configuration: Stripe's name of a payment method configuration; empty for the account's own.
        stripe_three_decimals: currencies counted in thousandths that may be charged, parted by commas.
    """

    stripe_secret: str = Field(alias="STRIPE_SECRET", min_length=1)
    stripe_api_base: str = Field(alias="STRIPE_API_BASE", pattern="^https?://[^/]+$")
    stripe_methods: str = Field(alias="STRIPE_METHODS", default="", pattern="^([a-z_]+(,[a-z_]+)*)?$")
    stripe_configuration: str = Field(alias="STRIPE_METHOD_CONFIGURATION", default="", pattern="^(pmc_[A-Za-z0-9]+)?$")
    stripe_three_decimals: str = Field(
        alias="STRIPE_THREE_DECIMAL_CURRENCIES", default="", pattern="^([A-Z]{3}(,[A-Z]{3})*)?$"
    )


class GatewayEventsEnvironment(Environment):
    """Of functions that keep the gateway's reports as they came."""

    gateway_events_bucket: str = Field(alias="GATEWAY_EVENTS_BUCKET", min_length=1)


def read_environment(model: type[Model]) -> Model:
    """The process's variables as a model.

    Raises:
        RuntimeError: names the variables that are missing or wrong, without their values.
    """
    try:
        return model.model_validate(dict(os.environ))
    except ValidationError as error:
        names = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors()}))
        raise RuntimeError(f"environment variables missing or wrong: {names}") from None
