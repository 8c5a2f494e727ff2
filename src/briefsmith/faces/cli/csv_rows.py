"""Comma-separated values, as RFC 4180 has them."""

import csv
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from io import TextIOWrapper
from typing import TextIO, cast


def write_csv(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A head and a line a row, ended by CRLF; times in ISO 8601, lists joined by `; `, nothing for None."""
    stream: TextIO = sys.stdout
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(newline="")  # the ends of lines are part of the format
    writer = csv.writer(sys.stdout)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(value) for value in row])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list | tuple):
        return "; ".join(str(one) for one in cast("Sequence[object]", value))
    return str(value)
