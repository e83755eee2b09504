"""What tells a customer's lines apart when the source does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollforward.sources.draft import Draft


def fill_identity(draft: Draft, *, is_change_log: bool = False) -> None:
    """Give every row a subscription and an item.

    Without a subscription there is one per customer and plan, without an item one per subscription and plan. In a
    change log the plan is what changes and tells nothing apart: one subscription per customer, one item in it.
    """
    import pyarrow.compute as pc

    arrays = draft.arrays
    if "subscription" not in arrays:
        return
    if is_change_log:
        arrays["subscription"] = pc.fill_null(arrays["subscription"], "")
        arrays["item"] = pc.coalesce(arrays["item"], arrays["subscription"])
        return
    plan = pc.fill_null(arrays["plan"], "")
    arrays["subscription"] = pc.coalesce(arrays["subscription"], plan)
    arrays["item"] = pc.coalesce(arrays["item"], plan)
