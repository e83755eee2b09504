"""The families of metrics. A new one is imported here, and stands in every list from then on."""

from rollforward.metrics import churn, growth, retention, revenue, trials, value

__all__ = ["churn", "growth", "retention", "revenue", "trials", "value"]
