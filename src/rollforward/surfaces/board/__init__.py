"""The board page: the figures of a period on two pages of PDF, for those who read no dashboard."""

from rollforward.surfaces.board.page import pdf

__all__ = ["pdf"]
