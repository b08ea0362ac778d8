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


class GatewayEnvironment(Environment):
    """Of functions that speak with the payment gateway; the secret's name, not its value."""

    stripe_secret: str = Field(alias="STRIPE_SECRET", min_length=1)
    stripe_api_base: str = Field(alias="STRIPE_API_BASE", pattern="^https?://[^/]+$")


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
