"""What the words of an announcement may mention: agreements, payments and methods of the account, for the customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dunwell.accounts.model import Channel
from dunwell.compliance.model import Party
from dunwell.compliance.validation import notice_period_end
from dunwell.dates import business_date
from dunwell.errors import InvalidInputError
from dunwell.ledger.agreements import AgreedInstalment, Agreement, AgreementStatus
from dunwell.ledger.debits import MethodKind, MethodStatus
from dunwell.ledger.itemising import Itemisation, itemised
from dunwell.ledger.model import Account
from dunwell.outreach.announced import Announced
from dunwell.outreach.announcements import REPLACED_AT
from dunwell.outreach.contact import Contact
from dunwell.outreach.policy import Policy
from dunwell.outreach.promised import before, is_new, part_of, schedule_told
from dunwell.payments.retries import reason_of
from dunwell_aws.localised import Localised
from dunwell_aws.phrases import Phrases

SAID_IN_WORDS = frozenset(
    {
        "address",
        "amount",
        "apr",
        "charges",
        "due_on",
        "forgiven",
        "left",
        "method",
        "on",
        "owed_to",
        "reference",
        "until",
        "was_amount",
        "was_on",
    }
)
"""What differs from customer to customer, as text; empty where there is nothing of it."""
ASKED_IN_WORDS = frozenset(
    {
        "approval",
        "how",
        "instalment",
        "instalments",
        "is_automatic",
        "is_debited",
        "is_lapsed",
        "is_letter",
        "is_removed",
        "kind",
        "reason",
        "was_agreed",
    }
)
"""What words decide by, or count."""
ANNOUNCED_WORDS = SAID_IN_WORDS | ASKED_IN_WORDS
_AGREED = frozenset({AgreementStatus.AUTHORISED, AgreementStatus.ACTIVE})
_SCHEDULED = frozenset({Announced.AGREEMENT_COPY, Announced.AGREEMENT_PROPOSED, Announced.AGREEMENT_CHANGED})
_COPIED = frozenset({Announced.AGREEMENT_COPY, Announced.AGREEMENT_CHANGED})
_EXPIRED = "expired_card"

Line = dict[str, str]


@dataclass(frozen=True, slots=True)
class AnnouncedValues:
    """The values of one announcement.

    Attributes:
        today: the business date.
        phrases: the words in the message's language.
    """

    contact: Contact
    account: Account
    policy: Policy
    writer: Localised
    today: date
    phrases: Phrases

    @property
    def agreement(self) -> Agreement | None:
        """The agreement that it is about; of a failed debit, the one that it was for."""
        about = self.contact.about
        named = about.get("agreement_id") or str(about.get("attempt_id", "")).partition("#")[0]
        return self.account.agreements.get(str(named))

    @property
    def words(self) -> Mapping[str, Any]:
        """What texts may mention."""
        values: dict[str, Any] = dict.fromkeys(SAID_IN_WORDS, "") | dict.fromkeys(ASKED_IN_WORDS, "")
        values |= {"instalment": 0, "instalments": 0}
        about = self.contact.about
        if "agreement_id" in about and self.agreement:
            values |= self._of_agreement(self.agreement)
        elif "attempt_id" in about:
            values |= self._of_attempt()
        elif "payment_id" in about or "entry_id" in about:
            values |= self._of_entry()
        elif "method_id" in about:
            values |= self._of_method()
        elif self.contact.stage == Announced.VALIDATION_NOTICE:
            values |= self._of_debts()
        elif REPLACED_AT in about:
            at = datetime.fromisoformat(str(about[REPLACED_AT]))
            values["on"] = self._day(business_date(at, self.policy.creditor.timezone))
        else:
            values["amount"] = self._some(int(about.get("amount_minor") or 0))
            values["reason"] = self._reason(MethodKind.BANK_DEBIT, str(about.get("code") or ""))
        return values

    @property
    def quoted(self) -> list[str]:
        """The exact words that the customer agreed to, where a copy of them is owed (rule REGE-AUTH)."""
        said = ""
        if self.contact.stage in _COPIED and self.agreement and self.agreement.authorisation:
            said = self.agreement.authorisation.words
        if self.contact.stage == Announced.PAYMENT_METHOD_SAVED:
            method = self.account.methods.get(str(self.contact.about.get("method_id")))
            said = method.words if method else ""
        return said.splitlines()

    @property
    def section(self) -> str:
        """Which headings its list has, of the common words."""
        if self.contact.stage in _SCHEDULED:
            return "schedule"
        if self.contact.stage == Announced.VALIDATION_NOTICE:
            return "itemised"
        return "receipt" if self.contact.stage == Announced.RECEIPT else "table"

    @property
    def lines(self) -> list[Line] | None:
        """Its list, with what it comes to; None: the invoices that are open."""
        if self.contact.stage == Announced.RECEIPT:
            return self._paid_for()
        if self.contact.stage == Announced.VALIDATION_NOTICE:
            return [line for one in self._itemised() for line in self._items(one)]
        if self.contact.stage in _SCHEDULED and self.agreement:
            return [self._scheduled(one, self.agreement) for one in self.agreement.instalments]
        return None if self.contact.stage == Announced.AGREEMENT_BROKEN else []

    @property
    def total(self) -> str:
        """What the list comes to."""
        if self.contact.stage == Announced.RECEIPT:
            parts = self.account.allocations(str(self.contact.about.get("payment_id")))
            return self._money(sum(part.amount_minor for part in parts))
        if self.contact.stage == Announced.VALIDATION_NOTICE:
            return self._money(sum(one.now_minor for one in self._itemised()))
        return self._money(self.agreement.amount_minor) if self.agreement else ""

    # --- values by what it is about ---

    def _of_agreement(self, agreement: Agreement) -> dict[str, Any]:
        evidence, last = agreement.authorisation, agreement.instalments[-1]
        made_at = evidence.at if evidence else agreement.made_at
        owed = sum(self.account.open_minor(one) for one in agreement.invoice_ids if one in self.account.invoices)
        values: dict[str, Any] = {
            "kind": agreement.kind.value,
            "amount": self._money(agreement.amount_minor),
            "due_on": self._day(last.due_on),
            "on": self._day(business_date(made_at, self.policy.creditor.timezone)),
            "until": self._day(agreement.expires_on) if agreement.expires_on else "",
            "instalments": len(agreement.instalments),
            "forgiven": self._some(agreement.forgiven_minor),
            "charges": self._some(agreement.charges_minor),
            "apr": self.writer.percent(agreement.apr_permille),
            "left": self._money(owed),
            "approval": agreement.approval,
            "method": self._label(evidence.method_id if evidence else ""),
            "how": evidence.method if evidence else "",
            "was_agreed": bool(evidence) or any(step.status in _AGREED for step in agreement.steps),
            "is_lapsed": agreement.status is AgreementStatus.LAPSED,
        }
        if self.contact.stage == Announced.AGREEMENT_CHANGED:
            values |= self._change(agreement)
        if "instalment" in self.contact.about:
            values |= self._of_instalment(agreement, int(self.contact.about["instalment"] or 0))
        return values

    def _of_instalment(self, agreement: Agreement, number: int) -> dict[str, Any]:
        part = part_of(self.account, agreement, number, self.policy, self.today)
        if part is None:
            raise InvalidInputError(f"the agreement has no instalment {number}")
        return {
            "amount": self._money(part.left_minor),
            "due_on": self._day(part.agreed.due_on),
            "until": self._day(part.last_on) if part.last_on else "",
            "instalment": number,
            "is_debited": bool(self.contact.about.get("is_debited")),
        }

    def _of_attempt(self) -> dict[str, Any]:
        about = self.contact.about
        attempt = self.account.attempts[str(about["attempt_id"])]
        method = self.account.methods.get(attempt.method_id)
        return {
            "amount": self._money(attempt.amount_minor),
            "method": self._label(attempt.method_id),
            "until": self._day(attempt.next_on) if attempt.next_on else "",
            "reason": self._reason(method.kind if method else MethodKind.CARD, attempt.code or str(about.get("code"))),
        }

    def _of_entry(self) -> dict[str, Any]:
        about = self.contact.about
        entry = self.account.entries[str(about.get("payment_id") or about.get("entry_id"))]
        left = self.account.balances.get(entry.currency, 0)
        return {
            "amount": self._money(entry.amount_minor),
            "on": self._day(entry.on),
            "left": self._some(left),
            "reference": entry.entry_id.partition("_")[2].upper(),
        }

    def _of_method(self) -> dict[str, Any]:
        method = self.account.methods[str(self.contact.about["method_id"])]
        return {
            "method": method.label,
            "on": self._day(business_date(method.saved_at, self.policy.creditor.timezone)),
            "is_automatic": method.autopay,
            "is_removed": method.status is MethodStatus.REMOVED,
        }

    def _of_debts(self) -> dict[str, Any]:
        """Of a validation notice. The period counts from the decision that let it go, as the letter's own date does."""
        customer, zone_name = self.account.customer, self.policy.creditor.timezone
        written = business_date(self.contact.decisions[-1].decided_at, zone_name)
        is_letter = self.contact.channel is Channel.LETTER
        ends_on = notice_period_end(written, by_post=is_letter)
        home = customer.address(Channel.LETTER)
        return {
            "address": ", ".join(home.splitlines()),
            "on": self._day(written),
            "owed_to": self._owed_to(),
            "reference": customer.number,
            "until": self._day(ends_on),
            "is_letter": is_letter,
        }

    def _owed_to(self) -> str:
        creditor, named = self.policy.creditor, self.account.customer.legal_entity
        if creditor.party == Party.THIRD and not (named or creditor.owed_to):
            raise InvalidInputError(
                "a validation notice names the one who is owed: import the customer with its legal entity, or write "
                "creditor.owed_to into the policy"
            )
        return named or creditor.owed_to or creditor.name

    # --- parts ---

    def _change(self, agreement: Agreement) -> dict[str, str]:
        """The first instalment that is not what the customer was told before."""
        told = schedule_told(str(self.contact.about.get("was", "")))
        new = (one for one in agreement.instalments if is_new(one, told))
        changed = next(new, agreement.instalments[-1])
        values = {"amount": self._money(changed.amount_minor), "due_on": self._day(changed.due_on)}
        return values | self._was(changed, agreement, told)

    def _was(self, one: AgreedInstalment, agreement: Agreement, told: Sequence[AgreedInstalment]) -> dict[str, str]:
        old = before(one, agreement.instalments, told, self.today)
        return {"was_amount": self._money(old.amount_minor), "was_on": self._day(old.due_on)} if old else {}

    def _scheduled(self, one: AgreedInstalment, agreement: Agreement) -> Line:
        told, when = schedule_told(str(self.contact.about.get("was", ""))), ""
        if told and is_new(one, told):
            was = self._was(one, agreement, told)
            when = self.phrases.say(str(self.phrases.common["schedule"]["was" if was else "new"]), was)
        amount, due_on = self._money(one.amount_minor), self.writer.short_date(one.due_on)
        return {"number": str(one.number), "due_on": due_on, "amount": amount, "when": when}

    def _paid_for(self) -> list[Line]:
        found = []
        for part in self.account.allocations(str(self.contact.about.get("payment_id"))):
            invoice = self.account.invoices[part.invoice_id]
            due_on, amount = self.writer.short_date(invoice.due_on), self._money(part.amount_minor)
            found.append({"number": invoice.number, "due_on": due_on, "amount": amount, "when": ""})
        return found

    def _itemised(self) -> list[Itemisation]:
        return itemised(self.account, [one for one in self.contact.invoice_ids if self.account.open_minor(one)])

    def _items(self, debt: Itemisation) -> list[Line]:
        """A debt on its itemisation date, what changed since, also where nothing did, and what it is today."""
        rows = (
            ("then", debt.then_minor),
            ("interest", debt.interest_minor),
            ("fees", debt.fees_minor),
            ("paid", -debt.paid_minor),
            ("credited", -debt.credited_minor),
            ("now", debt.now_minor),
        )
        words, on = self.phrases.common["itemised"], {"on": self.writer.short_date(debt.on)}
        return [
            {
                "number": debt.invoice.number,
                "due_on": self.phrases.say(str(words[key]), on),
                "amount": self._money(amount_minor),
                "when": "",
            }
            for key, amount_minor in rows
        ]

    def _label(self, method_id: str) -> str:
        method = self.account.methods.get(method_id)
        return method.label if method else ""

    def _reason(self, kind: MethodKind, code: str) -> str:
        if code == _EXPIRED:
            return "expired"
        return reason_of(kind, code, code).value

    def _money(self, amount_minor: int) -> str:
        return self.writer.money(amount_minor, self.contact.currency)

    def _some(self, amount_minor: int) -> str:
        return self._money(amount_minor) if amount_minor else ""

    def _day(self, day: date) -> str:
        return self.writer.long_date(day)
