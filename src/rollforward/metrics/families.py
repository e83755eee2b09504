"""The families of metrics, in the order in which their metrics are listed. A new one is named here."""

from importlib import import_module

from rollforward.metrics.registry import METRICS

FAMILIES = ("revenue", "retention", "churn", "growth", "value", "trials")
"""The modules of this folder that enter metrics into the registry."""

for family in FAMILIES:
    import_module(f"rollforward.metrics.{family}")

# Whichever module was imported first by whatever else needed it, metrics stand in the order of their families.
for _name, _metric in sorted(
    METRICS.items(), key=lambda entry: FAMILIES.index(entry[1].compute.__module__.split(".")[-1])
):
    METRICS[_name] = METRICS.pop(_name)
