"""A notice: what is told, ready to be written as text, as HTML and as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from rollforward.formats import cells, json_text, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.formats import Answer
    from rollforward.results import Stamp

Kind = Literal["digest", "movements", "import"]

_PAGE = "font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:15px;line-height:1.45;max-width:44em"
_CELL = "padding:3px 14px 3px 0;border-bottom:1px solid #8885;vertical-align:baseline"
NOTHING = "Nothing."
_NUMBERS = ("money", "ratio", "count")


@dataclass(frozen=True)
class Block:
    """A table under a heading. `links` leads from each row to its page; `page` from the table to the whole of it."""

    name: str
    heading: str
    answer: Answer
    page: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notice:
    """What is told. `about` names it among those of its kind; `withheld` says why there are no figures."""

    kind: Kind
    about: str
    title: str
    lines: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    withheld: str = ""
    stamp: Stamp | None = None
    data: tuple[tuple[str, Any], ...] = ()

    def text(self) -> str:
        """The notice as plain text."""
        parts = ["\n".join([self.title, "=" * len(self.title)]), *self.lines]
        parts += [f"Withheld: {self.withheld}"] if self.withheld else []
        parts += [_text_of(block) for block in self.blocks]
        return "\n\n".join([*parts, *([str(self.stamp)] if self.stamp else [])]) + "\n"

    def html(self) -> str:
        """The notice as a page of HTML that needs nothing from elsewhere."""
        parts = [f"<h1 style='font-size:20px'>{escape(self.title)}</h1>"]
        parts += [f"<p>{escape(line)}</p>" for line in self.lines]
        parts += [f"<p><strong>Withheld:</strong> {escape(self.withheld)}</p>"] if self.withheld else []
        parts += [_html_of(block) for block in self.blocks]
        parts += [f"<p style='font-size:12px;opacity:.75'>{escape(str(self.stamp))}</p>"] if self.stamp else []
        head = f"<meta charset='utf-8'><title>{escape(self.title)}</title>"
        body = "\n".join(parts)
        return f"<!doctype html><html lang='en'><head>{head}</head><body style=\"{_PAGE}\">\n{body}\n</body></html>\n"

    def payload(self, name: str, at: str) -> str:
        """The notice as the body of a webhook, in the form of Standard Webhooks: type, timestamp, data."""
        data: dict[str, Any] = {"subscription": name, "about": self.about, "title": self.title, **dict(self.data)}
        data |= {"withheld": self.withheld or None, "notes": list(self.lines)}
        data |= {"stamp": self.stamp.to_dict() if self.stamp else None}
        data |= {block.name: _json_of(block) for block in self.blocks}
        return json.dumps({"type": f"mrr.{self.kind}", "timestamp": at, "data": data}, ensure_ascii=False)


def _text_of(block: Block) -> str:
    rows = table(block.answer).decode().rstrip() if block.answer.rows else NOTHING
    return "\n".join([block.heading, rows, *([block.page] if block.page else [])])


def _json_of(block: Block) -> dict[str, Any]:
    """The columns and exact rows of a block, each row with its link."""
    found = json.loads(json_text(block.answer))
    rows = found["rows"]
    for row, link in zip(rows, block.links, strict=False):
        row["link"] = link
    return {"columns": found["columns"], "rows": rows, "link": block.page or None}


def _html_of(block: Block) -> str:
    heading = escape(block.heading)
    title = f"<a href='{escape(block.page)}'>{heading}</a>" if block.page else heading
    if not block.answer.rows:
        return f"<h2 style='font-size:16px'>{title}</h2>\n<p>{NOTHING}</p>"
    rows = _turned(block) if block.answer.turned else _upright(block)
    style = "border-collapse:collapse;font-variant-numeric:tabular-nums"
    return f"<h2 style='font-size:16px'>{title}</h2>\n<table style='{style}'>\n{rows}\n</table>"


def _turned(block: Block) -> str:
    """A row for each column, headed by its name."""
    grid = zip(block.answer.names, *cells(block.answer), strict=True)
    return "\n".join(_row([_cell("th", name, right=False), *_numbers(values)]) for name, *values in grid)


def _numbers(values: Sequence[str]) -> list[str]:
    return [_cell("td", value, right=True) for value in values]


def _upright(block: Block) -> str:
    columns = block.answer.columns
    right = [column.kind in {*_NUMBERS, "day"} for column in columns]
    head = _row([_cell("th", name, right=at) for name, at in zip(block.answer.names, right, strict=True)])
    links = block.links or ("",) * len(block.answer.rows)
    lines = [
        _row([_cell("td", text, right=at, link=link if not place else "") for place, (text, at) in enumerate(pairs)])
        for row, link in zip(cells(block.answer), links, strict=True)
        for pairs in (zip(row, right, strict=True),)
    ]
    return "\n".join([head, *lines])


def _row(made: Sequence[str]) -> str:
    return f"<tr>{''.join(made)}</tr>"


def _cell(tag: str, text: str, *, right: bool, link: str = "") -> str:
    inner = f"<a href='{escape(link)}'>{escape(text)}</a>" if link else escape(text)
    align = "right;white-space:nowrap" if right else "left"
    weight = ";font-weight:500" if tag == "th" else ""
    return f"<{tag} style='{_CELL};text-align:{align}{weight}'>{inner}</{tag}>"
