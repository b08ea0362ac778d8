"""What becomes of each recipient: delivered, bounced, suppressed or complained."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

from infra.local.ses_sandbox.addresses import normalized

SIMULATOR_DOMAIN = "simulator.amazonses.com"


class Outcome(StrEnum):
    """How one recipient's copy ended."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    ON_GLOBAL_SUPPRESSION_LIST = "on the global suppression list"
    ON_ACCOUNT_SUPPRESSION_LIST = "on the account suppression list"
    COMPLAINED = "complained"


_SIMULATOR = {
    "bounce": Outcome.BOUNCED,
    "complaint": Outcome.COMPLAINED,
    "suppressionlist": Outcome.ON_GLOBAL_SUPPRESSION_LIST,
}
_LOCAL_PREFIXES = {"bounce+": Outcome.BOUNCED, "complaint+": Outcome.COMPLAINED}


def outcome_for(address: str, suppressed: Collection[str]) -> Outcome:
    """Return the outcome for `address`; `suppressed` holds the normalized suppressed addresses.

    SES's mailbox simulator addresses behave as on AWS. Here alone, any address whose local part starts with
    `bounce+` or `complaint+` does so too, so that a customer with an ordinary domain can bounce.
    """
    mailbox = normalized(address)
    if mailbox in suppressed:
        return Outcome.ON_ACCOUNT_SUPPRESSION_LIST
    local, _, domain = mailbox.rpartition("@")
    if domain == SIMULATOR_DOMAIN:
        return _SIMULATOR.get(local.partition("+")[0], Outcome.DELIVERED)
    matches = (outcome for prefix, outcome in _LOCAL_PREFIXES.items() if local.startswith(prefix))
    return next(matches, Outcome.DELIVERED)


def outcomes_for(recipients: Iterable[str], suppressed: Collection[str]) -> dict[str, Outcome]:
    """Return the outcome of each recipient, in their order."""
    return {address: outcome_for(address, suppressed) for address in recipients}
