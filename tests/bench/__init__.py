"""What the hot paths cost, each beside a plain alternative in the same run: `make bench`."""

import os

# Powertools reads these when a function is imported; in Lambda they come from the template's Globals.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Dunwell")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "dunwell")
os.environ.setdefault("LOG_LEVEL", "ERROR")
