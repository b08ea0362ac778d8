"""Models: how each was made, beside what it is. Run from the project's root, `python -m
model_artifacts.<model>.train`.
"""

import sys
from pathlib import Path

# Lambda finds the layers by itself; a training run on a laptop has to be shown where they are.
_LAYERS = Path(__file__).parents[1] / "layers"
_NEEDED = [_LAYERS / name for name in ("core", "scoring", "aws")]
sys.path[:0] = [str(p) for p in _NEEDED if str(p) not in sys.path]
