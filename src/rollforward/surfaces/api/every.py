"""Every operation: importing the groups enters them."""

from __future__ import annotations

from rollforward.surfaces.api import accounts, closes, figures, notes, policies, records, sources
from rollforward.surfaces.api.operations import OPERATIONS

GROUPS = tuple(module.group for module in (figures, accounts, sources, policies, closes, notes, records))
"""The groups in the order in which they are described."""

IN_ORDER = [one for group in GROUPS for one in OPERATIONS.values() if one.tag == group.tag]
"""Every operation, group by group."""

__all__ = ["GROUPS", "IN_ORDER", "OPERATIONS"]
