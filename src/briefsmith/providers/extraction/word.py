"""Word documents to Markdown, by way of HTML."""

import io
from typing import Any

import mammoth  # pyright: ignore[reportMissingTypeStubs]
from bs4 import BeautifulSoup

from briefsmith.providers.extraction.archives import office_parts
from briefsmith.providers.extraction.port import Extraction, ExtractionKind, Part
from briefsmith.providers.extraction.refusing import refuse_damaged
from briefsmith.providers.extraction.web_pages import lower_headings, markdown_of

_STYLES = """
p[style-name='Title'] => h1.title:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Quote'] => blockquote:fresh
p[style-name='Intense Quote'] => blockquote:fresh
"""


def read_document(data: bytes) -> Extraction:
    """Headings, paragraphs, lists, tables, footnotes; no headers, comments and text that was deleted."""
    office_parts(data, ExtractionKind.DOCX)
    try:
        page = _html(data)
    except (MemoryError, RecursionError):
        raise
    except Exception:  # noqa: BLE001  what a damaged document leads to is not documented
        refuse_damaged()
    soup = BeautifulSoup(page, "html.parser")
    if soup.find("h1", class_="title"):
        lower_headings(soup)
    return Extraction((Part("", markdown_of(soup)),))


def _html(data: bytes) -> str:
    convert: Any = getattr(mammoth, "convert_to_html")  # noqa: B009  untyped, and said so
    result = convert(
        io.BytesIO(data), style_map=_STYLES, convert_image=_no_picture, external_file_access=False
    )
    return str(result.value)


def _no_picture(_image: object) -> list[Any]:
    """Nothing is opened: a picture has no text but what is said of it, which Word hides as well."""
    return []
