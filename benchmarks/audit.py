"""How precise `schema audit` is on the labelled fixture set, and how fast on a big tree.

    python benchmarks/audit.py [--tree FOLDER]

Prints figures and asserts nothing. The tree is by default what is installed beside this Python: code of others, that
knows nothing of this schema, so that whatever is found there is a false alarm.
"""

import argparse
import json
import sysconfig
import tempfile
import time
from collections import Counter
from pathlib import Path

from briefsmith.audit.run import audit
from briefsmith.audit.schema import FinalSchema, final_schema
from briefsmith.schema_sync.contract import packaged

_FIXTURES = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "audit"

Label = tuple[str, int, str]


def main() -> int:
    """Always 0: figures are no verdict."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tree", type=Path, default=Path(sysconfig.get_paths()["purelib"]))
    schema = _schema()
    _show_precision(schema)
    _show_speed(options.parse_args().tree, schema)
    return 0


def _schema() -> FinalSchema:
    items = packaged().catalog.items.values()
    columns = [item for item in items if item.kind == "column"]
    return final_schema((item.parent[1], item.local_name) for item in columns if item.parent)


def _show_precision(schema: FinalSchema) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = _unpack(folder)
        report = audit([folder], schema)
        found = {
            (Path(one.path).relative_to(folder).as_posix(), one.line, one.name)
            for one in report.findings
        }
    wanted = _labels()
    print(f"{lines:,} lines, {len(wanted)} labelled references")
    print(f"{'':12} {'labelled':>8} {'found':>6} {'precision':>9} {'recall':>7}")
    kinds = Counter(Path(file).suffix for file, _, _ in wanted)
    for kind in [*sorted(kinds), ""]:
        _show_row(kind or "all", _of_kind(wanted, kind), _of_kind(found, kind))
    for file, line, missed in sorted(wanted - found):
        print(f"missed       {file}:{line} {missed}")
    for file, line, false in sorted(found - wanted):
        print(f"false alarm  {file}:{line} {false}")


def _of_kind(labels: set[Label], suffix: str) -> set[Label]:
    return {label for label in labels if label[0].endswith(suffix)}


def _show_row(kind: str, wanted: set[Label], found: set[Label]) -> None:
    right = len(wanted & found)
    precision, recall = right / max(len(found), 1), right / max(len(wanted), 1)
    print(f"{kind:12} {len(wanted):8} {len(found):6} {precision:9.3f} {recall:7.3f}")


def _unpack(folder: Path) -> int:
    """Writes the fixtures as the files that they stand for; returns their lines."""
    lines = 0
    for fixture in _FIXTURES.rglob("*.fixture"):
        target = folder / fixture.relative_to(_FIXTURES).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(fixture.read_bytes())
        lines += len(fixture.read_text(encoding="utf-8").splitlines())
    return lines


def _labels() -> set[Label]:
    lines = (_FIXTURES / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    return {(one["file"], one["line"], one["name"]) for one in map(json.loads, lines)}


def _show_speed(tree: Path, schema: FinalSchema) -> None:
    start, start_cpu = time.perf_counter(), time.process_time()
    report = audit([tree], schema)
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    print(
        f"{report.files:,} files of {tree.name} in {seconds:.1f} s ({cpu:.1f} s of processor):"
        f" {report.files / cpu:,.0f} files a second of processor; {len(report.findings)} found,"
        f" {len(report.warnings)} not judged"
    )


if __name__ == "__main__":
    raise SystemExit(main())
