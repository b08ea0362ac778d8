"""What a handler may cost before its bench is flagged: the one place for it. Nothing fails on time: machines differ."""

IMPORT_MS = 250.0
"""Importing a handler in a fresh interpreter, median. A cold start is this, the first client, and Lambda's own part."""

PEAK_MB = 64.0
"""Resident memory after importing a handler and making its first AWS client. Lambda's smallest size is 128 MB."""

PEAK_MB_OF = {"ScorePortfolio": 128.0, "ScoreAccount": 128.0}
"""Of functions that need more: this one holds onnxruntime and the model."""
