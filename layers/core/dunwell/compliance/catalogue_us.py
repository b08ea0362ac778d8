"""Rules of the United States, its states and cities: one row a rule, in the order of each stage's reason codes."""

from datetime import date
from typing import Final

from dunwell.compliance import consent, content
from dunwell.compliance.clock import EIGHT_TO_NINE_PM
from dunwell.compliance.frequency import (
    ALL_CHANNELS,
    CALLS_PLACED,
    CALLS_TRIED,
    ELECTRONIC,
    MESSAGES,
    MESSAGES_STARTED,
    PHONE,
    AfterConversation,
    AtWork,
    Cap,
)
from dunwell.compliance.model import Channel, DebtKind, HistoryKind, Party, Purpose, ReasonCode
from dunwell.compliance.rule import Basis, Rule, Scope

US: Final = frozenset({"US"})
CALIFORNIA: Final = frozenset({"US-CA"})
MASSACHUSETTS: Final = frozenset({"US-MA"})
_DC = frozenset({"US-DC"})
_NYC = frozenset({"US-NY-NYC"})
TIMED: Final = PHONE | ELECTRONIC
CALLS_AND_TEXTS: Final = PHONE | {Channel.SMS}
_MESSAGES_ONLY = frozenset({Channel.SMS, Channel.EMAIL})

CONFIRMATION: Final = frozenset({Purpose.OPTOUT_CONFIRMATION})
# Notices that law obliges somebody to send; a cap on collecting does not count them out.
REQUIRED_NOTICES: Final = frozenset(
    {
        Purpose.VALIDATION_NOTICE,
        Purpose.VERIFICATION,
        Purpose.CEASE_FINAL_NOTICE,
        Purpose.STATUTORY_NOTICE,
        Purpose.OPTOUT_CONFIRMATION,
    }
)

_NYC_AMENDED = date(2026, 9, 1)
_DC_AMENDED = date(2023, 1, 1)
_SB_1286 = date(2025, 7, 1)
_REVOKE_ALL = date(2027, 1, 31)
_DC_EXEMPT = frozenset({DebtKind.MORTGAGE, DebtKind.DIRECT_AUTO})


def third_party(channels: frozenset[Channel] | None = None, within: frozenset[str] = US) -> Scope:
    """Somebody collecting a consumer's debt for another."""
    return Scope(within=within, party=Party.THIRD, consumer=True, channels=channels)


def consumers(within: frozenset[str], channels: frozenset[Channel] | None = None) -> Scope:
    """Whoever collects a consumer's debt."""
    return Scope(within=within, consumer=True, channels=channels)


def _nyc(channels: frozenset[Channel] | None = None) -> tuple[Scope, ...]:
    """Others, and creditors themselves once they are past routine servicing."""
    creditor = Scope(within=_NYC, party=Party.FIRST, consumer=True, channels=channels, in_collection_procedures=True)
    return (third_party(channels, _NYC), creditor)


def _dc(channels: frozenset[Channel]) -> tuple[Scope, ...]:
    return (Scope(within=_DC, consumer=True, channels=channels, not_debt_kinds=_DC_EXEMPT),)


LICENSE: Final = Rule(
    id="LICENSE",
    reason=ReasonCode.NO_LICENSE,
    citation="state and city licences of collectors, such as Cal. Fin. Code 100001 and N.Y.C. Admin. Code 20-490",
    test=consent.not_licensed,
    scopes=(third_party(),),
    not_for=CONFIRMATION | {Purpose.RECEIPT, Purpose.CEASE_FINAL_NOTICE},
)

CONSENT: Final = (
    Rule(
        id="SMS-60DAY",
        reason=ReasonCode.SMS_REVALIDATION_REQUIRED,
        citation="12 CFR 1006.6(d)(5)",
        test=consent.sms_not_confirmed,
        scopes=(third_party(frozenset({Channel.SMS})),),
        not_for=CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="DC-ECOMM-CONSENT",
        reason=ReasonCode.DC_ECOMM_CONSENT,
        citation="D.C. Code 28-3814 as amended by B24-0357",
        test=consent.no_electronic_consent,
        scopes=_dc(ELECTRONIC),
        not_for=CONFIRMATION | {Purpose.CONSENT_REQUEST},
        effective_from=_DC_AMENDED,
    ),
    Rule(
        id="NYC-ECOMM-CONSENT",
        reason=ReasonCode.NYC_ECOMM_CONSENT,
        citation="6 RCNY 5-77 as amended (SHIELD Collection Rule)",
        test=consent.no_electronic_consent,
        scopes=_nyc(ELECTRONIC),
        not_for=CONFIRMATION,
        effective_from=_NYC_AMENDED,
    ),
    Rule(
        id="NY-ECONSENT",
        reason=ReasonCode.NY_EMAIL_CONSENT,
        citation="23 NYCRR 1.6",
        test=consent.no_electronic_consent,
        scopes=(third_party(frozenset({Channel.EMAIL}), frozenset({"US-NY"})),),
        not_for=CONFIRMATION,
    ),
    Rule(
        id="EMAIL-HARBOR",
        reason=ReasonCode.EMAIL_OPT_OUT_PERIOD,
        citation="12 CFR 1006.6(d)(3), (4)",
        test=consent.email_not_procured,
        scopes=(third_party(frozenset({Channel.EMAIL})),),
        not_for=CONFIRMATION,
        yields_to_reply=True,
    ),
)

REVOKE_ALL: Final = Rule(
    id="TCPA-REVOKE-ALL",
    reason=ReasonCode.TCPA_REVOKE_ALL,
    citation="47 CFR 64.1200(a)(10); FCC order of 2026-01-06",
    test=consent.revoked_everything,
    scopes=(Scope(within=US, channels=frozenset({Channel.SMS, Channel.VOICE_AI})),),
    not_for=CONFIRMATION,
    yields_to_reply=True,
    effective_from=_REVOKE_ALL,
    unsettled=True,
)

CONTENT: Final = (
    Rule(
        id="WORKPLACE",
        reason=ReasonCode.WORKPLACE,
        citation="12 CFR 1006.6(b)(3); 209 CMR 18.16(1)(c)",
        test=content.employer_prohibits,
        scopes=(
            third_party(PHONE | {Channel.LETTER}),
            consumers(CALIFORNIA | MASSACHUSETTS, PHONE | {Channel.LETTER}),
        ),
    ),
    Rule(
        id="WORK-EMAIL",
        reason=ReasonCode.WORK_EMAIL,
        citation="12 CFR 1006.22(f)(3)",
        test=content.work_email,
        scopes=(third_party(frozenset({Channel.EMAIL})),),
    ),
    Rule(
        id="SOCIAL",
        reason=ReasonCode.VISIBLE_TO_OTHERS,
        citation="12 CFR 1006.22(f)(4)",
        test=content.visible_to_others,
        scopes=(third_party(),),
    ),
    Rule(
        id="OPTOUT-NOTICE",
        reason=ReasonCode.MISSING_OPT_OUT_NOTICE,
        citation="12 CFR 1006.6(e)",
        test=content.no_opt_out_notice,
        scopes=(third_party(ELECTRONIC),),
        not_for=CONFIRMATION,
    ),
    Rule(
        id="MINI-MIRANDA",
        reason=ReasonCode.MISSING_DISCLOSURE,
        citation="12 CFR 1006.18(e); 15 USC 1692e(11)",
        test=content.no_disclosure,
        scopes=(third_party(),),
        not_for=CONFIRMATION,
    ),
    Rule(
        id="VALIDATION-5D",
        reason=ReasonCode.VALIDATION_NOTICE_OVERDUE,
        citation="12 CFR 1006.34(a)(1)(i)(B)",
        test=content.ValidationOverdue(days=5),
        scopes=(third_party(),),
        not_for=CONFIRMATION | {Purpose.VALIDATION_NOTICE},
    ),
    Rule(
        id="MA-VALIDATION",
        reason=ReasonCode.VALIDATION_NOTICE_OVERDUE,
        citation="940 CMR 7.08",
        test=content.ValidationOverdue(days=5, business_days=True),
        scopes=(Scope(within=MASSACHUSETTS, party=Party.FIRST, consumer=True),),
        not_for=CONFIRMATION | {Purpose.VALIDATION_NOTICE},
    ),
    Rule(
        id="DELIVERY",
        reason=ReasonCode.ESIGN_CONSENT,
        citation="12 CFR 1006.42(b)(1); 15 USC 7001(c) (electronic only inside the initial communication)",
        test=content.begun_without_esign,
        scopes=(third_party(ELECTRONIC),),
        only_for=frozenset({Purpose.VALIDATION_NOTICE}),
    ),
)

_KNOWN = Scope(within=US, party=Party.THIRD, consumer=True, channels=TIMED, location_known=True)
_UNKNOWN = Scope(within=US, party=Party.THIRD, consumer=True, channels=TIMED, location_known=False)

HOURS: Final = (
    Rule(
        id="REGF-TIME",
        reason=ReasonCode.REGF_QUIET_HOURS,
        citation="12 CFR 1006.6(b)(1)(i); 15 USC 1692c(a)(1)",
        test=EIGHT_TO_NINE_PM,
        scopes=(_KNOWN,),
        not_for=CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="REGF-LOCATION",
        reason=ReasonCode.QUIET_HOURS_LOCATION_UNKNOWN,
        citation="12 CFR 1006.6(b)(1)(i); Supp. I cmt 6(b)(1)(i)-2",
        test=EIGHT_TO_NINE_PM,
        scopes=(_UNKNOWN,),
        not_for=CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="CA-ROSENTHAL",
        reason=ReasonCode.CA_ROSENTHAL_QUIET_HOURS,
        citation="Cal. Civ. Code 1788.17 (15 USC 1692b-1692j)",
        test=EIGHT_TO_NINE_PM,
        scopes=(consumers(CALIFORNIA, TIMED),),
        not_for=CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="CA-SB1286",
        reason=ReasonCode.CA_ROSENTHAL_QUIET_HOURS,
        citation="Cal. Civ. Code 1788.17 as extended by SB 1286",
        test=EIGHT_TO_NINE_PM,
        scopes=(Scope(within=CALIFORNIA, consumer=False, channels=TIMED, covered_commercial=True),),
        not_for=CONFIRMATION,
        yields_to_reply=True,
        effective_from=_SB_1286,
    ),
    Rule(
        id="FL-TIME",
        reason=ReasonCode.FL_FCCPA_QUIET_HOURS,
        citation="Fla. Stat. 559.72(17) as amended by SB 232 (e-mail exempt)",
        test=EIGHT_TO_NINE_PM,
        scopes=(consumers(frozenset({"US-FL"}), CALLS_AND_TEXTS),),
        not_for=CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="MA-TIME",
        reason=ReasonCode.MA_QUIET_HOURS,
        citation="940 CMR 7.04(1)(f); 209 CMR 18.16(1)(d)",
        test=EIGHT_TO_NINE_PM,
        scopes=(consumers(MASSACHUSETTS, CALLS_AND_TEXTS),),
        not_for=CONFIRMATION,
        yields_to_reply=True,
    ),
)

SEVEN_IN_SEVEN: Final = Cap(limit=7, kinds=CALLS_PLACED, channels=PHONE, consent_lifts=True)

REGF_CAPS: Final = (
    Rule(
        id="REGF-7IN7",
        reason=ReasonCode.REGF_7_IN_7,
        citation="12 CFR 1006.14(b)(2)(i)(A), (b)(3), (b)(4)",
        test=SEVEN_IN_SEVEN,
        scopes=(third_party(PHONE),),
    ),
    Rule(
        id="REGF-POSTCONV",
        reason=ReasonCode.REGF_POST_CONVERSATION,
        citation="12 CFR 1006.14(b)(2)(i)(B)",
        test=AfterConversation(),
        scopes=(third_party(PHONE),),
    ),
)

LOCAL_CAPS: Final = (
    Rule(
        id="MA-2IN7",
        reason=ReasonCode.MA_2_IN_7,
        citation="940 CMR 7.04(1)(f) (creditors); 209 CMR 18.16(1)(d) (third party)",
        test=Cap(limit=2, kinds=CALLS_TRIED | MESSAGES_STARTED, channels=CALLS_AND_TEXTS),
        scopes=(consumers(MASSACHUSETTS, CALLS_AND_TEXTS),),
        not_for=CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="MA-2IN30",
        reason=ReasonCode.MA_2_IN_30,
        citation="940 CMR 7.04(1)(f); 209 CMR 18.16(1)(d) (elsewhere than a residence or a number of the debtor's own)",
        test=AtWork(Cap(limit=2, kinds=CALLS_TRIED | MESSAGES_STARTED, channels=CALLS_AND_TEXTS, days=30)),
        scopes=(consumers(MASSACHUSETTS, CALLS_AND_TEXTS),),
        not_for=CONFIRMATION,
        yields_to_reply=True,
    ),
    Rule(
        id="DC-4CALLS",
        reason=ReasonCode.DC_4_CALLS_IN_7,
        citation="D.C. Code 28-3814 as amended by B24-0357",
        test=Cap(limit=4, kinds=CALLS_TRIED, channels=PHONE),
        scopes=_dc(PHONE),
        effective_from=_DC_AMENDED,
    ),
    Rule(
        id="DC-5ECOMM",
        reason=ReasonCode.DC_5_ECOMM_IN_7,
        citation="D.C. Code 28-3814 as amended by B24-0357",
        test=Cap(limit=5, kinds=MESSAGES, channels=ELECTRONIC),
        scopes=_dc(ELECTRONIC),
        not_for=CONFIRMATION,
        effective_from=_DC_AMENDED,
    ),
    Rule(
        id="DC-CONSENT-REQUEST",
        reason=ReasonCode.DC_CONSENT_REQUEST_1_IN_7,
        citation="D.C. Code 28-3814 as amended by B24-0357",
        test=Cap(limit=1, kinds=frozenset({HistoryKind.CONSENT_REQUEST}), channels=ELECTRONIC),
        scopes=_dc(ELECTRONIC),
        only_for=frozenset({Purpose.CONSENT_REQUEST}),
        effective_from=_DC_AMENDED,
    ),
    Rule(
        id="NYC-3IN7",
        reason=ReasonCode.NYC_3_IN_7,
        citation="6 RCNY 5-77 as amended (SHIELD Collection Rule)",
        test=Cap(limit=3, kinds=CALLS_TRIED | MESSAGES, channels=ALL_CHANNELS),
        scopes=_nyc(TIMED | {Channel.LETTER}),
        not_for=REQUIRED_NOTICES,
        effective_from=_NYC_AMENDED,
    ),
)


def _one_a_day(channel: Channel, name: str) -> Rule:
    only = frozenset({channel})
    return Rule(
        id=name,
        reason=ReasonCode.HOUSE_1_MESSAGE_A_DAY,
        citation="house policy (12 CFR 1006.14(a): numerous daily messages can be harassment)",
        test=Cap(limit=1, kinds=frozenset({HistoryKind.SENT}), channels=only, days=1, per_debt=False),
        scopes=(third_party(only),),
        basis=Basis.HOUSE,
        not_for=REQUIRED_NOTICES | {Purpose.RECEIPT},  # a receipt urges nobody
        yields_to_reply=True,
    )


HARASSMENT: Final = (
    _one_a_day(Channel.SMS, "HOUSE-SMS-DAILY"),
    _one_a_day(Channel.EMAIL, "HOUSE-EMAIL-DAILY"),
)
