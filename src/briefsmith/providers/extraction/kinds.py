"""Which files text can be taken out of, by what is known before they are read."""

from pathlib import PurePosixPath

from briefsmith.providers.extraction.port import ExtractionKind, Refusal

_BY_EXTENSION = {
    ".pdf": ExtractionKind.PDF,
    ".docx": ExtractionKind.DOCX,
    ".pptx": ExtractionKind.PPTX,
    ".xlsx": ExtractionKind.XLSX,
    ".html": ExtractionKind.HTML,
    ".htm": ExtractionKind.HTML,
    ".xhtml": ExtractionKind.HTML,
    ".csv": ExtractionKind.CSV,
    ".tsv": ExtractionKind.CSV,
    ".md": ExtractionKind.MARKDOWN,
    ".markdown": ExtractionKind.MARKDOWN,
    ".txt": ExtractionKind.TEXT,
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_BY_TYPE = {
    "application/pdf": ExtractionKind.PDF,
    f"{_OFFICE}wordprocessingml.document": ExtractionKind.DOCX,
    f"{_OFFICE}presentationml.presentation": ExtractionKind.PPTX,
    f"{_OFFICE}spreadsheetml.sheet": ExtractionKind.XLSX,
    "text/html": ExtractionKind.HTML,
    "application/xhtml+xml": ExtractionKind.HTML,
    "text/csv": ExtractionKind.CSV,
    "text/tab-separated-values": ExtractionKind.CSV,
    "text/markdown": ExtractionKind.MARKDOWN,
    "text/plain": ExtractionKind.TEXT,
}
_WITH_MACROS = {".docm": "docx", ".dotm": "docx", ".pptm": "pptx", ".xlsm": "xlsx", ".xlsb": "xlsx"}
_BEFORE_2007 = {".doc": "docx", ".dot": "docx", ".ppt": "pptx", ".xls": "xlsx"}
READABLE = "PDF, DOCX, PPTX, XLSX, HTML, CSV, Markdown and plain text"


def kind_of(name: str, content_type: str | None) -> ExtractionKind | Refusal:
    """How a file is to be read: its name decides, as text is text whatever it means; the bytes are looked at later.

    Args:
        name: As a person named it.
        content_type: What its bytes were found to be; decides where the name tells nothing.
    """
    extension = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    if extension in _BY_EXTENSION:
        return _BY_EXTENSION[extension]
    if extension in _WITH_MACROS:
        plain = _WITH_MACROS[extension]
        reason = f"files of this kind ({extension}) may hold macros, which are programs"
        return Refusal(reason, f"Save it as .{plain}, without macros, and add that.")
    if extension in _BEFORE_2007:
        return before_2007(_BEFORE_2007[extension])
    kind = _BY_TYPE.get((content_type or "").partition(";")[0].strip().lower())
    if kind is None:
        return Refusal("there is no text in it that could be read", f"{READABLE} can be read.")
    return kind


def before_2007(extension: str) -> Refusal:
    """The answer to Office's old binary formats."""
    reason = "it is in the format that Office used before 2007"
    return Refusal(reason, f"Save it as .{extension} and add that.")
