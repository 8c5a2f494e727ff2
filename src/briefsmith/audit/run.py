"""The audit of folders and files."""

import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from briefsmith.audit.findings import Audit, Finding, Reference, Unread, describe
from briefsmith.audit.gathering import Gathered
from briefsmith.audit.parsers import require_parsers
from briefsmith.audit.schema import FinalSchema
from briefsmith.audit.source import Kind, Passed, Source, kind_of, read_source
from briefsmith.audit.walk import find_files
from briefsmith.errors import InvalidInput

_IGNORED = frozenset({"large", "binary", "special"})
_OWN_SHARE = 0.5  # of the columns a table is made with, that must be ours for it to be ours
_MOST_PROBLEMS, _MOST_REFERENCES = 20, 1_000  # told of one file
_MIGRATION = re.compile(r"(?:\d{3,}|V\d+)[\d._]*[_-].*\.sql", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _File:
    """What is kept of a file until all are read."""

    path: Path
    findings: Sequence[tuple[Finding, Reference]]
    dropped: Mapping[str, int]
    theirs: frozenset[str]


@dataclass(slots=True)
class _Run:
    files: list[_File] = field(default_factory=list[_File])
    warnings: list[Unread] = field(default_factory=list[Unread])
    ignored: Counter[str] = field(default_factory=Counter[str])
    count: int = 0


def audit(paths: Sequence[Path], schema: FinalSchema) -> Audit:
    """Finds what files refer to and the schema has not.

    Args:
        paths: Files and folders; files of other kinds than those that are read are ignored.

    Raises:
        InvalidInput: A path does not exist.
        InvalidSetting: A parser is not installed.
    """
    for path in paths:
        _refuse_missing(path)
    require_parsers()
    run = _Run()
    with warnings.catch_warnings():
        # Python warns of doubtful code when it parses it; whose code this is knows already.
        warnings.simplefilter("ignore")
        for path in find_files(paths):
            _read_file(path, schema, run)
    return _summary(run)


def _refuse_missing(path: Path) -> None:
    try:
        path.lstat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{path} cannot be read: {reason}."
        raise InvalidInput(message, hint="Give files and folders of a code base.") from error


def _read_file(path: Path, schema: FinalSchema, run: _Run) -> None:
    kind = kind_of(path)
    if kind is None and not path.is_dir():
        run.ignored["other"] += 1
        return
    source = read_source(path, str(path))
    if isinstance(source, Passed):
        if source.reason in _IGNORED:
            run.ignored[source.reason] += 1
        else:
            run.warnings.append(Unread(str(path), 0, source.reason))
        return
    run.count += 1
    gathered = Gathered(schema)
    if kind is not None:
        _read(source, kind, gathered)
    run.warnings += _unread(source, gathered)
    run.files.append(
        _File(path, list(_located(source, gathered)), gathered.dropped, _theirs(gathered))
    )


def _read(source: Source, kind: Kind, gathered: Gathered) -> None:
    from briefsmith.audit.javascript import read_javascript
    from briefsmith.audit.markdown import read_markdown
    from briefsmith.audit.python import read_python
    from briefsmith.audit.sql import read_sql_file

    try:
        if kind == "python":
            read_python(source, gathered)
        elif kind == "sql":
            read_sql_file(source.text, gathered)
        elif kind == "markdown":
            read_markdown(source, gathered)
        else:
            read_javascript(source, kind, gathered)
    except (RecursionError, MemoryError):
        gathered.problems.append((None, "nested too deeply"))


def _unread(source: Source, gathered: Gathered) -> Iterator[Unread]:
    for offset, reason in gathered.problems[:_MOST_PROBLEMS]:
        line = 0 if offset is None else source.position(offset)[0]
        yield Unread(source.path, line, reason[:200])
    more = len(gathered.problems) - _MOST_PROBLEMS
    if more > 0:
        yield Unread(source.path, 0, f"{more} more places")
    if len(gathered.references) > _MOST_REFERENCES:
        yield Unread(source.path, 0, f"more than {_MOST_REFERENCES} references")


def _located(source: Source, gathered: Gathered) -> Iterator[tuple[Finding, Reference]]:
    ignored: dict[int, bool] = {}
    for offset in sorted(gathered.references)[:_MOST_REFERENCES]:
        reference = gathered.references[offset]
        line, column = source.position(offset)
        if line not in ignored:
            ignored[line] = source.is_ignored(line)
        if not ignored[line]:
            what, instead = describe(reference, gathered.schema)
            name = reference.column or reference.tables[0]
            found = Finding(source.path, line, column, what, instead, reference.tables, name)
            yield found, reference


def _theirs(gathered: Gathered) -> frozenset[str]:
    """Tables with a name that anybody may use and columns that are not ours."""
    return frozenset(
        table
        for table, columns in gathered.created.items()
        if table in gathered.schema.telling
        and len(columns & gathered.schema.tables[table]) < _OWN_SHARE * len(columns)
    )


def _summary(run: _Run) -> Audit:
    theirs = frozenset[str]().union(*(file.theirs for file in run.files))
    drops = _later_drops(run.files)
    findings: list[Finding] = []
    history: list[Finding] = []
    for place, file in enumerate(run.files):
        for finding, reference in file.findings:
            if theirs.issuperset(reference.tables) and reference.tables:
                continue
            is_past = _is_past(reference, place, drops.get(file.path.parent, {}))
            (history if is_past else findings).append(finding)
    return Audit(
        sorted(findings), sorted(history), sorted(run.warnings), run.count, dict(run.ignored)
    )


_Drops = Mapping[str, tuple[int, int]]


def _later_drops(files: Sequence[_File]) -> Mapping[Path, _Drops]:
    """By folder of migrations, the last file and place that takes a table or column away.

    Migrations of SQL run in the order of their names, in which files come.
    """
    drops: defaultdict[Path, dict[str, tuple[int, int]]] = defaultdict(dict)
    for place, file in enumerate(files):
        if not _is_migration(file.path):
            continue
        # The order of Python's migrations is in their revisions: any is taken to be the last.
        order = len(files) if file.path.suffix == ".py" else place
        for name, offset in file.dropped.items():
            known = drops[file.path.parent].get(name, (-1, -1))
            drops[file.path.parent][name] = max(known, (order, offset))
    return drops


def _is_migration(path: Path) -> bool:
    folders = {"migrations", "versions", "migration"}
    return path.parent.name in folders or _MIGRATION.fullmatch(path.name) is not None


def _is_past(reference: Reference, place: int, drops: _Drops) -> bool:
    names: Iterable[str] = reference.tables
    if reference.column is not None:
        names = [
            name for table in reference.tables for name in (table, f"{table}.{reference.column}")
        ]
    return any(drops[name] > (place, reference.offset) for name in names if name in drops)
