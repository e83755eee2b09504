"""The families of metrics, in the order in which their metrics are listed. A new one is named here."""

from importlib import import_module

FAMILIES = ("revenue", "retention", "churn", "growth", "value", "trials")
"""The modules of this folder that enter metrics into the registry."""

for family in FAMILIES:
    import_module(f"rollforward.metrics.{family}")
