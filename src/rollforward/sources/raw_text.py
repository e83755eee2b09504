"""Each row as its source gave it, as a JSON object in one text."""

from __future__ import annotations

import json
import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.sources.raw import RawRows

_NEEDS_QUOTING = re.compile(r'["\\\x00-\x1f]')


def raw_texts(raw: RawRows) -> list[str]:
    """The JSON of each row: its columns by name, with the values as text."""
    if not raw.columns:
        return ["{}"] * len(raw.numbers)
    # One template and one quoting function per cell are several times quicker than a JSON dump a row.
    names = (json.dumps(name, ensure_ascii=False).replace("%", "%%") for name in raw.columns)
    columns = list(map(_quoted, raw.values))
    template = "{" + ", ".join(f"{name}: {mark}" for name, (mark, _) in zip(names, columns, strict=True)) + "}"
    return [template % row for row in zip(*(values for _, values in columns), strict=True)]


def _quoted(values: Sequence[str | None]) -> tuple[str, Sequence[str | None]]:
    """A column's place in the template, and its values, quoted one by one only if any of them needs it."""
    if None in values:
        return "%s", ["null" if value is None else encode_basestring(value) for value in values]
    texts = cast("Sequence[str]", values)
    if _NEEDS_QUOTING.search("".join(texts)):
        return "%s", list(map(encode_basestring, texts))
    return '"%s"', texts
