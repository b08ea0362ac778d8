"""A model with another to fall back to, so that a damaged deployment costs a version and not a day's scores."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from dunwell.scoring.ports import Forecast, ModelVersion
from dunwell_onnx.scorer import ModelFileError, OnnxScorer

CHAMPION = "champion"
"""The folder, inside a model's own, of the last model that was proven in service."""
CHALLENGER = "challenger"
"""The folder of a model that is only asked beside the one in service, never listened to."""


class FallbackScorer:
    """Serves the model in a folder, or, when it cannot be served, the champion beside it.

    `alarm` is told once why. With no champion either, every use raises `ModelFileError` with both reasons.
    """

    def __init__(self, folder: Path | str, alarm: Callable[[str], None]) -> None:
        self._folder = Path(folder)
        self._alarm = alarm

    @property
    def model(self) -> ModelVersion:
        """What is on record about the model that is served."""
        return self._serving.model

    @property
    def record(self) -> dict[str, Any]:
        """All that is on record about the model that is served."""
        return self._serving.record

    def probabilities(self, rows: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
        """See `OnnxScorer.probabilities`."""
        return self._serving.probabilities(rows)

    def forecasts(self, rows: Sequence[Sequence[float]]) -> list[Forecast]:
        """See `OnnxScorer.forecasts`."""
        return self._serving.forecasts(rows)

    @cached_property
    def _deployed(self) -> OnnxScorer:
        return OnnxScorer(self._folder)

    @cached_property
    def _serving(self) -> OnnxScorer:
        try:
            _ = self._deployed.model
        except ModelFileError as error:
            return self._champion(error)
        return self._deployed

    def _champion(self, error: ModelFileError) -> OnnxScorer:
        champion = OnnxScorer(self._folder / CHAMPION)
        try:
            version = champion.model.version
        except ModelFileError as other:
            raise ModelFileError(f"{error} There is no champion to fall back to: {other}") from error
        self._alarm(f"{error} Version {version}, the champion, is served instead.")
        return champion
