"""Every rule, in the order in which they are evaluated: the first that fails gives the reason.

Holds; licences and carriers; opt-outs; consent; content; clock; caps. Adding a state is adding a row here or beside it.
"""

from typing import Final

from dunwell.compliance import catalogue_us as us
from dunwell.compliance import consent
from dunwell.compliance.case import UNTIL_LIFTED
from dunwell.compliance.clock import (
    EIGHT_TO_NINE_PM,
    NoticeFirst,
    inconvenient_time,
    weekdays_and_sunday,
)
from dunwell.compliance.frequency import CALLS_HEARD, ELECTRONIC, MESSAGES, PHONE, AfterConversation, Cap
from dunwell.compliance.holds import CeaseBars, HoldBars
from dunwell.compliance.holidays import british_columbia_holidays, ontario_holidays, quebec_holidays
from dunwell.compliance.model import Channel, Party, Purpose, ReasonCode
from dunwell.compliance.regions import COVERED_COUNTRIES
from dunwell.compliance.rule import Basis, Rule, Scope
from dunwell.hold_kinds import kinds_of

_UK = frozenset({"GB"})
_ONTARIO = frozenset({"CA-ON"})
_QUEBEC = frozenset({"CA-QC"})
_BRITISH_COLUMBIA = frozenset({"CA-BC"})
_PROVINCES_WITH_HOURS = _ONTARIO | _QUEBEC | _BRITISH_COLUMBIA


def _bars(*rules: str, days: int | None = None) -> HoldBars:
    """Bars under the holds of some rules of the hold table."""
    return HoldBars(kinds_of(*rules), days)


COVERAGE: Final = (
    Rule(
        id="SCOPE-COUNTRY",
        reason=ReasonCode.JURISDICTION_NOT_COVERED,
        citation="platform policy: no contact where no rules are known",
        test=lambda case, at: UNTIL_LIFTED,
        scopes=(Scope(outside=COVERED_COUNTRIES),),
        basis=Basis.PLATFORM,
    ),
)

# The creditors of some states are bound as collectors for others are everywhere.
_FDCPA_AND_ROSENTHAL = (us.third_party(), us.consumers(us.CALIFORNIA))
_UNDISPUTED_ONLY = (
    us.third_party(),
    Scope(within=us.MASSACHUSETTS, party=Party.FIRST, consumer=True),
    Scope(within=_UK, consumer=True),
)
_VERIFICATION = frozenset({Purpose.VERIFICATION})

HOLDS: Final = (
    Rule(
        id="HOLD-BK",
        reason=ReasonCode.BANKRUPTCY_STAY,
        citation="11 USC 362(a)(6), 524(a)(2), 1301",
        test=_bars("HOLD-BK"),
    ),
    Rule(
        id="HOLD-DECEASED",
        reason=ReasonCode.DECEASED,
        citation="12 CFR 1006.6(a)(1), (4)",
        test=_bars("HOLD-DECEASED"),
    ),
    Rule(
        id="HOLD-IDT",
        reason=ReasonCode.IDENTITY_THEFT,
        citation="15 USC 1681m(f)-(g); Cal. Civ. Code 1788.18",
        test=_bars("HOLD-IDT"),
    ),
    Rule(
        id="HOLD-CEASE",
        reason=ReasonCode.CEASE_COMMUNICATION,
        citation="12 CFR 1006.6(c)",
        test=CeaseBars(),
        scopes=_FDCPA_AND_ROSENTHAL,
        yields_to_reply=True,
    ),
    Rule(
        id="HOUSE-CEASE",
        reason=ReasonCode.CEASE_COMMUNICATION,
        citation="house policy (as 12 CFR 1006.6(c))",
        test=CeaseBars(),
        basis=Basis.HOUSE,
        yields_to_reply=True,
    ),
    Rule(
        id="HOLD-ATTY",
        reason=ReasonCode.ATTORNEY_REPRESENTED,
        citation="12 CFR 1006.6(b)(2)",
        test=_bars("HOLD-ATTY"),
        scopes=_FDCPA_AND_ROSENTHAL,
    ),
    Rule(
        id="HOUSE-ATTY",
        reason=ReasonCode.ATTORNEY_REPRESENTED,
        citation="house policy (as 12 CFR 1006.6(b)(2))",
        test=_bars("HOLD-ATTY"),
        basis=Basis.HOUSE,
    ),
    Rule(
        id="UK-BREATHING",
        reason=ReasonCode.UK_BREATHING_SPACE,
        citation="SI 2020/1311 (60 days)",
        test=_bars("UK-BREATHING", days=60),
        not_for=frozenset({Purpose.STATUTORY_NOTICE}),
        yields_to_reply=True,
    ),
    Rule(
        id="UK-CRISIS",
        reason=ReasonCode.UK_BREATHING_SPACE,
        citation="SI 2020/1311 (mental health crisis treatment and 30 days)",
        test=_bars("UK-CRISIS"),
        not_for=frozenset({Purpose.STATUTORY_NOTICE}),
        yields_to_reply=True,
    ),
    Rule(
        id="HOLD-DISPUTE",
        reason=ReasonCode.DISPUTE_PENDING_VERIFICATION,
        citation="12 CFR 1006.38(c), (d)(2); 940 CMR 7.08; CONC 7.14",
        test=_bars("HOLD-DISPUTE"),
        scopes=_UNDISPUTED_ONLY,
        not_for=_VERIFICATION,
    ),
    Rule(
        id="HOUSE-DISPUTE",
        reason=ReasonCode.DISPUTE_PENDING_VERIFICATION,
        citation="house policy (15 USC 1681s-2: investigate)",
        test=_bars("HOLD-DISPUTE", "HOUSE-DISPUTE"),
        basis=Basis.HOUSE,
        not_for=_VERIFICATION,
    ),
    Rule(
        id="SES-RATES",
        reason=ReasonCode.EMAIL_SUPPRESSED,
        citation="Amazon SES enforcement (remove bounced and complaining addresses at once)",
        test=_bars("SES-RATES"),
        scopes=(Scope(channels=frozenset({Channel.EMAIL})),),
        basis=Basis.CARRIER,
    ),
    Rule(
        id="RND",
        reason=ReasonCode.NUMBER_REASSIGNED,
        citation="47 CFR 64.1200(m); 12 CFR 1006.6(d)(5)",
        test=_bars("RND"),
        scopes=(Scope(channels=us.CALLS_AND_TEXTS),),
    ),
    Rule(
        id="KEYWORDS",
        reason=ReasonCode.REPLY_UNREAD,
        citation="CTIA; 47 CFR 64.1200(a)(10) (a wish in any reasonable words: a person reads what is no keyword)",
        test=_bars("KEYWORDS"),
        scopes=(Scope(channels=frozenset({Channel.SMS})),),
        basis=Basis.CARRIER,
    ),
    Rule(
        id="HOLD-MINOR",
        reason=ReasonCode.MINOR,
        citation="12 CFR 1006.6(a)(2)",
        test=_bars("HOLD-MINOR"),
    ),
    Rule(
        id="NO-TRANSFER",
        reason=ReasonCode.PAID_OR_SETTLED,
        citation="12 CFR 1006.30(b); 15 USC 1692f(1)",
        test=_bars("NO-TRANSFER"),
        not_for=frozenset({Purpose.RECEIPT}),
    ),
    Rule(
        id="UK-BARRED",
        reason=ReasonCode.UK_TIME_BARRED,
        citation="CONC 7.15 (a debt that is statute barred is not pursued)",
        test=_bars("TIME-BARRED"),
        scopes=(Scope(within=_UK, consumer=True),),
        not_for=_VERIFICATION | us.CONFIRMATION | {Purpose.STATUTORY_NOTICE, Purpose.RECEIPT},
        yields_to_reply=True,
    ),
    Rule(
        id="UK-VULN",
        reason=ReasonCode.VULNERABLE_CUSTOMER,
        citation="CONC 7.2; FG21/1",
        test=_bars("HOUSE-VULN"),
        scopes=(Scope(within=_UK),),
    ),
    Rule(
        id="HOUSE-VULN",
        reason=ReasonCode.VULNERABLE_CUSTOMER,
        citation="house policy (a human specialist takes over)",
        test=_bars("HOUSE-VULN"),
        basis=Basis.HOUSE,
    ),
    Rule(
        id="HOUSE-PAUSE",
        reason=ReasonCode.PAUSED_FOR_REVIEW,
        citation="house policy (disaster, open complaint or litigation: pause)",
        test=_bars("HOUSE-PAUSE"),
        basis=Basis.HOUSE,
    ),
)

CARRIERS: Final = (
    Rule(
        id="CARRIER-3P",
        reason=ReasonCode.CARRIER_FORBIDDEN_USE_CASE,
        citation="provider policy: third-party debt collection disallowed for US and CA messaging",
        test=consent.carrier_forbids,
        scopes=(Scope(within=frozenset({"US", "CA"}), party=Party.THIRD, channels=frozenset({Channel.SMS})),),
        basis=Basis.CARRIER,
    ),
)

# A letter may be the only way left to send what law obliges somebody to send.
_REFUSABLE = frozenset(Channel) - {Channel.LETTER}
_BY_POST_ONLY = frozenset({Purpose.VALIDATION_NOTICE, Purpose.STATUTORY_NOTICE})

LICENCES: Final = (us.LICENSE,)

OPT_OUTS: Final = (
    Rule(
        id="OPTOUT-HONOR",
        reason=ReasonCode.OPTED_OUT,
        citation="12 CFR 1006.6(e), 1006.14(h); 47 CFR 64.1200(a)(10); CTIA",
        test=consent.opted_out,
        scopes=(Scope(channels=_REFUSABLE),),
        not_for=us.CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="OPTOUT-LETTER",
        reason=ReasonCode.OPTED_OUT,
        citation="12 CFR 1006.14(h)",
        test=consent.opted_out,
        scopes=(Scope(channels=frozenset({Channel.LETTER})),),
        not_for=_BY_POST_ONLY,
        yields_to_reply=True,
    ),
    us.REVOKE_ALL,
)

CONSENT: Final = (
    Rule(
        id="AI-VOICE",
        reason=ReasonCode.NO_CONSENT_AI_VOICE,
        citation="FCC 24-17 (AI voice is artificial voice); 47 CFR 64.1200(a)(1)",
        test=consent.no_voice_consent,
        scopes=(Scope(channels=frozenset({Channel.VOICE_AI})),),
    ),
    Rule(
        id="TCPA-CONSENT",
        reason=ReasonCode.NO_CONSENT_SMS,
        citation="CTIA and carrier opt-in; 47 USC 227(b)(1)(A) if an autodialer is used",
        test=consent.no_sms_consent,
        scopes=(Scope(channels=frozenset({Channel.SMS})),),
        basis=Basis.CARRIER,
        not_for=us.CONFIRMATION,
        yields_to_reply=True,
    ),
    *us.CONSENT,
)

CONTENT: Final = (
    *us.CONTENT,
    Rule(
        id="SMS-CONFIRM",
        reason=ReasonCode.OPTOUT_CONFIRMATION_WINDOW,
        citation="47 CFR 64.1200(a)(12); 12 CFR 1006.14(h)(2)",
        test=consent.confirmation_too_late,
        only_for=us.CONFIRMATION,
    ),
    Rule(
        id="SMS-CONFIRM-ONCE",
        reason=ReasonCode.OPTOUT_CONFIRMATION_DUPLICATE,
        citation="47 CFR 64.1200(a)(12)",
        test=consent.confirmation_repeated,
        only_for=us.CONFIRMATION,
    ),
)


def _house_hours(*, location_known: bool) -> tuple[Scope, ...]:
    """Creditors' consumers; consumers of others where no law sets hours; businesses, by phone and text."""
    return (
        Scope(party=Party.FIRST, consumer=True, channels=us.TIMED, location_known=location_known),
        Scope(
            outside=us.US | _PROVINCES_WITH_HOURS,
            party=Party.THIRD,
            consumer=True,
            channels=us.TIMED,
            location_known=location_known,
        ),
        Scope(consumer=False, channels=us.CALLS_AND_TEXTS, location_known=location_known),
    )


CLOCK: Final = (
    Rule(
        id="CONSUMER-TIME",
        reason=ReasonCode.CONSUMER_INCONVENIENT_TIME,
        citation="12 CFR 1006.6(b)(1)(i); cmt 6(b)(1)-1",
        test=inconvenient_time,
        scopes=(Scope(channels=us.TIMED),),
        not_for=us.CONFIRMATION,
        yields_to_reply=True,
    ),
    *us.HOURS,
    Rule(
        id="HOUSE-TIME",
        reason=ReasonCode.HOUSE_QUIET_HOURS,
        citation="house policy (UDAAP; CONC 7.9: reasonable times)",
        test=EIGHT_TO_NINE_PM,
        scopes=_house_hours(location_known=True),
        basis=Basis.HOUSE,
        not_for=us.CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="HOUSE-LOCATION",
        reason=ReasonCode.QUIET_HOURS_LOCATION_UNKNOWN,
        citation="house policy (every zone the customer may be in)",
        test=EIGHT_TO_NINE_PM,
        scopes=_house_hours(location_known=False),
        basis=Basis.HOUSE,
        not_for=us.CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="ON-TIME",
        reason=ReasonCode.ON_QUIET_HOURS,
        citation="R.R.O. 1990, Reg. 74 s. 22",
        test=weekdays_and_sunday((7, 21), (13, 17), ontario_holidays),
        scopes=(us.third_party(us.TIMED, _ONTARIO),),
        not_for=us.CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="BC-TIME",
        reason=ReasonCode.BC_QUIET_HOURS,
        citation="BPCPA, Debt Collection Industry Regulation",
        test=weekdays_and_sunday((7, 21), (13, 17), british_columbia_holidays),
        scopes=(us.third_party(us.TIMED, _BRITISH_COLUMBIA),),
        not_for=us.CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="QC-TIME",
        reason=ReasonCode.QC_QUIET_HOURS,
        citation="CQLR c. R-2.2, s. 34(4); Office de la protection du consommateur",
        test=weekdays_and_sunday((8, 20), None, quebec_holidays),
        scopes=(us.third_party(us.TIMED, _QUEBEC),),
        not_for=us.CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="ON-NOTICE",
        reason=ReasonCode.ON_6_DAY_NOTICE,
        citation="R.R.O. 1990, Reg. 74 s. 21",
        test=NoticeFirst(days=6),
        scopes=(us.third_party(us.TIMED, _ONTARIO),),
        not_for=us.REQUIRED_NOTICES,
        yields_to_reply=True,
    ),
)

_HOUSE_CAPPED = (
    Scope(party=Party.FIRST, consumer=True, channels=PHONE),
    Scope(outside=frozenset({"US", "CA"}), party=Party.THIRD, consumer=True, channels=PHONE),
)

CAPS: Final = (
    *us.REGF_CAPS,
    Rule(
        id="HOUSE-FREQ",
        reason=ReasonCode.HOUSE_7_IN_7,
        citation="house policy (UDAAP, 12 USC 5531/5536)",
        test=us.SEVEN_IN_SEVEN,
        scopes=_HOUSE_CAPPED,
        basis=Basis.HOUSE,
    ),
    Rule(
        id="HOUSE-POSTCONV",
        reason=ReasonCode.HOUSE_POST_CONVERSATION,
        citation="house policy (UDAAP, 12 USC 5531/5536)",
        test=AfterConversation(),
        scopes=_HOUSE_CAPPED,
        basis=Basis.HOUSE,
    ),
    *us.LOCAL_CAPS,
    Rule(
        id="ON-3IN7",
        reason=ReasonCode.ON_3_IN_7,
        citation="R.R.O. 1990, Reg. 74 s. 22",
        test=Cap(
            limit=3,
            kinds=CALLS_HEARD | MESSAGES,
            channels=PHONE | ELECTRONIC,
            per_debt=False,
            after_conversation=True,
        ),
        scopes=(us.third_party(us.TIMED, _ONTARIO),),
        not_for=us.REQUIRED_NOTICES,
    ),
    *us.HARASSMENT,
)

RULES: Final[tuple[Rule, ...]] = COVERAGE + HOLDS + LICENCES + CARRIERS + OPT_OUTS + CONSENT + CONTENT + CLOCK + CAPS
