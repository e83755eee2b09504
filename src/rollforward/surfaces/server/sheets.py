"""Sheets: how wide the paper is on which a reader sees a page, which its pictures are drawn for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from starlette.datastructures import Headers

Sheet = Literal["wide", "narrow"]

ASKED = "rollforward-sheet"
"""The header in which a page asks for its pictures on the other sheet, once they are to be seen on it."""

TOLD_BY = f"{ASKED}, Sec-CH-UA-Mobile, User-Agent"
"""The headers that tell the sheet."""


def sheet_of(headers: Headers) -> Sheet:
    """The sheet that a request asks for; where it names none, narrow for a telephone and wide for others."""
    if (asked := headers.get(ASKED)) in {"wide", "narrow"}:
        return "narrow" if asked == "narrow" else "wide"
    on_telephone = headers.get("sec-ch-ua-mobile") == "?1" or "Mobile" in headers.get("user-agent", "")
    return "narrow" if on_telephone else "wide"
