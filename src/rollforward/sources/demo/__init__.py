"""The demo company: made by the project from a seed, at any size, with its own truth."""

from rollforward.sources.demo.company import DemoCompany
from rollforward.sources.demo.truth import MonthTruth, Truth

__all__ = ["DemoCompany", "MonthTruth", "Truth"]
