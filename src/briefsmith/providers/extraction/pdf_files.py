"""PDF files to Markdown: PDFium tells where each character is, and the layout is read from that."""

import ctypes
import sys

import pypdfium2 as pdfium  # pyright: ignore[reportMissingTypeStubs]
from pypdfium2 import raw  # pyright: ignore[reportMissingTypeStubs]

from briefsmith.providers.extraction.pdf_grids import LINE_END, Glyph, Ruling
from briefsmith.providers.extraction.pdf_layout import markdown_pages
from briefsmith.providers.extraction.pdf_page import Page, page_of
from briefsmith.providers.extraction.port import Extraction, Part
from briefsmith.providers.extraction.refusing import refuse, refuse_damaged, refuse_encrypted

MOST_PAGES = 2_000
_MOST_PATHS = 5_000
_MOST_SEGMENTS = 5
_THIN = 2.5
_LONG = 8.0
_END = b"%%EOF"
_END_WITHIN = 1024
_FONT_NAME_BYTES = 128
_BOLD = (b"Bold", b"Black", b"Heavy")
_LINE_ENDS = frozenset({0x0A, 0x0D})
_SPACE = 0x20
_DIVISION = 0x02
_HALVES = range(0xD800, 0xE000)
_SHOWN_PAGES = 10


def read_pdf(data: bytes) -> Extraction:
    """Headings, paragraphs, lists and tables, page by page; no text that is in pictures."""
    if b"%PDF-" not in data[:_END_WITHIN]:
        refuse_damaged()
    if _END not in data[-_END_WITHIN:]:
        # PDFium would mend it, and nobody would know which pages are missing.
        refuse_damaged()
    document = _opened(data)
    count = len(document)
    if count > MOST_PAGES:
        reason = f"it has {count:,} pages, and {MOST_PAGES:,} are read at most"
        refuse(reason, "Cut it into parts, and add those that matter.")
    pages = [_page(document, index) for index in range(count)]
    bare = [number for number, page in enumerate(pages, start=1) if not page.elements]
    if len(bare) == count:
        reason = "it has no text: its pages are pictures, as those of a scan are"
        refuse(reason, "Let a program for text recognition (OCR) add the text, and add that.")
    parts = [
        Part(f"page {number}", text) for number, text in enumerate(markdown_pages(pages), start=1)
    ]
    return Extraction(tuple(parts), _note(bare))


def _note(bare: list[int]) -> tuple[str, ...]:
    if not bare:
        return ()
    shown = ", ".join(str(number) for number in bare[:_SHOWN_PAGES])
    more = f" and {len(bare) - _SHOWN_PAGES} more" if len(bare) > _SHOWN_PAGES else ""
    return (f"Pages without text, which may be scans: {shown}{more}.",)


def _opened(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) in {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}:
            refuse_encrypted()
        refuse_damaged()


def _page(document: pdfium.PdfDocument, index: int) -> Page:
    try:
        page = document[index]
        text = page.get_textpage()
    except pdfium.PdfiumError:
        refuse_damaged()
    try:
        height = page.get_height()
        return page_of(_glyphs(text), _rulings(page), height)
    finally:
        text.close()
        page.close()


def _glyphs(text: pdfium.PdfTextPage) -> list[Glyph]:
    handle, box = text.raw, raw.FS_RECTF()
    pointer = ctypes.byref(box)
    name = ctypes.create_string_buffer(_FONT_NAME_BYTES)
    glyphs: list[Glyph] = []
    begins, is_bold = True, False
    for place in range(text.count_chars()):
        code = raw.FPDFText_GetUnicode(handle, place)
        if code == _DIVISION:  # a hyphen at a line's end; PDFium goes on as if the line did
            glyphs += [Glyph("-", box.right, box.bottom, box.right, box.top, is_bold), LINE_END]
            continue
        if code in _LINE_ENDS:
            glyphs.append(LINE_END)
            begins = True
            continue
        if begins:  # asked for each word, as asking for each character takes long
            raw.FPDFText_GetFontInfo(handle, place, name, _FONT_NAME_BYTES, None)
            is_bold = any(word in name.value for word in _BOLD)
        begins = code == _SPACE
        raw.FPDFText_GetLooseCharBox(handle, place, pointer)
        glyphs.append(Glyph(_character(code), box.left, box.bottom, box.right, box.top, is_bold))
    return glyphs


def _character(code: int) -> str:
    """The character, or the one that stands for none: NUL, half a pair, or beyond Unicode."""
    is_one = 0 < code <= sys.maxunicode and code not in _HALVES
    return chr(code) if is_one else "\ufffd"


def _rulings(page: pdfium.PdfPage) -> list[Ruling]:
    """Straight lines and boxes, which tables are drawn with; none on a page that is a drawing."""
    found: list[Ruling] = []
    for place in range(min(raw.FPDFPage_CountObjects(page.raw), _MOST_PATHS)):
        path = raw.FPDFPage_GetObject(page.raw, place)
        if raw.FPDFPageObj_GetType(path) != raw.FPDF_PAGEOBJ_PATH:
            continue
        if raw.FPDFPath_CountSegments(path) > _MOST_SEGMENTS:
            continue
        sides = [ctypes.c_float() for _ in range(4)]
        if raw.FPDFPageObj_GetBounds(path, *(ctypes.byref(side) for side in sides)):
            left, bottom, right, top = (side.value for side in sides)
            found += _sides(left, bottom, right, top)
    return found


def _sides(left: float, bottom: float, right: float, top: float) -> list[Ruling]:
    is_flat, is_narrow = top - bottom <= _THIN, right - left <= _THIN
    if is_flat and is_narrow:
        return []
    if is_flat:
        return [Ruling(left, bottom, right, top)] if right - left >= _LONG else []
    if is_narrow:
        return [Ruling(left, bottom, right, top)] if top - bottom >= _LONG else []
    return [
        Ruling(left, bottom, right, bottom),
        Ruling(left, top, right, top),
        Ruling(left, bottom, left, top),
        Ruling(right, bottom, right, top),
    ]
