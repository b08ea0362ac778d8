"""What is wrong with an address that a channel leads to, as far as it can be told by looking at it."""

import re

from dunwell.accounts.contact_points import KIND_OF, Channel, PointKind
from dunwell.outreach.permission import NO_ADDRESS

INVALID_EMAIL = "INVALID_EMAIL_ADDRESS"
INVALID_NUMBER = "INVALID_NUMBER"
INCOMPLETE_POSTAL = "INCOMPLETE_POSTAL_ADDRESS"

_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@(?=.{1,253}$)[^\s@.<>,;:\"()\[\]\\]+(\.[^\s@.<>,;:\"()\[\]\\]+)+")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_LEAST_LINES = 2


def fault(channel: Channel, address: str) -> str:
    """A reason code for why nothing can be sent to an address; empty when it may work.

    An e-mail address is one mailbox at a domain, a number is E.164, a postal address has two lines at least.
    """
    if channel is Channel.PORTAL:
        return ""  # to the portal customers come by themselves
    if not address.strip():
        return NO_ADDRESS
    kind = KIND_OF[channel]
    if kind is PointKind.EMAIL and not _EMAIL.fullmatch(address):
        return INVALID_EMAIL
    if kind is PointKind.PHONE and not _NUMBER.fullmatch(address):
        return INVALID_NUMBER
    if kind is PointKind.POSTAL and len([line for line in address.splitlines() if line.strip()]) < _LEAST_LINES:
        return INCOMPLETE_POSTAL
    return ""
