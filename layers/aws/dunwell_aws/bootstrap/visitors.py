"""Who comes to the pages: their links, codes, sessions, writes and files."""

from functools import cache
from typing import TYPE_CHECKING

from dunwell_aws.environment import AccessEnvironment, EvidenceEnvironment, UrlsEnvironment, read_environment

if TYPE_CHECKING:
    from dunwell.accounts.links import Links
    from dunwell_aws.access import DynamoAccessStore
    from dunwell_aws.evidence import S3Evidence
    from dunwell_aws.once import Once
    from dunwell_aws.rates import WriteRates
    from dunwell_aws.urls import Urls


@cache
def access() -> "DynamoAccessStore":
    """Links, tries, codes and sessions."""
    from dunwell_aws.access import DynamoAccessStore
    from dunwell_aws.aws import client
    from dunwell_aws.table import Table

    return DynamoAccessStore(Table(client("dynamodb"), read_environment(AccessEnvironment).access_table))


@cache
def links() -> "Links":
    """Who issues the links of messages."""
    from dunwell.accounts.links import Links

    return Links(access())


@cache
def write_rates() -> "WriteRates":
    """Counts the writes of the API's sessions."""
    from dunwell_aws.aws import client
    from dunwell_aws.rates import WriteRates

    return WriteRates(client("dynamodb"), read_environment(AccessEnvironment).access_table)


@cache
def once() -> "Once":
    """Writes of the API that clients may repeat."""
    from dunwell_aws.aws import client
    from dunwell_aws.once import Once

    return Once(client("dynamodb"), read_environment(AccessEnvironment).access_table)


@cache
def evidence() -> "S3Evidence":
    """Files that customers add to disputes."""
    from dunwell_aws.aws import client
    from dunwell_aws.evidence import S3Evidence

    return S3Evidence(client("s3"), read_environment(EvidenceEnvironment).evidence_bucket)


@cache
def urls() -> "Urls":
    """Public addresses."""
    from dunwell_aws.aws import client
    from dunwell_aws.urls import Urls

    return Urls(client("ssm"), read_environment(UrlsEnvironment).urls_parameter)
