"""Excel workbooks to Markdown tables, sheet by sheet."""

import datetime as dt
import io
from collections.abc import Iterator, Sequence

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from briefsmith.providers.extraction.archives import office_parts
from briefsmith.providers.extraction.headings import heading
from briefsmith.providers.extraction.port import Extraction, ExtractionKind, Part
from briefsmith.providers.extraction.refusing import refuse_damaged
from briefsmith.providers.extraction.tables import tables

_EXACT = 1e15
_Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def read_workbook(data: bytes) -> Extraction:
    """What the cells of visible sheets show, formulas as their last results."""
    office_parts(data, ExtractionKind.XLSX)
    parts: list[Part] = []
    hidden = 0
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for sheet in workbook.sheets_metadata:
            if sheet.typ is not SheetTypeEnum.WorkSheet:
                continue
            if sheet.visible is not SheetVisibleEnum.Visible:
                hidden += 1
                continue
            parts += _parts(workbook.get_sheet_by_name(sheet.name))
    except CalamineError:
        refuse_damaged()
    notes = () if not hidden else (f"Hidden sheets were left out: {hidden}.",)
    return Extraction(tuple(parts), notes)


def _parts(sheet: CalamineSheet) -> Iterator[Part]:
    found = tables(_rows(sheet))
    for number, (first, last, table) in enumerate(found):
        text = f"{heading(2, sheet.name)}\n\n{table}" if number == 0 else table
        yield Part(f"sheet “{sheet.name}”, rows {first} to {last}", text)


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, Sequence[str]]]:
    start = sheet.start
    if start is None:
        return
    used = _used_columns(sheet)
    for number, row in enumerate(sheet.iter_rows(), start=1):
        yield number, [_shown(row[column]) for column in used if column < len(row)]


def _used_columns(sheet: CalamineSheet) -> list[int]:
    used: set[int] = set()
    for row in sheet.iter_rows():
        used.update(column for column, cell in enumerate(row) if cell != "")
    return sorted(used)


def _shown(cell: _Cell) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _EXACT else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ", timespec="auto")
    return str(cell)
