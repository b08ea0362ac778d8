"""What the customer agreed to, refused, or has to be asked again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dunwell.compliance.case import UNTIL_LIFTED, Case
from dunwell.compliance.model import Channel, HistoryKind
from dunwell.timezones import first_instant

_SMS_CONFIRMED_FOR = timedelta(days=60)
_CREDITOR_NOTICE_DAYS = 35
_CONFIRMATION_WITHIN = timedelta(minutes=5)


def carrier_forbids(case: Case, at: datetime) -> datetime | None:
    """The messaging provider does not carry collection for others."""
    return None if case.request.third_party_sms_permitted else UNTIL_LIFTED


def not_licensed(case: Case, at: datetime) -> datetime | None:
    """Who collects for another has no licence where the customer is."""
    return None if case.request.licensed else UNTIL_LIFTED


def opted_out(case: Case, at: datetime) -> datetime | None:
    """The customer refused this medium; who refuses calls refuses artificial voices too."""
    request = case.request
    refused = request.customer.opted_out
    if request.channel in refused or (request.channel is Channel.VOICE_AI and Channel.CALL in refused):
        return UNTIL_LIFTED
    return None


def revoked_everything(case: Case, at: datetime) -> datetime | None:
    """A refusal of automated texts or voices counts for both."""
    refused = case.request.customer.opted_out
    return UNTIL_LIFTED if Channel.SMS in refused or Channel.VOICE_AI in refused else None


def no_voice_consent(case: Case, at: datetime) -> datetime | None:
    """Artificial voice needs prior express consent."""
    return None if case.request.customer.consents.ai_voice else UNTIL_LIFTED


def no_sms_consent(case: Case, at: datetime) -> datetime | None:
    """Text messages need a recorded opt-in."""
    return None if case.request.customer.consents.sms else UNTIL_LIFTED


def no_electronic_consent(case: Case, at: datetime) -> datetime | None:
    """Electronic messages need written, revocable consent; for e-mail, consent to e-mail is enough."""
    consents = case.request.customer.consents
    given = consents.electronic or (consents.email and case.request.channel is Channel.EMAIL)
    return None if given else UNTIL_LIFTED


def sms_not_confirmed(case: Case, at: datetime) -> datetime | None:
    """More than 60 days since the number was last known to be the customer's."""
    confirmed = case.request.customer.consents.sms_last_confirmed
    if confirmed is None:
        return None
    for entry in case.history_of(None):
        if entry.channel is Channel.SMS and entry.kind is HistoryKind.INBOUND_MESSAGE and entry.at <= at:
            confirmed = max(confirmed, entry.at)
    return UNTIL_LIFTED if at - confirmed > _SMS_CONFIRMED_FOR else None


def email_not_procured(case: Case, at: datetime) -> datetime | None:
    """Nobody knows where the address comes from, or the 35 days of the creditor's notice of it are not over."""
    consents = case.request.customer.consents
    sent = consents.creditor_email_notice_at
    if sent is None:
        return None if consents.email_procured else UNTIL_LIFTED
    opens = max(
        first_instant(zone, sent.astimezone(zone).date() + timedelta(days=_CREDITOR_NOTICE_DAYS + 1), 0, sent)
        for zone in case.zones
    )
    return opens if opens > at else None


@dataclass(frozen=True, slots=True)
class _OptOutState:
    stopped_at: datetime | None
    confirmed_at: datetime | None


def _opt_out_state(case: Case, at: datetime) -> _OptOutState:
    """The latest opt-out on the channel and the latest confirmation of one."""
    stopped: datetime | None = None
    confirmed: datetime | None = None
    for entry in case.history_of(None):
        if entry.channel != case.request.channel or entry.at > at:
            continue
        if entry.kind is HistoryKind.INBOUND_STOP:
            stopped = max(stopped or entry.at, entry.at)
        elif entry.kind is HistoryKind.OPTOUT_CONFIRMATION:
            confirmed = max(confirmed or entry.at, entry.at)
    return _OptOutState(stopped, confirmed)


def confirmation_too_late(case: Case, at: datetime) -> datetime | None:
    """An opt-out is confirmed within five minutes of it or not at all."""
    stopped = _opt_out_state(case, at).stopped_at
    return None if stopped is not None and at - stopped <= _CONFIRMATION_WITHIN else UNTIL_LIFTED


def confirmation_repeated(case: Case, at: datetime) -> datetime | None:
    """An opt-out is confirmed once."""
    state = _opt_out_state(case, at)
    if state.confirmed_at is None or (state.stopped_at is not None and state.stopped_at > state.confirmed_at):
        return None
    return UNTIL_LIFTED
