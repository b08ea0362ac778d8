"""What the engine is asked and what it answers."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from dunwell.compliance.place import Location
from dunwell.compliance.policy import HOUSE_DEFAULT, Policy
from dunwell.errors import InvalidInputError
from dunwell.hold_kinds import HoldKind

KindT = TypeVar("KindT", bound=StrEnum)


class Channel(StrEnum):
    """How a contact would be made. ``call`` is a person calling; ``voice_ai`` any artificial or recorded voice."""

    CALL = "call"
    VOICE_AI = "voice_ai"
    SMS = "sms"
    EMAIL = "email"
    SOCIAL = "social"
    LETTER = "letter"
    CHATBOT = "chatbot"


class Party(StrEnum):
    """Who collects: the creditor in its own name, or somebody for another."""

    FIRST = "first"
    THIRD = "third"


class Purpose(StrEnum):
    """Why the contact is made; some purposes are permitted where collecting is not."""

    COLLECTION = "collection"
    REPLY_TO_INBOUND = "reply_to_inbound"
    OPTOUT_CONFIRMATION = "optout_confirmation"
    CONSENT_REQUEST = "consent_request"
    VALIDATION_NOTICE = "validation_notice"
    VERIFICATION = "verification"
    CEASE_FINAL_NOTICE = "cease_final_notice"
    STATUTORY_NOTICE = "statutory_notice"
    RECEIPT = "receipt"


class HistoryKind(StrEnum):
    """What happened on a channel before."""

    ATTEMPT = "attempt"
    VOICEMAIL = "voicemail"
    LCM = "lcm"
    RINGLESS_VM = "ringless_vm"
    CONVERSATION = "conversation"
    INBOUND_CONVERSATION = "inbound_conversation"
    NO_CONNECT = "no_connect"
    CONSENT_EXTRA_CALLS = "consent_extra_calls"
    SENT = "sent"
    INBOUND_MESSAGE = "inbound_message"
    INBOUND_STOP = "inbound_stop"
    REPLY = "reply"
    OPTOUT_CONFIRMATION = "optout_confirmation"
    CONSENT_REQUEST = "consent_request"
    CEASE_FINAL_NOTICE = "cease_final_notice"


class DebtKind(StrEnum):
    """Kinds of debt that some rules treat apart."""

    OTHER = "other"
    MORTGAGE = "mortgage"
    DIRECT_AUTO = "direct_auto"


class ReasonCode(StrEnum):
    """Why a contact is refused; ``OK`` when it is not."""

    OK = "OK"
    # Deny by default: no rules are known for the place.
    JURISDICTION_NOT_COVERED = "JURISDICTION_NOT_COVERED"
    # Holds.
    BANKRUPTCY_STAY = "BANKRUPTCY_STAY"
    DECEASED = "DECEASED"
    IDENTITY_THEFT = "IDENTITY_THEFT"
    CEASE_COMMUNICATION = "CEASE_COMMUNICATION"
    ATTORNEY_REPRESENTED = "ATTORNEY_REPRESENTED"
    UK_BREATHING_SPACE = "UK_BREATHING_SPACE"
    DISPUTE_PENDING_VERIFICATION = "DISPUTE_PENDING_VERIFICATION"
    EMAIL_SUPPRESSED = "EMAIL_SUPPRESSED"
    NUMBER_REASSIGNED = "NUMBER_REASSIGNED"
    REPLY_UNREAD = "REPLY_UNREAD"
    MINOR = "MINOR"
    PAID_OR_SETTLED = "PAID_OR_SETTLED"
    UK_TIME_BARRED = "UK_TIME_BARRED"
    VULNERABLE_CUSTOMER = "VULNERABLE_CUSTOMER"
    PAUSED_FOR_REVIEW = "PAUSED_FOR_REVIEW"
    # Licences, carriers, opt-outs, consent and content.
    NO_LICENSE = "NO_LICENSE"
    CARRIER_FORBIDDEN_USE_CASE = "CARRIER_FORBIDDEN_USE_CASE"
    OPTED_OUT = "OPTED_OUT"
    TCPA_REVOKE_ALL = "TCPA_REVOKE_ALL"
    NO_CONSENT_AI_VOICE = "NO_CONSENT_AI_VOICE"
    NO_CONSENT_SMS = "NO_CONSENT_SMS"
    SMS_REVALIDATION_REQUIRED = "SMS_REVALIDATION_REQUIRED"
    DC_ECOMM_CONSENT = "DC_ECOMM_CONSENT"
    NYC_ECOMM_CONSENT = "NYC_ECOMM_CONSENT"
    NY_EMAIL_CONSENT = "NY_EMAIL_CONSENT"
    EMAIL_OPT_OUT_PERIOD = "EMAIL_OPT_OUT_PERIOD"
    WORKPLACE = "WORKPLACE"
    WORK_EMAIL = "WORK_EMAIL"
    VISIBLE_TO_OTHERS = "VISIBLE_TO_OTHERS"
    MISSING_OPT_OUT_NOTICE = "MISSING_OPT_OUT_NOTICE"
    MISSING_DISCLOSURE = "MISSING_DISCLOSURE"
    VALIDATION_NOTICE_OVERDUE = "VALIDATION_NOTICE_OVERDUE"
    ESIGN_CONSENT = "ESIGN_CONSENT"
    OPTOUT_CONFIRMATION_WINDOW = "OPTOUT_CONFIRMATION_WINDOW"
    OPTOUT_CONFIRMATION_DUPLICATE = "OPTOUT_CONFIRMATION_DUPLICATE"
    # Clock.
    CONSUMER_INCONVENIENT_TIME = "CONSUMER_INCONVENIENT_TIME"
    REGF_QUIET_HOURS = "REGF_QUIET_HOURS"
    QUIET_HOURS_LOCATION_UNKNOWN = "QUIET_HOURS_LOCATION_UNKNOWN"
    CA_ROSENTHAL_QUIET_HOURS = "CA_ROSENTHAL_QUIET_HOURS"
    FL_FCCPA_QUIET_HOURS = "FL_FCCPA_QUIET_HOURS"
    MA_QUIET_HOURS = "MA_QUIET_HOURS"
    HOUSE_QUIET_HOURS = "HOUSE_QUIET_HOURS"
    ON_QUIET_HOURS = "ON_QUIET_HOURS"
    BC_QUIET_HOURS = "BC_QUIET_HOURS"
    QC_QUIET_HOURS = "QC_QUIET_HOURS"
    ON_6_DAY_NOTICE = "ON_6_DAY_NOTICE"
    # Caps.
    REGF_7_IN_7 = "REGF_7_IN_7"
    REGF_POST_CONVERSATION = "REGF_POST_CONVERSATION"
    HOUSE_7_IN_7 = "HOUSE_7_IN_7"
    HOUSE_POST_CONVERSATION = "HOUSE_POST_CONVERSATION"
    MA_2_IN_7 = "MA_2_IN_7"
    MA_2_IN_30 = "MA_2_IN_30"
    DC_4_CALLS_IN_7 = "DC_4_CALLS_IN_7"
    DC_5_ECOMM_IN_7 = "DC_5_ECOMM_IN_7"
    DC_CONSENT_REQUEST_1_IN_7 = "DC_CONSENT_REQUEST_1_IN_7"
    NYC_3_IN_7 = "NYC_3_IN_7"
    ON_3_IN_7 = "ON_3_IN_7"
    HOUSE_1_MESSAGE_A_DAY = "HOUSE_1_MESSAGE_A_DAY"


CLOCK_REASONS: Final = frozenset(
    {
        ReasonCode.CONSUMER_INCONVENIENT_TIME,
        ReasonCode.REGF_QUIET_HOURS,
        ReasonCode.QUIET_HOURS_LOCATION_UNKNOWN,
        ReasonCode.CA_ROSENTHAL_QUIET_HOURS,
        ReasonCode.FL_FCCPA_QUIET_HOURS,
        ReasonCode.MA_QUIET_HOURS,
        ReasonCode.HOUSE_QUIET_HOURS,
        ReasonCode.ON_QUIET_HOURS,
        ReasonCode.BC_QUIET_HOURS,
        ReasonCode.QC_QUIET_HOURS,
    }
)
"""What forbids only until a later hour."""


def _require_zone(what: str, *moments: datetime | None) -> None:
    """Refuse a moment without a time zone: rules compare it with others, and a guess would be wrong by hours."""
    if any(moment is not None and moment.tzinfo is None for moment in moments):
        raise InvalidInputError(f"every moment of {what} needs a time zone")


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold in force in ``[at, until)``; ``until`` None means until somebody lifts it.

    ``debt_id`` None covers every debt of the customer.
    """

    kind: HoldKind
    at: datetime
    until: datetime | None = None
    debt_id: str | None = None

    def __post_init__(self) -> None:
        _require_zone("a hold", self.at, self.until)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One earlier event; ``debt_id`` None (debt not named) counts against every debt."""

    channel: Channel
    kind: HistoryKind
    at: datetime
    debt_id: str | None = None

    def __post_init__(self) -> None:
        _require_zone("a history entry", self.at)


@dataclass(frozen=True, slots=True)
class InconvenientTime:
    """A weekly time the customer asked not to be contacted in, on the customer's clock.

    Attributes:
        days: weekdays on which it begins, Monday 0 to Sunday 6.
        start, end: minutes after midnight, ``[start, end)``; an end at or before the start is on the next day.
    """

    days: frozenset[int]
    start: int
    end: int

    def __post_init__(self) -> None:
        if not self.days or not self.days <= frozenset(range(7)):
            raise InvalidInputError("days of an inconvenient time are numbers from 0 (Monday) to 6 (Sunday)")
        if not (0 <= self.start < 1440 and 0 <= self.end <= 1440) or self.start == self.end:
            raise InvalidInputError("an inconvenient time runs between two different times of day, 00:00 to 24:00")


@dataclass(frozen=True, slots=True)
class Consents:
    """Recorded permissions of the customer; absent means not given.

    Attributes:
        sms: opt-in to text messages. ``sms_last_confirmed``: last time the number was known to be the customer's,
            None when that is not tracked.
        ai_voice: prior express consent to artificial or prerecorded voice.
        electronic: written, revocable consent to electronic messages. ``email``: the same for e-mail alone.
        work_email: the customer gave, or wrote from, an employer's address about the debt.
        email_procured: the e-mail address is known to be one that the customer gave or used for this, or an earlier
            collector used. ``creditor_email_notice_at``: when the creditor's notice went out, if the address rests on
            its 35-day notice instead.
    """

    sms: bool = False
    sms_last_confirmed: datetime | None = None
    ai_voice: bool = False
    electronic: bool = False
    email: bool = False
    work_email: bool = False
    email_procured: bool = True
    creditor_email_notice_at: datetime | None = None

    def __post_init__(self) -> None:
        _require_zone("a consent", self.sms_last_confirmed, self.creditor_email_notice_at)


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What is known about the one to be contacted.

    Attributes:
        consumer: a natural person with a personal, family or household debt; anything else is a business.
        email_is_work: the e-mail address is known to be provided by an employer.
        at_work: the number or address leads to the place of work; ``employer_prohibits`` such contact, as far as known.
    """

    consumer: bool
    location: Location
    consents: Consents = field(default_factory=Consents)
    opted_out: frozenset[Channel] = frozenset()
    holds: tuple[Hold, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    inconvenient: tuple[InconvenientTime, ...] = ()
    email_is_work: bool = False
    at_work: bool = False
    employer_prohibits: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """Facts of the debts that a rule may ask for. None means that it is not known to have happened.

    Attributes:
        initial_communication_at: first communication about the debt by who collects it.
        validation_notice_sent_at: when the validation information went out.
        notice_sent_at: Ontario's private written notice.
        in_collection_procedures: a creditor that merely services the account sets this false (New York City).
        covered_commercial: a business debt that California treats like a consumer's (SB 1286).
    """

    initial_communication_at: datetime | None = None
    validation_notice_sent_at: datetime | None = None
    notice_sent_at: datetime | None = None
    debt_kind: DebtKind = DebtKind.OTHER
    in_collection_procedures: bool = True
    covered_commercial: bool = False

    def __post_init__(self) -> None:
        _require_zone("an account", self.initial_communication_at, self.validation_notice_sent_at, self.notice_sent_at)


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What the composed words contain."""

    opt_out_notice: bool
    disclosure: bool
    visible_to_others: bool = False


@dataclass(frozen=True, slots=True)
class ContactRequest:
    """May we contact, on this channel, now, with these words?

    Attributes:
        now: the moment of the contact, with a time zone.
        debt_ids: every debt the contact is about; a cap reached for one of them stops the contact.
        account: what is not known to have happened has not: a rule that asks for a notice refuses without it.
        message: None while planning, before there are words; at dispatch it must be given.
        third_party_sms_permitted: whether the messaging provider carries third-party collection.
        licensed: whether a third party has the licence to collect where the customer is, or needs none.

    Raises:
        InvalidInputError: on creation, when a part is malformed or unknown.
    """

    channel: Channel
    now: datetime
    party: Party
    debt_ids: tuple[str, ...]
    customer: CustomerFacts
    purpose: Purpose = Purpose.COLLECTION
    policy: Policy = HOUSE_DEFAULT
    account: Account = Account()
    message: MessageFacts | None = None
    third_party_sms_permitted: bool = True
    licensed: bool = True

    def __post_init__(self) -> None:
        for name, kind in (("channel", Channel), ("party", Party), ("purpose", Purpose)):
            if type(getattr(self, name)) is not kind:
                object.__setattr__(self, name, known(kind, getattr(self, name), name))
        _require_zone("a contact", self.now)
        if not self.debt_ids:
            raise InvalidInputError("name at least one debt that the contact is about", field="debt_ids")


def known(kind: type[KindT], value: object, name: str) -> KindT:
    """The member of an enumeration, or a refusal that lists what is known.

    Raises:
        InvalidInputError: the value is none of them.
    """
    try:
        return kind(str(value))
    except ValueError as exc:
        listed = ", ".join(member.value for member in kind)
        raise InvalidInputError(f"{name} {value!r} is not known; use one of: {listed}", field=name) from exc


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, complete enough to be kept as evidence.

    Attributes:
        reason_code: ``OK`` or the first rule that failed, in the order of the policy.
        next_allowed: first whole minute (UTC) at which time alone no longer forbids it; None when allowed, or when
            only a person or an event can lift the refusal.
        rules: ids of the rules consulted, the failing one first. ``citations`` go with them one to one.
        candidate_zones: every zone the customer may be in.
    """

    allowed: bool
    reason_code: str
    next_allowed: datetime | None
    rules: tuple[str, ...]
    citations: tuple[str, ...]
    candidate_zones: tuple[str, ...]
    policy_version: str
    tzdata_version: str
