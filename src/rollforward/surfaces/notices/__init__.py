"""Notices: what a book tells by itself (digests, large movements, imports of watched folders), and when."""

from rollforward.surfaces.notices.keeping import FolderKeeper, Keeper, MemoryKeeper
from rollforward.surfaces.notices.scheduled import Scheduled, subscribe
from rollforward.surfaces.notices.subscriptions import Subscription, Told, Watch

__all__ = ["FolderKeeper", "Keeper", "MemoryKeeper", "Scheduled", "Subscription", "Told", "Watch", "subscribe"]
