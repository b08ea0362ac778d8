"""What was measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("boto3", "jinja2", "numpy", "onnxruntime", "pydantic", "scikit-learn", "stripe", "aws-lambda-powertools")


def machine() -> dict[str, object]:
    """Cores, processor, Python and the versions that matter; the load tells how far to trust the times."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": [round(value, 2) for value in os.getloadavg()],
        "versions": {name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
