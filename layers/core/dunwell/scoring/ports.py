"""What scoring needs from outside: a model that turns features into probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Which model made a score; travels with every score. `sha256` is the model file's, `card_id` its card's;
    `horizons_days` names the columns of its answer: late by more than so many days."""

    name: str
    version: str
    sha256: str
    card_id: str
    feature_names: tuple[str, ...]
    horizons_days: tuple[int, ...]


class Scorer(Protocol):
    """A model behind onnxruntime, or a stand-in."""

    @property
    def model(self) -> ModelVersion:
        """The model behind this scorer."""
        ...

    def probabilities(self, rows: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
        """For each row of features (in the order of `model.feature_names`), the probability of being
        settled later than each of `model.horizons_days` after the due date.
        """
        ...
