"""Powertools reads these when a function is imported; in Lambda they come from the template's Globals."""

import os

os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Dunwell")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "dunwell")
