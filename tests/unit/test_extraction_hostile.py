"""Files that harm whoever reads them: each ends in a refusal, in a process that cannot do harm."""

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from briefsmith.errors import InvalidSetting
from briefsmith.providers.extraction.in_subprocess import SubprocessExtractor
from briefsmith.providers.extraction.kinds import kind_of
from briefsmith.providers.extraction.port import Extraction, ExtractionKind, Refusal
from briefsmith.providers.extraction.sandbox import Limits, run_confined
from tests.unit.extraction_files import (
    bomb,
    drawn_pdf,
    handbook_docx,
    handbook_pdf,
    handbook_pptx,
    long_pdf,
    unpacked,
    wide_workbook,
    with_parts,
    workbook,
    zipped,
)

DOCX, PPTX, XLSX = (
    handbook_docx(),
    handbook_pptx(),
    workbook({"Prices": [["Tier", "Price"], [1, 2]]}),
)
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
MACRO_WORD = "application/vnd.ms-word.document.macroEnabled.main+xml"
LAUGHS = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
RELATION = (
    '<Relationship Id="rX" TargetMode="External" Target="{target}" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"/></Relationships>'
)
CONFINED = (
    "from briefsmith.providers.extraction.confinement import confine;"
    "confine(seconds=1, memory_bytes=300_000_000);"
)


async def taken(data: bytes, kind: ExtractionKind, folder: Path) -> Extraction | Refusal:
    path = folder / "file"
    path.write_bytes(data)
    with path.open("rb") as source:
        return await SubprocessExtractor().extract(source, kind)


async def refused(data: bytes, kind: ExtractionKind, folder: Path) -> str:
    answer = await taken(data, kind, folder)
    assert isinstance(answer, Refusal)
    assert answer.hint
    return answer.reason


def linked(target: str, kind: str) -> bytes:
    name = "word/_rels/document.xml.rels"
    rels = unpacked(DOCX)[name].decode()
    more = RELATION.format(target=target, kind=kind)
    return with_parts(DOCX, {name: rels.replace("</Relationships>", more)})


def with_types(before: str, after: str) -> bytes:
    types = unpacked(DOCX)["[Content_Types].xml"].decode()
    assert before in types
    return with_parts(DOCX, {"[Content_Types].xml": types.replace(before, after)})


async def test_a_good_file_is_read_in_a_process_of_its_own(tmp_path: Path) -> None:
    answer = await taken(DOCX, ExtractionKind.DOCX, tmp_path)

    assert isinstance(answer, Extraction)
    assert "Supplier handbook" in answer.parts[0].text


HOSTILE = {
    "flat bomb": (
        bomb(DOCX, "word/media.xml", real_bytes=1_000_000, told_bytes=900_000_000),
        ExtractionKind.DOCX,
        "unpacks to more than 200 MB",
    ),
    "bomb that tells less": (
        bomb(DOCX, "word/media.xml", real_bytes=1_000_000, told_bytes=10),
        ExtractionKind.DOCX,
        "damaged",
    ),
    "bomb of parts": (
        zipped({f"{number}.xml": "" for number in range(10_001)}),
        ExtractionKind.DOCX,
        "10,000 parts",
    ),
    "nested bomb": (
        zipped({"1.zip": zipped({"2.zip": zipped({"3.xml": bytes(100_000)})})}),
        ExtractionKind.DOCX,
        "another kind of archive",
    ),
    "pages": (long_pdf(10_000), ExtractionKind.PDF, "10,000 pages, and 2,000"),
    "macros": (with_types(WORD, MACRO_WORD), ExtractionKind.DOCX, "macros"),
    "macros beside": (
        with_types(
            "</Types>", '<Override ContentType="application/vnd.ms-office.vbaProject"/></Types>'
        ),
        ExtractionKind.DOCX,
        "macros",
    ),
    "entities in a document": (
        with_parts(DOCX, {"word/document.xml": f"{LAUGHS}<x>&b;</x>"}),
        ExtractionKind.DOCX,
        "entities",
    ),
    "entities in UTF-16": (
        with_parts(PPTX, {"ppt/slides/slide1.xml": f"{LAUGHS}<x>&b;</x>".encode("utf-16")}),
        ExtractionKind.PPTX,
        "entities",
    ),
    "entities in a workbook": (
        with_parts(XLSX, {"xl/workbook.xml": f"{LAUGHS}<x>&b;</x>"}),
        ExtractionKind.XLSX,
        "entities",
    ),
    "corners of a sheet": (
        wide_workbook("A1", "XFD1048576"),
        ExtractionKind.XLSX,
        "",
    ),
    "encrypted": (drawn_pdf((72, 700, "secret"), opened_by="x"), ExtractionKind.PDF, "encrypted"),
    "encrypted document": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le"),
        ExtractionKind.DOCX,
        "encrypted",
    ),
    "old document": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
        ExtractionKind.DOCX,
        "before 2007",
    ),
    "scan": (drawn_pdf(), ExtractionKind.PDF, "its pages are pictures"),
    "empty PDF": (b"", ExtractionKind.PDF, "damaged"),
    "empty document": (b"", ExtractionKind.DOCX, "damaged"),
    "half a PDF": (handbook_pdf(2)[:3000], ExtractionKind.PDF, "damaged or cut off"),
    "half a document": (DOCX[: len(DOCX) // 2], ExtractionKind.DOCX, "damaged or cut off"),
    "half a presentation": (PPTX[: len(PPTX) // 2], ExtractionKind.PPTX, "damaged or cut off"),
    "half a workbook": (XLSX[: len(XLSX) // 2], ExtractionKind.XLSX, "damaged or cut off"),
    "document without a text": (
        with_parts(DOCX, {"word/document.xml": "<w:document"}),
        ExtractionKind.DOCX,
        "damaged",
    ),
    "slides that are not there": (
        with_parts(PPTX, {"ppt/_rels/presentation.xml.rels": "<Relationships/>"}),
        ExtractionKind.PPTX,
        "damaged",
    ),
    "document as a PDF": (DOCX, ExtractionKind.PDF, "no file of the kind that its name says"),
    "PDF as a document": (handbook_pdf(1), ExtractionKind.DOCX, "no file of the kind"),
    "document as a workbook": (DOCX, ExtractionKind.XLSX, "its bytes are a Word document"),
    "picture as rows": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ExtractionKind.CSV, "no text"),
    "picture as a page": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ExtractionKind.HTML, "no text"),
    "value without an end": (b'a,b\n"' + b"x" * 200_000, ExtractionKind.CSV, "no end"),
    "template elsewhere": (
        linked("http://192.0.2.1/t.dotm", "attachedTemplate"),
        ExtractionKind.DOCX,
        "linked to contents on the network",
    ),
    "picture on a share": (
        linked("file:///\\\\server\\share\\a.png", "image"),
        ExtractionKind.DOCX,
        "linked to contents on the network",
    ),
    "written so that nobody sees it": (
        linked("&#104;ttp://192.0.2.1/x", "oleObject"),
        ExtractionKind.DOCX,
        "linked to contents on the network",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_file_is_refused_with_a_reason(name: str, tmp_path: Path) -> None:
    data, kind, reason = HOSTILE[name]

    assert reason in await refused(data, kind, tmp_path)


async def test_links_that_a_reader_clicks_and_templates_on_a_disk_are_no_harm(
    tmp_path: Path,
) -> None:
    for data in (
        linked("https://example.com/", "hyperlink"),
        linked("file:///C:/Users/me/Normal.dotm", "attachedTemplate"),
    ):
        assert isinstance(await taken(data, ExtractionKind.DOCX, tmp_path), Extraction)


@pytest.mark.parametrize("name", ["x.docm", "x.XLSM", "x.doc", "x.ppt", "x.png", "noname"])
def test_a_name_of_no_kind_that_is_read_is_refused(name: str) -> None:
    answer = kind_of(name, "image/png")

    assert isinstance(answer, Refusal)


def test_bytes_decide_where_a_name_tells_nothing() -> None:
    assert kind_of("noname", "application/pdf") is ExtractionKind.PDF
    assert kind_of("notes.md", "text/plain") is ExtractionKind.MARKDOWN


def running(code: str, *, seconds: int = 20, answer_bytes: int = 1_000_000) -> SubprocessExtractor:
    """An extractor whose converter is this program."""
    limits = Limits(seconds=seconds, answer_bytes=answer_bytes)
    return SubprocessExtractor(limits, (sys.executable, "-I", "-B", "-c", code))


async def outcome(extractor: SubprocessExtractor, folder: Path) -> Extraction | Refusal:
    (folder / "file").write_bytes(b"x")
    with (folder / "file").open("rb") as source:
        return await extractor.extract(source, ExtractionKind.TEXT)


async def said_by(code: str, folder: Path) -> str:
    """What a confined program answers, as a note."""
    told = "import json; print(json.dumps({'parts': [], 'notes': [str(said)], 'is_cut_off': True}))"
    answer = await outcome(running(f"{CONFINED}\n{code}\n{told}"), folder)
    assert isinstance(answer, Extraction)
    return answer.notes[0]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("while True: pass", "longer than 1 seconds"),
        ("import time; time.sleep(100)", "longer than 1 seconds"),
        (
            "import os; os.write(1, b'{'); os.close(1)\nwhile True: pass",
            "without an answer|broke down",
        ),
    ],
    ids=["loop", "sleep", "closed"],
)
async def test_a_converter_without_an_end_is_ended(code: str, reason: str, tmp_path: Path) -> None:
    import re

    answer = await outcome(running(code, seconds=1), tmp_path)

    assert isinstance(answer, Refusal)
    assert re.search(reason, answer.reason)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", r"SIGKILL\): it is damaged"),
        ("import os; os.abort()", "SIGABRT"),
        ("import sys; sys.stdout.write('x' * 2_000_000)", "more text in it than"),
        ("print('[' * 100_000)", "without an answer"),
        ('print(\'{"parts": [[1, 2]], "notes": [], "is_cut_off": true}\')', "without an answer"),
        ("raise SystemExit(3)", "without an answer"),
    ],
    ids=["killed", "aborted", "flood", "deep", "forged", "status"],
)
async def test_a_converter_that_breaks_down_is_told(code: str, reason: str, tmp_path: Path) -> None:
    import re

    answer = await outcome(running(code), tmp_path)

    assert isinstance(answer, Refusal)
    assert re.search(reason, answer.reason)


async def test_a_confined_program_ends_by_itself_when_its_processor_time_is_up(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    program = (sys.executable, "-I", "-B", "-c", f"{CONFINED}\nwhile True: pass")

    with (tmp_path / "file").open("rb") as source:
        ended = await run_confined(program, source, Limits(seconds=30))

    assert (ended.status, ended.is_late) == (-signal.SIGXCPU, False)


async def test_memory_has_an_end_and_reading_tells_so(tmp_path: Path) -> None:
    rows: list[list[object]] = [[f"{number} {'x' * 400}"] for number in range(20_000)]
    (tmp_path / "file").write_bytes(("\n".join(str(row[0]) for row in rows)).encode())

    with (tmp_path / "file").open("rb") as source:
        answer = await SubprocessExtractor(Limits(memory_mb=40)).extract(source, ExtractionKind.CSV)

    assert isinstance(answer, Refusal)
    assert "memory" in answer.reason


async def test_a_confined_program_reaches_nobody(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        told = await said_by(
            "import socket\n"
            f"try: socket.create_connection(('127.0.0.1', {port})); said = 'reached'\n"
            "except OSError as error: said = type(error).__name__",
            tmp_path,
        )
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()

    assert told == "PermissionError"


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
async def test_native_code_reaches_nobody_where_the_system_cuts_it_off(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        program = (
            "import ctypes, json, struct\n"
            "from briefsmith.providers.extraction.confinement import confine\n"
            "libc = ctypes.CDLL(None)\n"
            "cut = confine(seconds=5, memory_bytes=10**9)\n"
            f"to = struct.pack('=HH4s8x', 2, {socket.htons(port)}, bytes([127, 0, 0, 1]))\n"
            "reached = libc.connect(libc.socket(2, 1, 0), to, 16) == 0\n"
            "print(json.dumps({'parts': [], 'notes': [str(reached)], 'is_cut_off': cut}))"
        )
        answer = await outcome(running(program), tmp_path)

    assert isinstance(answer, Extraction)
    if not answer.is_cut_off:
        pytest.skip("this system lets nobody make a network of its own")
    assert answer.notes == ("False",)


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess; subprocess.run(['true'])",
        "import os; os.fork()",
        "import os; os.system('true')",
        "open('/etc/passwd')",
        "open('made', 'w')",
        "import os; os.remove(__import__('tempfile').__file__)",
    ],
)
async def test_a_confined_program_starts_opens_and_removes_nothing(
    code: str, tmp_path: Path
) -> None:
    told = await said_by(
        f"try:\n {code}; said = 'done'\nexcept PermissionError as error: said = 'refused'", tmp_path
    )

    assert told == "refused"


async def test_a_program_knows_nothing_of_the_environment_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", "postgresql://secret@localhost/x")
    monkeypatch.setenv("BRIEFSMITH_MODEL_API_KEY", "secret")
    code = (
        "import json, os\nopen('left', 'w').write('x')\nkept = os.getcwd()\n"
        "print(json.dumps({'parts': [], 'notes': [*os.environ, kept], 'is_cut_off': False}))"
    )

    answer = await outcome(running(code), tmp_path)

    assert isinstance(answer, Extraction)
    *names, folder = answer.notes
    assert set(names) <= {"HOME", "TMPDIR", "LC_ALL", "PATH", "LC_CTYPE"}
    assert not Path(folder).exists()


async def test_what_a_program_started_ends_with_it(tmp_path: Path) -> None:
    code = (
        "import os, time\nif os.fork() == 0:\n"
        f" open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(100)\n"
        "time.sleep(100)"
    )

    await outcome(running(code, seconds=1), tmp_path)

    assert is_gone(int((tmp_path / "pid").read_text()))


async def test_an_extraction_that_is_cancelled_leaves_no_process(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(100)"
    task = asyncio.create_task(outcome(running(code), tmp_path))
    while not (pid.exists() and pid.read_text()):  # noqa: ASYNC110  another process says when
        await asyncio.sleep(0.01)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert is_gone(int(pid.read_text()))


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody waits for counts."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            state = (
                Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
            )
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
    return False


async def test_a_package_that_is_missing_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting) as caught:
        await outcome(running('print(\'{"missing": "pypdfium2"}\')'), tmp_path)

    assert caught.value.hint == "pip install 'briefsmith[extract]'"
