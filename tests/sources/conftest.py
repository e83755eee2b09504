"""Little files, written as people write them, and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollforward.sources.files import read_files
from rollforward.sources.map_file import parse_map

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rollforward.records.batch import Batch

TERMS = """
shape = "terms"

[columns]
customer = "customer"
amount = "amount"
currency = "currency"
interval = "interval"
starts = "starts"
ends = "ends"
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A file of that name with that content."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def imported(write: Callable[..., Path]) -> Callable[..., Batch]:
    """The one batch of a file of that content under a map."""

    def imported(
        content: str | bytes, column_map: str = TERMS, *, name: str = "file.csv", timezone: str = "UTC"
    ) -> Batch:
        path = write(name, content)
        parsed = parse_map(column_map, where="test", folder=path.parent)
        (batch,) = read_files([path], parsed, source="test", timezone=timezone)
        return batch

    return imported
