"""May we contact, on this channel, now, with these words; and why.

``decide`` answers a ``ContactRequest`` with a ``Decision``. The rules are rows of ``catalogue``; each names its test in
``holds``, ``consent``, ``content``, ``clock`` or ``frequency``. Not legal advice: counsel confirms the rows.
"""

from dunwell.compliance.decide import decide
from dunwell.compliance.model import (
    Account,
    Channel,
    Consents,
    ContactRequest,
    CustomerFacts,
    DebtKind,
    Decision,
    HistoryEntry,
    HistoryKind,
    Hold,
    InconvenientTime,
    MessageFacts,
    Party,
    Purpose,
    ReasonCode,
)
from dunwell.compliance.place import Location
from dunwell.compliance.policy import HOUSE_DEFAULT, LEGAL_MINIMUM, Policy, Profile, Relaxation

__all__ = [
    "HOUSE_DEFAULT",
    "LEGAL_MINIMUM",
    "Account",
    "Channel",
    "Consents",
    "ContactRequest",
    "CustomerFacts",
    "DebtKind",
    "Decision",
    "HistoryEntry",
    "HistoryKind",
    "Hold",
    "InconvenientTime",
    "Location",
    "MessageFacts",
    "Party",
    "Policy",
    "Profile",
    "Purpose",
    "ReasonCode",
    "Relaxation",
    "decide",
]
