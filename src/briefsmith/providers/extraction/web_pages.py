"""HTML to Markdown; nothing that a page names is fetched."""

import re

from bs4 import BeautifulSoup, Comment, Tag
from markdownify import MarkdownConverter

from briefsmith.providers.extraction.port import Extraction, Part
from briefsmith.providers.extraction.refusing import refuse
from briefsmith.providers.extraction.tables import cell_text

_NO_TEXT = (
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "math",
    "iframe",
    "object",
    "embed",
    "canvas",
    "audio",
    "video",
    "form",
    "nav",
    "head",
)
_UNSEEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.IGNORECASE
)
_BLANK_LINES = re.compile(r"\n{3,}")
_LINKED = ("http://", "https://", "mailto:")
_DEEPEST_HEADING = 6
_MOST_COLUMNS = 100


class _Converter(MarkdownConverter):
    """Cells that hold bars and lines without ending their row."""

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002  as the class calls it
        """A cell."""
        return f" {cell_text(text)} |" * _columns(el)

    convert_th = convert_td


def _columns(cell: Tag) -> int:
    written = str(cell.get("colspan") or "1")
    return min(max(int(written), 1), _MOST_COLUMNS) if re.fullmatch(r"\d{1,4}", written) else 1


def read_page(data: bytes) -> Extraction:
    """A page's text, without what a browser does not show."""
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        hint = "Look whether it has the right name, and add it under that."
        refuse("its bytes are no text, whatever its name says", hint)
    return Extraction((Part("", markdown_of(BeautifulSoup(data, "html.parser"))),))


def markdown_of(soup: BeautifulSoup) -> str:
    """Markdown of a parsed page, which is changed on the way.

    Raises:
        Refused: Elements that are nested deeper than any page needs.
    """
    try:
        _strip(soup)
        converter = _Converter(
            heading_style="ATX",
            bullets="-",
            escape_asterisks=False,
            escape_underscores=False,
            table_infer_header=True,
        )
        text = converter.convert_soup(soup)
    except RecursionError:
        refuse(
            "its elements are nested too deeply",
            "Save its text from a browser, and add that.",
        )
    # The line in front: a page that begins with a rule has no front matter.
    return "\n" + _BLANK_LINES.sub("\n\n", text).strip() + "\n"


def _strip(soup: BeautifulSoup) -> None:
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for element in soup.find_all(_is_unseen):
        element.decompose()
    # A picture is elsewhere, and so is what a link within the page leads to.
    for picture in soup.find_all("img"):
        picture.replace_with(str(picture.get("alt") or ""))
    for link in soup.find_all("a"):
        if not str(link.get("href") or "").lower().startswith(_LINKED):
            link.unwrap()


def _is_unseen(element: Tag) -> bool:
    if element.name in _NO_TEXT or element.has_attr("hidden"):
        return True
    return _UNSEEN.search(str(element.get("style") or "")) is not None


def lower_headings(soup: BeautifulSoup) -> None:
    """Makes room for the title of a document over its headings."""
    for level in range(_DEEPEST_HEADING - 1, 0, -1):
        for heading in soup.find_all(f"h{level}"):
            if "title" not in (heading.get("class") or []):
                heading.name = f"h{level + 1}"
