"""PowerPoint presentations to Markdown, slide by slide, read from their XML."""

import posixpath
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

from briefsmith.providers.extraction.archives import office_parts
from briefsmith.providers.extraction.headings import heading, plain_line
from briefsmith.providers.extraction.port import Extraction, ExtractionKind, Part
from briefsmith.providers.extraction.refusing import refuse_damaged
from briefsmith.providers.extraction.tables import tables

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MAIN = "ppt/presentation.xml"
_TITLES = {"title", "ctrTitle"}
_NO_TEXT = {"sldNum", "dt", "ftr", "hdr", "sldImg"}
_DEEPEST = 100


def read_presentation(data: bytes) -> Extraction:
    """Titles, texts with their levels, tables and notes of slides that are shown, in their order."""
    parts = office_parts(data, ExtractionKind.PPTX)
    hidden = 0
    read: list[Part] = []
    try:
        for number, name in enumerate(_slides(parts), start=1):
            slide = _parsed(parts, name)
            if slide.get("show") == "0":
                hidden += 1
                continue
            notes = next(_related(parts, name, "notesSlide"), None)
            text = _slide(slide, number)
            if notes is not None:
                text += _notes(_parsed(parts, notes))
            read.append(Part(f"slide {number}", text))
    except (ET.ParseError, KeyError, ValueError):
        refuse_damaged()
    told = () if not hidden else (f"Hidden slides were left out: {hidden}.",)
    return Extraction(tuple(read), told)


def _parsed(parts: Mapping[str, bytes], name: str) -> ET.Element:
    # Without a document type, which was refused, there is nothing in XML that grows.
    return ET.fromstring(parts[name])  # noqa: S314


def _relationships(parts: Mapping[str, bytes], name: str) -> dict[str, tuple[str, str]]:
    """Targets of a part's relationships with their types, by their ids."""
    folder, base = posixpath.split(name)
    held = f"{folder}/_rels/{base}.rels"
    if held not in parts:
        return {}
    found: dict[str, tuple[str, str]] = {}
    for one in _parsed(parts, held):
        path = posixpath.normpath(posixpath.join("/", folder, one.get("Target", ""))).lstrip("/")
        found[one.get("Id", "")] = (path, one.get("Type", "").rpartition("/")[2])
    return found


def _related(parts: Mapping[str, bytes], name: str, kind: str) -> Iterator[str]:
    return (path for path, found in _relationships(parts, name).values() if found == kind)


def _slides(parts: Mapping[str, bytes]) -> list[str]:
    paths = _relationships(parts, _MAIN)
    listed = _parsed(parts, _MAIN).iterfind(f"{_P}sldIdLst/{_P}sldId")
    return [paths[one.get(f"{_R}id", "")][0] for one in listed]


def _slide(slide: ET.Element, number: int) -> str:
    title = f"Slide {number}"
    texts: list[str] = []
    for shape in _shapes(slide.find(f"{_P}cSld/{_P}spTree")):
        kind = _placeholder(shape)
        if kind in _TITLES and (words := " ".join(_words(shape).split())):
            title = words
        elif kind not in _NO_TEXT:
            texts += _texts(shape)
    return "\n\n".join([heading(2, title), *texts])


def _notes(slide: ET.Element) -> str:
    shapes = _shapes(slide.find(f"{_P}cSld/{_P}spTree"))
    texts = [text for one in shapes if _placeholder(one) == "body" for text in _texts(one)]
    return "" if not texts else "\n\n**Notes:**\n\n" + "\n\n".join(texts)


def _shapes(tree: ET.Element | None, depth: int = 0) -> Iterator[ET.Element]:
    """Shapes and tables, those in groups too."""
    for child in tree if tree is not None and depth < _DEEPEST else ():
        if child.tag == f"{_P}grpSp":
            yield from _shapes(child, depth + 1)
        elif child.tag in {f"{_P}sp", f"{_P}graphicFrame"}:
            yield child


def _placeholder(shape: ET.Element) -> str | None:
    found = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    return None if found is None else found.get("type", "body")


def _texts(shape: ET.Element) -> Iterator[str]:
    for table in shape.iterfind(f"{_A}graphic/{_A}graphicData/{_A}tbl"):
        rows = (
            [_words(cell) for cell in row.iterfind(f"{_A}tc")] for row in table.iterfind(f"{_A}tr")
        )
        yield from (text for _, _, text in tables(enumerate(rows, start=1)))
    is_list = _placeholder(shape) in {"body", "obj"}
    lines = list(_lines(shape.find(f"{_P}txBody")))
    if is_list and len(lines) > 1:
        yield "\n".join(f"{'  ' * level}- {line}" for level, line in lines)
    else:
        yield from (line for _, line in lines)


def _lines(body: ET.Element | None) -> Iterator[tuple[int, str]]:
    """Paragraphs with their levels, from 0; a paragraph without text is none."""
    for paragraph in () if body is None else body.iterfind(f"{_A}p"):
        properties = paragraph.find(f"{_A}pPr")
        level = int((properties is not None and properties.get("lvl")) or 0)
        if line := plain_line(_words(paragraph)):
            yield min(max(level, 0), 8), line


def _words(element: ET.Element) -> str:
    found = [
        " " if one.tag in {f"{_A}br", f"{_A}p"} else one.text or ""
        for one in element.iter()
        if one.tag in {f"{_A}t", f"{_A}br", f"{_A}p"}
    ]
    return "".join(found)
