"""What each kind of hold pauses: the one table. Everything that a hold may stop asks it.

It is the hold table of the compliance rules. What they stop, and what they pause until somebody has looked, is paused
here alike: until the hold is lifted or has run out. What goes on under a hold by way of exception, such as one last
notice after a request to cease, the contact rules say (``compliance.catalogue``).
"""

from dataclasses import dataclass
from enum import StrEnum


class HoldKind(StrEnum):
    """A reason to stop some actions."""

    BANKRUPTCY = "bankruptcy"
    CHAPTER_13_CODEBTOR = "chapter_13_codebtor"
    DISCHARGED = "discharged"
    DECEASED = "deceased"
    IDENTITY_THEFT = "identity_theft"
    CEASE = "cease"
    ATTORNEY = "attorney"
    BREATHING_SPACE = "breathing_space"
    MENTAL_HEALTH_CRISIS = "mental_health_crisis"
    DISPUTE_WRITTEN = "dispute_written"
    DISPUTE_ORAL = "dispute_oral"
    DISPUTE_LATE = "dispute_late"
    EMAIL_SUPPRESSED = "email_suppressed"
    NUMBER_REASSIGNED = "number_reassigned"
    REPLY_UNREAD = "reply_unread"
    """They answered a text message in words of their own that nobody has read yet; see ``outreach.replies``."""
    MINOR = "minor"
    PAID_OR_SETTLED = "paid_or_settled"
    VULNERABLE = "vulnerable"
    DISASTER = "disaster"
    COMPLAINT = "complaint"
    LITIGATION_HOLD = "litigation_hold"
    SCRA_ACTIVE_DUTY = "scra_active_duty"
    TIME_BARRED = "time_barred"


class Activity(StrEnum):
    """What a hold may pause; a column of the table.

    Attributes:
        CALL, TEXT, EMAIL, LETTER: to contact the customer about what is owed.
        ASK_TO_PAY: to ask for money, also on a page that the customer opened by themselves, and to offer terms.
        TAKE_PAYMENT: to take the money that a customer wants to pay on a page. Stricter than the rules, which leave it
            to a debtor under some of these holds: a person takes it by telephone.
        AGREE: to agree to a plan, a promise or a settlement.
        AGREE_ALONE: to do so before a person of the creditor's has looked.
        DEBIT: to debit a saved method. Nobody breaks an agreement while a hold keeps us from debiting.
        CHARGE: to charge fees and interest, also later for these days.
        PAST_CHARGES: to leave what was charged before as it is, without a person who looks at it.
        HAND_OFF: to hand the debt on to people who press for it, and in the end to an agency or to law.
    """

    CALL = "calls"
    TEXT = "texts"
    EMAIL = "e-mail"
    LETTER = "letters"
    ASK_TO_PAY = "asking to pay"
    TAKE_PAYMENT = "taking payments"
    AGREE = "agreeing"
    AGREE_ALONE = "agreeing alone"
    DEBIT = "debits"
    CHARGE = "fees and interest"
    PAST_CHARGES = "past charges"
    HAND_OFF = "hand-off"


@dataclass(frozen=True, slots=True)
class Row:
    """What one kind of hold pauses.

    Attributes:
        rule: the rule that says so; refusals name it.
        of_the_person: it covers all that the customer owes, whichever debt it was recorded on. Any other hold covers
            the invoice that it was placed on, or the whole customer when it was placed on none.
    """

    kind: HoldKind
    rule: str
    pauses: frozenset[Activity]
    of_the_person: bool = False


_CONTACT = frozenset({Activity.CALL, Activity.TEXT, Activity.EMAIL, Activity.LETTER})
_UNASKED = _CONTACT | {Activity.ASK_TO_PAY}
_REVIEWED = _UNASKED | {Activity.AGREE_ALONE, Activity.DEBIT, Activity.CHARGE, Activity.HAND_OFF}
_CONTESTED = _REVIEWED | {Activity.AGREE}
_EVERYTHING = _CONTESTED | {Activity.TAKE_PAYMENT}

TABLE = (
    Row(HoldKind.BANKRUPTCY, "HOLD-BK", _EVERYTHING),
    Row(HoldKind.CHAPTER_13_CODEBTOR, "HOLD-BK", _EVERYTHING - {Activity.CHARGE}),
    Row(HoldKind.DISCHARGED, "HOLD-BK", _EVERYTHING),
    Row(HoldKind.DECEASED, "HOLD-DECEASED", _EVERYTHING, of_the_person=True),
    Row(HoldKind.IDENTITY_THEFT, "HOLD-IDT", _EVERYTHING),
    Row(HoldKind.CEASE, "HOLD-CEASE", _UNASKED),
    Row(HoldKind.ATTORNEY, "HOLD-ATTY", _UNASKED | {Activity.AGREE_ALONE, Activity.DEBIT}),
    Row(HoldKind.BREATHING_SPACE, "UK-BREATHING", _EVERYTHING),
    Row(HoldKind.MENTAL_HEALTH_CRISIS, "UK-CRISIS", _EVERYTHING),
    Row(HoldKind.DISPUTE_WRITTEN, "HOLD-DISPUTE", _CONTESTED),
    Row(HoldKind.DISPUTE_ORAL, "HOUSE-DISPUTE", _REVIEWED),
    Row(HoldKind.DISPUTE_LATE, "HOUSE-DISPUTE", _REVIEWED),
    Row(HoldKind.EMAIL_SUPPRESSED, "SES-RATES", frozenset({Activity.EMAIL})),
    Row(HoldKind.NUMBER_REASSIGNED, "RND", frozenset({Activity.CALL, Activity.TEXT})),
    Row(HoldKind.REPLY_UNREAD, "KEYWORDS", frozenset({Activity.TEXT})),
    Row(HoldKind.MINOR, "HOLD-MINOR", _EVERYTHING, of_the_person=True),
    Row(HoldKind.PAID_OR_SETTLED, "NO-TRANSFER", _CONTESTED),
    Row(HoldKind.VULNERABLE, "HOUSE-VULN", _REVIEWED),
    Row(HoldKind.DISASTER, "HOUSE-PAUSE", _REVIEWED),
    Row(HoldKind.COMPLAINT, "HOUSE-PAUSE", _REVIEWED),
    Row(HoldKind.LITIGATION_HOLD, "HOUSE-PAUSE", _REVIEWED),
    # The law caps interest at 6 %, fees included, and what was agreed before counts too: a person decides.
    Row(
        HoldKind.SCRA_ACTIVE_DUTY,
        "HOLD-SCRA",
        frozenset({Activity.AGREE_ALONE, Activity.CHARGE, Activity.PAST_CHARGES}),
    ),
    # Contact goes on with the disclosure that the content rules ask for; not in the United Kingdom (rule UK-BARRED).
    Row(HoldKind.TIME_BARRED, "TIME-BARRED", frozenset()),
)

PAUSING = {one: frozenset(row.kind for row in TABLE if one in row.pauses) for one in Activity}
"""The kinds of holds that pause an activity."""
OF_THE_PERSON = frozenset(row.kind for row in TABLE if row.of_the_person)
"""Facts of the person: such a hold covers everything, whichever debt it was recorded on."""
RULE_OF: dict[str, str] = {row.kind: row.rule for row in TABLE}
"""The rule of each kind of hold."""


def kinds_of(*rules: str) -> frozenset[HoldKind]:
    """The kinds of holds of some rules.

    Raises:
        KeyError: the table has no such rule.
    """
    if unknown := set(rules) - {row.rule for row in TABLE}:
        raise KeyError(*unknown)
    return frozenset(row.kind for row in TABLE if row.rule in rules)
