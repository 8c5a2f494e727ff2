"""A reader of briefs made after their description alone: what is not exactly as described is refused.

It shares nothing with the package but the words of the rules; see docs/decisions/0004 and 0012.
"""

import re
from dataclasses import dataclass, field

SAID = "“([^“”]*)”"
CITES = r"((?:\[B[1-9]\d*\](?: |$))+)"
KINDS = "Topic|Intent|Reference|Style guide|Insight|Guide|Question|Text|Other"
SOURCES = r"Source: (the person|an agent \(less trusted\)|an import \(less trusted\)|a parser \(less trusted\))\."
FILE = rf"- {SAID} \({SAID}, (unknown type|[a-z0-9.+/-]+), (\d+) bytes(, primary)?\)"
ROW = r"\| (B[1-9]\d*) \| [0-9a-f]{8} \| \d+ \| [0-9a-f]{8} \| [a-z-]+ \| \d+ \|"


@dataclass
class ReadFile:
    """What a brief says of a file."""

    label: str
    name: str
    content_type: str
    size_bytes: int
    is_primary: bool
    note: str | None = None
    address: str | None = None


@dataclass
class ReadBrief:
    """What a brief says, by place; blocks are label, source and shown text."""

    key: str = ""
    intent: str = ""
    instructions: str | None = None
    is_by_model: bool = False
    title: str | None = None
    steps: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    contradictions: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    blocks: dict[str, tuple[str, str, str | None]] = field(default_factory=dict)
    files: dict[str, list[ReadFile]] = field(default_factory=dict)
    more_files: dict[str, int] = field(default_factory=dict)
    media: list[tuple[str, str]] = field(default_factory=list)
    provenance: str = ""
    rows: list[str] = field(default_factory=list)


class BriefReader:
    """Reads from the first line to the last; a line feed is all that ends one."""

    def __init__(self, markdown: str, rules: str, by_model: str) -> None:
        self._lines = markdown.split("\n")
        self._at = 0
        self._rules = rules
        self._by_model = by_model
        self._brief = ReadBrief()

    def read(self) -> ReadBrief:
        """The brief.

        Raises:
            AssertionError: A line that should not be there.
        """
        brief = self._brief
        self._take("# Brief", "")
        brief.key = self._matched(r"The key of this brief is ([0-9a-f]{32})\. No .*")[1]
        self._take(*self._rules.format(nonce=brief.key).split("\n")[1:], "")
        self._read_task()
        if self._next("## Outline"):
            self._take("")
            self._read_outline()
        self._read_context()
        self._take("## Provenance", "")
        brief.provenance = self._matched(r"Mode: .*")[0]
        self._read_rows()
        assert self._lines[self._at :] == [""], "something follows"
        return brief

    def read_material(self, key: str) -> ReadBrief:
        """What a model is shown of a brief, with a key that it is told apart."""
        self._brief.key = key
        self._read_task()
        self._read_context()
        assert self._lines[self._at :] == [], "something follows"
        return self._brief

    def _read_task(self) -> None:
        self._take("## Task", "")
        self._brief.intent = self._fenced("intent")
        if self._next("## Instructions"):
            self._take("")
            self._brief.instructions = self._fenced("instructions")

    def _read_context(self) -> None:
        self._take("## Context", "")
        self._read_blocks()
        if not self._next("## Media"):
            return
        self._take("")
        media = self._brief.media
        while self._line.startswith("<"):
            address, _, described = self._fenced("media", f"M{len(media) + 1}").partition("\n")
            media.append((address, described))

    @property
    def _line(self) -> str:
        return self._lines[self._at] if self._at < len(self._lines) else ""

    def _own(self) -> str:
        """The next line of the frame, of which a reader sees one line, whatever it takes for the end of one."""
        line = self._lines[self._at]
        self._at += 1
        assert line.splitlines() in ([], [line]), f"{line!r} is not one line"
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff]", line)
        return line

    def _take(self, *lines: str) -> None:
        for line in lines:
            assert self._own() == line

    def _next(self, line: str) -> bool:
        if self._line != line:
            return False
        self._own()
        return True

    def _matched(self, pattern: str) -> re.Match[str]:
        line = self._own()
        found = re.fullmatch(pattern, line)
        assert found is not None, f"{line!r} is not {pattern}"
        return found

    def _fenced(self, kind: str, cite: str | None = None) -> str:
        text = self._quoted(kind, cite)
        self._take("")
        return text

    def _quoted(self, kind: str, cite: str | None = None) -> str:
        self._take(f'<{kind} cite="{cite}">' if cite else f"<{kind}>")
        end = self._lines.index(f"</{kind}-{self._brief.key}>", self._at)
        text = "\n".join(self._lines[self._at : end])
        self._at = end + 1
        return text

    def _read_outline(self) -> None:
        brief = self._brief
        if self._line.startswith("A model wrote"):
            assert re.fullmatch(
                re.escape(self._by_model)
                + r"(?: Steps from \d+ on are quoted from their blocks\.)?",
                self._own(),
            )
            brief.is_by_model = True
            self._take("")
            brief.title = self._matched(f"Title: {SAID}")[1]
            self._take("")
        while self._line:
            found = self._matched(rf"(\d+)\. {SAID} {CITES}")
            assert int(found[1]) == len(brief.steps) + 1
            brief.steps.append((found[2], cites(found[3])))
        self._take("")
        if self._next("### Open questions"):
            self._take("")
            while self._line:
                brief.questions.append(self._matched(f"- {SAID}")[1])
            self._take("")
        if self._next("### Contradictions"):
            self._take("")
            while self._line:
                found = self._matched(rf"- (\[B\d+\] \[B\d+\]) {SAID}")
                brief.contradictions.append((cites(found[1]), found[2]))
            self._take("")

    def _read_blocks(self) -> None:
        brief = self._brief
        if self._line.startswith("No context "):
            self._own()
            self._take("")
            return
        while self._line.startswith("### "):
            self._matched(f"### (?:{KINDS})")
            self._take("")
            while self._line.startswith("#### "):
                head = self._matched(rf"#### \[(B\d+)\] {SAID}")
                assert head[1] == f"B{len(brief.blocks) + 1}"
                source = self._matched(SOURCES)[1]
                fenced = self._line.startswith("<")
                text = self._quoted("block", head[1]) if fenced else None
                brief.blocks[head[1]] = (head[2], source, text)
                if self._next("Files of this block:"):
                    self._read_files(head[1])
                self._take("")

    def _read_files(self, cite: str) -> None:
        files = self._brief.files[cite] = []
        while self._line.startswith("- “"):
            found = self._matched(FILE)
            file = ReadFile(found[1], found[2], found[3], int(found[4]), is_primary=bool(found[5]))
            if self._line.startswith("  Note: "):
                file.note = self._matched(f"  Note: {SAID}")[1]
            if self._line.startswith("  Address: "):
                file.address = self._matched(f"  Address: {SAID}")[1]
            files.append(file)
        if self._line:
            self._brief.more_files[cite] = int(self._matched(r"- and ([1-9]\d*) more")[1])

    def _read_rows(self) -> None:
        if self._lines[self._at :] == [""]:
            return
        self._take("", "| cite | block | version | sha256 | transformation | tokens |")
        self._take("|-|-|-|-|-|-|")
        while self._line:
            self._brief.rows.append(self._matched(ROW)[1])


def cites(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\[(B\d+)\]", text))
