"""What the model said about a customer, with the versions that said it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, Protocol

INVOICES_KEPT = 300
"""About 200 KB, half of what an item may hold."""
HISTORY_DAYS = 64


class Basis(NamedTuple):
    """What an assessment was made of: the account in a version, as seen on a day."""

    as_of: date
    account_version: int

    def covers(self, other: "Basis") -> bool:
        """Whether an assessment of the other would say nothing new: the account did not change, nor did the day."""
        return self.as_of == other.as_of and self.account_version >= other.account_version


class ScoreReason(NamedTuple):
    """One reason for a chance, in plain words, and which way it speaks.

    Attributes:
        feature: the model's input that it is about; empty in assessments from before this was kept.
        effect_permille: by how much the chance falls (negative: rises) when that input is set to neutral, in
            thousandths; 0 in assessments from before this was kept.
    """

    words: str
    feature: str = ""
    effect_permille: int = 0

    @property
    def direction(self) -> Literal["raises", "lowers"] | None:
        """What the input does to the chance; None where that was not kept."""
        if not self.effect_permille:
            return None
        return "raises" if self.effect_permille > 0 else "lowers"


@dataclass(frozen=True, slots=True)
class InvoiceAssessment:
    """The model's word on one open invoice, in thousandths, with up to four reasons for its next milestone: late at
    all, then more than 30, then more than 90 days.

    Attributes:
        late_permille: settled after its due date; late_30_permille, late_90_permille: more than so many days
            after it. None in assessments from before these were kept.
        expected_on: the day settlement is expected; in four cases of five it falls from earliest_on to latest_on. All
            three are None where the model cannot say.
    """

    invoice_id: str
    late_permille: int
    reasons: tuple[ScoreReason, ...]
    late_30_permille: int | None = None
    late_90_permille: int | None = None
    expected_on: date | None = None
    earliest_on: date | None = None
    latest_on: date | None = None


@dataclass(frozen=True, slots=True)
class PastScore:
    """A customer's risk on a day, in thousandths. `model`: the first two digits of the hash of the model that said so,
    by which a change of models is seen in the history; empty where they were not kept.
    """

    as_of: date
    risk_permille: int
    model: str = ""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What an account is expected to pay of what is past due in a currency.

    Attributes:
        past_due_minor: what may be asked for (minor units).
        permille_30, permille_60, permille_90: the part expected within so many days, in thousandths.
        expected_30_minor, expected_60_minor, expected_90_minor: the same as amounts.
        reasons: up to three for the likelihood within 30 days.
        model_version, card_id: who said so.
    """

    currency: str
    past_due_minor: int
    permille_30: int
    permille_60: int
    permille_90: int
    expected_30_minor: int
    expected_60_minor: int
    expected_90_minor: int
    reasons: tuple[ScoreReason, ...]
    model_version: str
    card_id: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """A customer's score and segment as of a date.

    Attributes:
        risk_permille: the customer's risk in thousandths.
        segment: a behaviour segment's name, empty when its model could not be read; segment_facts: the facts that put
            the customer there.
        model_version, model_sha256, card_id: which model said so; its version is its identity (`identity_of`), so that
            what was decided by it names the very model.
        risk_reasons: up to four reasons for the risk.
        invoices_left_out: how many open invoices have no assessment of their own here, since a store keeps
            `INVOICES_KEPT` at most; the customer's risk counts them.
        history: the scores of the last `HISTORY_DAYS` days on which there was one, oldest first, this one last. The
            store fills it in.
        recoveries: what is expected of what is past due, by currency; empty when nothing is, or when its model could
            not be read.
        account_version: of the account that was assessed; 0 in assessments from before this was kept.
    """

    customer_id: str
    as_of: date
    risk_permille: int
    segment: str
    segment_facts: tuple[str, ...]
    invoices: tuple[InvoiceAssessment, ...]
    model_version: str
    model_sha256: str
    card_id: str
    risk_reasons: tuple[ScoreReason, ...] = ()
    invoices_left_out: int = 0
    history: tuple[PastScore, ...] = ()
    recoveries: tuple[Recovery, ...] = ()
    account_version: int = 0

    @property
    def past_score(self) -> PastScore:
        """This score as it stands in the history."""
        return PastScore(self.as_of, self.risk_permille, self.model_sha256[:2])

    def recovery(self, currency: str) -> Recovery | None:
        """What is expected of what is past due in a currency, or None when nothing is."""
        return next((one for one in self.recoveries if one.currency == currency), None)


class AssessmentStore(Protocol):
    """Where assessments are kept."""

    def assess(self, assessments: Sequence[Assessment], today: date | None = None) -> list[str]:
        """Keep the customers' assessments and their history. One never replaces another of a later day, nor one of
        the same day of a later version of the account.

        Args:
            today: the business date, when it is known: what is dated after it came of a wrong clock and is replaced.

        Returns:
            Whose assessment was not kept.
        """
        ...

    def basis(self, customer_id: str) -> Basis | None:
        """What the customer's newest assessment was made of, or None."""
        ...

    def assessment(self, customer_id: str) -> Assessment | None:
        """The customer's newest assessment, or None."""
        ...
