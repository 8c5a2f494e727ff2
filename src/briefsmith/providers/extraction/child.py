"""The program that reads a hostile file: `python -I -m … KIND SECONDS MEMORY_BYTES`, the file on standard input.

It answers with one JSON document on the standard output that it was started with, and with nothing else.
"""

import importlib
import json
import os
import sys
from typing import Any

from briefsmith.providers.extraction.confinement import confine
from briefsmith.providers.extraction.port import MOST_CHARACTERS, ExtractionKind, Refusal
from briefsmith.providers.extraction.refusing import Refused

_PLACES = {
    ExtractionKind.PDF: ("pdf_files", "read_pdf"),
    ExtractionKind.DOCX: ("word", "read_document"),
    ExtractionKind.PPTX: ("slides", "read_presentation"),
    ExtractionKind.XLSX: ("workbooks", "read_workbook"),
    ExtractionKind.HTML: ("web_pages", "read_page"),
    ExtractionKind.CSV: ("delimited", "read_delimited"),
    ExtractionKind.MARKDOWN: ("delimited", "read_text"),
    ExtractionKind.TEXT: ("delimited", "read_text"),
}
_MEMORY = Refusal(
    "reading it takes more memory than it may",
    "Cut it into parts, or raise BRIEFSMITH_EXTRACT_MEMORY_MB.",
)
_FAULT = Refusal(
    "the converter failed at it",
    "Open it in the program that it was made with, save it again, and add that.",
)


def main() -> None:
    """Reads, answers, ends."""
    kind, seconds, memory_bytes = sys.argv[1:4]
    answer = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a converter prints is not part of the answer
    module, name = _PLACES[ExtractionKind(kind)]
    try:
        # Before it is confined: importing reads files, and takes address space that is not the file's.
        convert = getattr(importlib.import_module(f"{__package__}.{module}"), name)
    except ModuleNotFoundError as error:
        json.dump({"missing": str(error.name)}, answer)
        answer.close()
        return
    is_cut_off = confine(seconds=int(seconds), memory_bytes=int(memory_bytes))
    try:
        said = _converted(convert, is_cut_off=is_cut_off)
        json.dump(said, answer)
    except MemoryError:
        json.dump(_refused(_MEMORY), answer)
    answer.close()


def _converted(convert: Any, *, is_cut_off: bool) -> dict[str, Any]:
    try:
        with open(0, "rb", closefd=False) as source:
            extraction = convert(source.read())
    except Refused as refused:
        return _refused(refused.refusal)
    except MemoryError:
        return _refused(_MEMORY)
    except Exception as error:  # noqa: BLE001  a converter may fail in any way at a hostile file
        return {**_refused(_FAULT), "fault": type(error).__name__}
    parts = [(part.place, part.text) for part in extraction.parts]
    if sum(len(text) for _, text in parts) > MOST_CHARACTERS:
        reason = f"it holds more than {MOST_CHARACTERS // 1_000_000} million characters of text"
        return _refused(Refusal(reason, "Cut it into parts, and add those that matter."))
    return {"parts": parts, "notes": list(extraction.notes), "is_cut_off": is_cut_off}


def _refused(refusal: Refusal) -> dict[str, Any]:
    return {"reason": refusal.reason, "hint": refusal.hint}


if __name__ == "__main__":
    main()
