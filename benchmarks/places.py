"""Where the benchmark keeps what it makes."""

from pathlib import Path

FOLDER = Path("bench-data")
