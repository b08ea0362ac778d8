"""What an agent reads out on the telephone: the portal's words of consent, in the customer's language."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dunwell.accounts.model import Customer
from dunwell.ledger.agreements import Agreement, AgreementKind
from dunwell_aws.consent_words import CONSENT, invoices_text, offer_consent, plan_consent, promise_consent

if TYPE_CHECKING:
    from dunwell.outreach.policy import Creditor
    from dunwell_aws.portal.words import Say

AGENTS_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class ReadOut:
    """Words to be read out.

    Attributes:
        words: in the language of ``tag`` (BCP 47): those that are kept as evidence.
        english: the same in the agents' own language; empty where that is the customer's.
    """

    words: str
    tag: str
    english: str = ""


class ReadOuts:
    """Makes them.

    Args:
        messages: the folder with the words.
    """

    def __init__(self, messages: Path, creditor: "Creditor") -> None:
        self._messages = messages
        self._creditor = creditor
        self._said: dict[tuple[str, str], Say] = {}

    def agreement(self, agreement: Agreement, customer: Customer) -> ReadOut:
        """What is read out before a customer agrees to a plan or an offer: the same each time, as it is evidence."""
        return self._both(customer, lambda say: self._agreement(say, agreement))

    def promise(self, customer: Customer, grace_days: int) -> ReadOut:
        """What is read out before a customer promises to pay."""
        return self._both(customer, lambda say: promise_consent(say, grace_days))

    def _agreement(self, say: "Say", agreement: Agreement) -> str:
        if agreement.kind is AgreementKind.PLAN:
            consent = plan_consent(say, self._creditor, agreement)
        else:
            consent = f"{offer_consent(say, self._creditor, agreement)} {say('consent.no_debit')}"
        about = say("consent.listen", invoices=invoices_text(say, agreement))
        return "\n".join((about, consent, say("consent.agree")))

    def _both(self, customer: Customer, said: Callable[["Say"], str]) -> ReadOut:
        say = self._say(customer.language, customer.country)
        english = "" if say.language == AGENTS_LANGUAGE else said(self._say(AGENTS_LANGUAGE, ""))
        return ReadOut(said(say), say.tag, english)

    def _say(self, language: str, country: str) -> "Say":
        """A language as a country writes it; the creditor's where there are no words in it."""
        from dunwell_aws.localised import localised
        from dunwell_aws.phrases import Phrases
        from dunwell_aws.portal.words import Say

        has_words = (self._messages / language / f"{CONSENT}.yaml").is_file()
        known = language if language and has_words else self._creditor.language
        if (known, country) not in self._said:
            phrases = Phrases(self._messages, known)
            writer = localised(known, country)
            self._said[known, country] = Say(phrases, phrases, writer, self._creditor.timezone)
        return self._said[known, country]
