"""Files to take text out of: good ones as other programs make them, and hostile ones, all small."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import docx
import openpyxl
import pptx
from pptx.util import Inches
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    ListFlowable,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

ROW = (
    "Team",
    "49 EUR",
    "up to ten people, with a note that is long enough to be wrapped in its cell",
)
RUNNING = (
    "Every supplier confirms an order within two working days, in writing, and names a person who "
    "answers for it until the goods have arrived and were counted. "
)


def handbook_pdf(pages: int = 3) -> bytes:
    """Title, headings of two levels, paragraphs, a list, a ruled table, running heads and page numbers."""
    styles, story = getSampleStyleSheet(), list[Flowable]()
    story.append(Paragraph("Supplier handbook", styles["Title"]))
    for number in range(1, pages + 1):
        story += [
            Paragraph(f"{number}. Chapter about orders", styles["Heading1"]),
            Paragraph(RUNNING * 3, styles["Normal"]),
            Paragraph("What to watch", styles["Heading2"]),
            ListFlowable(
                [Paragraph(f"{word} {RUNNING}", styles["Normal"]) for word in ("First", "Second")],
                bulletType="bullet",
            ),
            Spacer(1, 12),
            _ruled([["Tier", "Price", "Note"], [*ROW[:2], Paragraph(ROW[2], styles["Normal"])]]),
            Spacer(1, 12),
            Paragraph(RUNNING, styles["Normal"]),
            PageBreak(),
        ]
    target = io.BytesIO()
    SimpleDocTemplate(target, pagesize=A4).build(story, onFirstPage=_margins, onLaterPages=_margins)
    return target.getvalue()


def _ruled(rows: list[list[object]]) -> Table:
    table = Table(rows, colWidths=[80, 80, 160])
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)]))
    return table


def _margins(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont("Helvetica", 8)
    canvas.drawString(50, 30, "ACME Corp., confidential")
    canvas.drawRightString(550, 30, f"Page {canvas.getPageNumber()}")


def drawn_pdf(*lines: tuple[float, float, str], opened_by: str | None = None) -> bytes:
    """One page with texts at places; with none of them, the drawing that a scan would be."""
    target = io.BytesIO()
    encrypt = StandardEncryption(opened_by) if opened_by else None
    canvas = Canvas(target, pagesize=A4, encrypt=encrypt)
    canvas.setFont("Helvetica", 11)
    for x, y, text in lines:
        canvas.drawString(x, y, text)
    canvas.ellipse(100, 300, 300, 500, fill=1)
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def long_pdf(pages: int) -> bytes:
    """So many pages that are all empty."""
    kids = " ".join(f"{number} 0 R" for number in range(3, pages + 3))
    objects = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Count {pages}/Kids[{kids}]>>"]
    objects += ["<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"] * pages
    body, places = b"%PDF-1.4\n", list[int]()
    parts = [body]
    size = len(body)
    for number, text in enumerate(objects, start=1):
        places.append(size)
        parts.append(f"{number} 0 obj{text}endobj\n".encode())
        size += len(parts[-1])
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    count = len(objects) + 1
    end = f"trailer<</Size {count}/Root 1 0 R>>\nstartxref\n{size}\n%%EOF\n"
    return b"".join([*parts, f"xref\n0 {count}\n0000000000 65535 f \n{table}{end}".encode()])


def handbook_docx() -> bytes:
    """Title, headings, lists of both kinds, a table with bars in it, bold, a link, a page break."""
    document = docx.Document()
    document.add_heading("Supplier handbook", 0)
    document.add_heading("Orders", 1)
    paragraph = document.add_paragraph("A ")
    paragraph.add_run("written").bold = True
    paragraph.add_run(" order counts. ")
    document.add_paragraph("First point", style="List Bullet")
    document.add_paragraph("Step one", style="List Number")
    document.add_page_break()
    document.add_heading("Prices", 2)
    table = document.add_table(2, 2)
    for place, text in enumerate(("Tier", "a|b", "Team", "49 EUR")):
        table.cell(place // 2, place % 2).text = text
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def handbook_pptx() -> bytes:
    """Three slides, one of them hidden: titles, levels, notes, a table."""
    presentation = pptx.Presentation()
    for title in ("Orders", "Secrets"):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        assert slide.shapes.title is not None
        slide.shapes.title.text = title
        holder: Any = slide.placeholders[1]
        frame = holder.text_frame
        frame.text = "In writing"
        below = frame.add_paragraph()
        below.text, below.level = "# By mail", 1
    notes = presentation.slides[0].notes_slide.notes_text_frame
    assert notes is not None
    notes.text = "Say why."
    second: Any = presentation.slides[1]
    second._element.set("show", "0")
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    sides = (Inches(1), Inches(2), Inches(5), Inches(1))
    table = slide.shapes.add_table(2, 2, *sides).table
    for place, text in enumerate(("Tier", "Price", "Team", "49 EUR")):
        table.cell(place // 2, place % 2).text = text
    target = io.BytesIO()
    presentation.save(target)
    return target.getvalue()


def workbook(sheets: Mapping[str, list[list[object]]], *, hidden: str | None = None) -> bytes:
    """Sheets with rows; one of them may be hidden."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name == hidden else "visible"
        for row in rows:
            sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def wide_workbook(*corners: str) -> bytes:
    """A sheet that says it has 1,048,576 rows of 16,384 cells, and has one or two."""
    sheet = "xl/worksheets/sheet1.xml"
    xml = unpacked(workbook({"Wide": [["here"]]}))[sheet].decode()
    xml = xml.replace('ref="A1"', 'ref="A1:XFD1048576"')
    assert "XFD1048576" in xml
    rows = "".join(
        f'<row r="{place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}">'
        f'<c r="{place}" t="inlineStr"><is><t>{place}</t></is></c></row>'
        for place in corners
    )
    start, end = xml.index("<sheetData>"), xml.index("</sheetData>")
    return with_parts(
        workbook({"Wide": [["here"]]}), {sheet: f"{xml[:start]}<sheetData>{rows}{xml[end:]}"}
    )


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The parts of an Office file."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def with_parts(archive: bytes, parts: Mapping[str, str | bytes]) -> bytes:
    """An Office file with some of its parts exchanged, or more of them."""
    return zipped({**unpacked(archive), **parts})


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """An archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in parts.items():
            opened.writestr(name, content)
    return target.getvalue()


def bomb(archive: bytes, name: str, *, real_bytes: int, told_bytes: int) -> bytes:
    """With a part of zeros whose size is told as it is, or else."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as opened:
        for other, content in unpacked(archive).items():
            opened.writestr(other, content)
        opened.writestr(name, bytes(real_bytes))
        opened.filelist[-1].file_size = told_bytes
    return target.getvalue()
