"""Rows that belong to everybody: what no column holds stands at the end of their description."""

from collections.abc import Sequence

from briefsmith.schema_sync.upgrade.drafts import Draft
from briefsmith.schema_sync.upgrade.kept import LABEL, lines_of
from briefsmith.schema_sync.upgrade.labels import shown
from briefsmith.schema_sync.upgrade.reasons import Code
from briefsmith.schema_sync.upgrade.rows import Json, NewRow

TABLE = "task_brief_types"
# An index holds titles of at most 2,704 bytes with their version.
_MAX_TITLE_CHARS = 500
_HEAD = f"\n\n{LABEL}:\n"


def settle_titles(drafts: Sequence[Draft]) -> None:
    """Titles that no two have in one version, and that the index can hold."""
    taken: set[tuple[str, Json]] = set()
    numbers: dict[tuple[str, Json], int] = {}
    for draft in drafts:
        given = draft.values["title"]
        assert isinstance(given, str)  # noqa: S101  the column is text and not null
        version = draft.values["version"]
        wanted = given[:_MAX_TITLE_CHARS]
        title = wanted
        while (title, version) in taken:
            number = numbers.get((wanted, version), 2)
            numbers[wanted, version] = number + 1
            title = f"{wanted[: _MAX_TITLE_CHARS - 10]} ({number})"
        taken.add((title, version))
        draft.values["title"] = title
        if title != given:
            if "title" in draft.held:
                draft.keep("title")
            sentence = f"Its title was taken or too long; it is {shown(title)} now."
            draft.say(Code.LABEL_TOLD_APART, sentence)


def describe(draft: Draft) -> NewRow:
    """The row, with what is kept at the end of its description."""
    before = draft.values["description"] or ""
    if _HEAD in str(before) and "description" in draft.held:
        # It ends like one that has something behind it, so that it has to have.
        draft.keep("description")
    if not draft.data:
        draft.kept.append(("$", {}))  # null in every column, and there all the same
    row = draft.row()
    found = [
        line
        for place, value in draft.kept
        for line in lines_of(draft.table, draft.key, place, value)
    ]
    if not found:
        return row
    lines = "\n".join(line for _, line in found)
    values = {**row.values, "description": f"{before}{_HEAD}{lines}"}
    more = tuple(source for source, _ in found)
    return NewRow(row.table, row.id, values, row.sources + more)


def undescribe(description: str) -> tuple[str, list[str]]:
    """A description without what is kept, and the lines of that."""
    before, head, lines = description.rpartition(_HEAD)
    return (before, lines.split("\n")) if head else (description, [])
