"""A model as it is asked when it is measured: about moments, with what it is told beside the ledger, as in service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dunwell.scoring.ports import Forecast, Scorer
from model_artifacts.late_payment.dataset import Ledger, Moment
from model_artifacts.optional_inputs.figures import Telling


@dataclass(frozen=True, slots=True)
class Asking:
    """A model and, where it takes figures and they are at hand, what these say. `owner`: whose an invoice is."""

    scorer: Scorer
    telling: Telling | None = None
    owner: Mapping[str, str] = field(default_factory=dict)

    def column(self, horizon_days: int) -> int:
        """Where a horizon's probability stands in an answer."""
        return self.scorer.model.horizons_days.index(horizon_days)

    def forecasts(self, test: Sequence[Moment]) -> list[Forecast]:
        """The answer at each moment."""
        return self.scorer.forecasts([(*moment.features, *self.told(moment)) for moment in test])

    def told(self, moment: Moment) -> tuple[float, ...]:
        """What figures say at a moment; nothing where there are none, zero where they do not know."""
        return self.telling.of(self.owner[moment.invoice.invoice_id], moment.day).row if self.telling else ()


def asking(scorer: Scorer, ledger: Ledger, telling: Telling | None) -> Asking:
    """A model that is asked about a ledger's invoices."""
    if telling is None or not telling.inputs:
        return Asking(scorer)
    return Asking(scorer, telling, {one.invoice_id: customer for customer, own in ledger.items() for one in own})
