"""How a customer wants to hear from us: language, channel, time of day, consent to each channel, another e-mail."""

from enum import StrEnum
from typing import TypeVar

from chalice.app import Response

from dunwell.accounts.access import CODE_LIFE, GoneError, WrongCodeError
from dunwell.accounts.choices import choose, permit
from dunwell.accounts.contact_points import PartOfDay
from dunwell.accounts.model import Channel, Customer
from dunwell.errors import InvalidInputError
from dunwell_aws.portal.site import SESSION_COOKIE, SESSION_SECONDS, Site, Visitor

ADDRESS_COOKIE = "dunwell_address"
CHANNELS = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.CALL, Channel.LETTER)
ASKED_FIRST = frozenset({Channel.SMS, Channel.WHATSAPP})
E = TypeVar("E", bound=StrEnum)


def add_preference_pages(site: Site) -> None:
    """Adds the pages to the portal."""

    @site.route("/preferences", "GET")
    def show_preferences() -> Response:
        """What stands, and the forms to change it."""
        return _preferences(site, site.visitor())

    @site.route("/preferences", "POST")
    def change_preferences() -> Response:
        """Keeps language, channel and time of day."""
        visitor, form = site.sent()
        language = form.one("language")
        if language not in site.parts.words.names:
            raise InvalidInputError("There is no such language.", field="language", code="no_language")
        channel, hours = _one_of(Channel, form.one("channel")), _one_of(PartOfDay, form.one("hours"))
        choose(site.parts.ledger, visitor.customer_id, language, channel, hours)
        return site.redirect("/preferences?done=saved", site.language_cookie(language))

    @site.route("/preferences/consent", "POST")
    def change_consent() -> Response:
        """Keeps a consent to a channel or a refusal of it, with the words that were shown."""
        visitor, form = site.sent()
        channel = _one_of(Channel, form.one("channel"))
        if channel not in CHANNELS or form.one("allow") not in {"yes", "no"}:
            raise InvalidInputError("Choose a way of reaching you.", field="channel", code="no_channel")
        allowed, parts = form.one("allow") == "yes", site.parts
        words = _consent_words(site, visitor, channel, allowed)
        permit(parts.ledger, visitor.customer_id, channel, allowed, words, parts.clock.now())
        return site.redirect(f"/preferences?done={'allowed' if allowed else 'stopped'}")

    _add_address_pages(site)


def _add_address_pages(site: Site) -> None:
    """Adds the change of the e-mail address."""

    @site.route("/preferences/email", "POST")
    def change_email() -> Response:
        """Sends a code to the new address, and asks for it."""
        visitor, form = site.sent()
        address = form.one("email").strip()
        try:
            token = site.parts.address_change.ask(visitor.customer, address, site.parts.clock.now())
        except InvalidInputError:
            return _preferences(site, visitor, wrong_email=True)
        answer = site.page("email_code.html", visitor, address=address, failed=False)
        return site.with_cookie(answer, site.cookie(ADDRESS_COOKIE, token, int(CODE_LIFE.total_seconds())))

    @site.route("/preferences/email/code", "POST")
    def confirm_email() -> Response:
        """Uses the new address, once the code that went there came back; the session begins anew."""
        visitor, form = site.sent()
        parts, address, token = site.parts, form.one("email"), site.cookie_value(ADDRESS_COOKIE)
        words = site.say(visitor)("preferences.email_words", creditor=parts.creditor.name)
        try:
            session = parts.address_change.confirm(
                visitor.customer_id, token, address, form.one("code"), words, parts.clock.now()
            )
        except (WrongCodeError, GoneError) as wrong:
            status = 403 if isinstance(wrong, WrongCodeError) else 410
            return site.page("email_code.html", visitor, status, address=address, failed=True)
        parts.sign_in.sign_out(visitor.token)
        cookies = site.cookie(SESSION_COOKIE, session, SESSION_SECONDS), site.cookie(ADDRESS_COOKIE, "", 0)
        return site.redirect("/preferences?done=email", *cookies)


def _preferences(site: Site, visitor: Visitor, wrong_email: bool = False) -> Response:
    customer = visitor.customer
    ways = [(one, _leads_to(customer, one), _is_on(customer, one)) for one in CHANNELS]
    return site.page(
        "preferences.html",
        visitor,
        400 if wrong_email else 200,
        customer=customer,
        ways=[way for way in ways if way[1]],
        hours=list(PartOfDay),
        consent_words=lambda channel, allowed: _consent_words(site, visitor, channel, allowed),
        wrong_email=wrong_email,
        done=site.done(),
    )


def _consent_words(site: Site, visitor: Visitor, channel: Channel, allowed: bool) -> str:
    """What a customer says yes or no to, exactly as the page shows it."""
    say, creditor = site.say(visitor), site.parts.creditor.name
    where = _leads_to(visitor.customer, channel)
    key = "preferences.agree." if allowed else "preferences.decline."
    return say(key + channel.value, creditor=creditor, address=where)


def _is_on(customer: Customer, channel: Channel) -> bool:
    """Whether a channel may be used as far as the customer goes: texts need a yes, all else no no."""
    return channel not in customer.opted_out and (channel not in ASKED_FIRST or bool(customer.consent(channel)))


def _leads_to(customer: Customer, channel: Channel) -> str:
    """Where a channel leads, on one line and not in full: a passer-by need not read it."""
    address = customer.address(channel)
    if channel is Channel.EMAIL and "@" in address:
        name, _, domain = address.partition("@")
        return f"{name[:2]}…@{domain}"
    if channel is Channel.LETTER:
        return address.partition("\n")[0]
    return f"… {address[-4:]}" if address else ""


def _one_of(kind: type[E], given: str) -> E | None:
    return kind(given) if given in set(kind) else None
