"""What scoring needs from outside: a model that turns features into probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from dunwell.scoring.delivery import NO_OFFSETS, DeliveryOffsets
from dunwell.scoring.outside import OutsideInput

SETTLEMENT_QUANTILES = (0.1, 0.5, 0.9)
"""Of the time to settlement: an interval that four in five settlements fall into, and the likeliest middle."""

TAUGHT_TERMS_DAYS = 60
"""The longest time to pay that the models were taught which do not say so themselves."""


def identity_of(version: str, sha256: str) -> str:
    """The version with the first digits of the file's hash, as in ``2.3.0+7dba1c2e90ab``: trained again under the same
    version, a model is another one. One that is not in a file yet has its version alone.
    """
    return f"{version}+{sha256[:12]}" if sha256 else version


class ModelDataError(Exception):
    """A model that is kept as data cannot be read: no fault of any customer's facts, and nobody is refused for it."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Which model made a score; travels with every score. `sha256` is the model file's, `card_id` its card's;
    `horizons_days` names the columns of its answer: late by more than so many days. `outside` are the inputs beside the
    ledger that it was trained on, if any; `delivery` is what it learned of how invoices are sent, which its features
    need; `longest_terms_days` the longest time to pay that it was taught."""

    name: str
    version: str
    sha256: str
    card_id: str
    feature_names: tuple[str, ...]
    horizons_days: tuple[int, ...]
    outside: tuple[OutsideInput, ...] = ()
    delivery: DeliveryOffsets = NO_OFFSETS
    longest_terms_days: int = TAUGHT_TERMS_DAYS

    @property
    def identity(self) -> str:
        """Names this very model, in logs and on what was scored (`identity_of`)."""
        return identity_of(self.version, self.sha256)


class Forecast(NamedTuple):
    """What the model says of one row.

    Attributes:
        probabilities: of being settled later than each of the model's horizons after the due date; a later horizon's
            is never above that of an earlier one that has not passed yet.
        lateness: `SETTLEMENT_QUANTILES` of the settlement's lateness on the root scale (`dunwell.scoring.habit`).
        effects: by horizon, by feature, then by input from outside the ledger where the model has any: how much the
            probability falls when the feature is set to neutral.
    """

    probabilities: Sequence[float]
    lateness: Sequence[float]
    effects: Sequence[Sequence[float]]


class Scorer(Protocol):
    """A model behind onnxruntime, or a stand-in."""

    @property
    def model(self) -> ModelVersion:
        """The model behind this scorer."""
        ...

    def forecasts(self, rows: Sequence[Sequence[float]]) -> list[Forecast]:
        """What the model says of each row of features (in the order of `model.feature_names`); behind them may stand
        the columns of `model.outside`, in all rows or in none.
        """
        ...
