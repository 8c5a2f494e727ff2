"""What becomes of the rows of a legacy database, without a look at any database."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from briefsmith.schema_sync.upgrade.blocks import settle_blocks
from briefsmith.schema_sync.upgrade.drafts import Draft, Known, begin, fill, keep_whole
from briefsmith.schema_sync.upgrade.files import list_files, settle_files
from briefsmith.schema_sync.upgrade.identities import made_id
from briefsmith.schema_sync.upgrade.kept import blocks_of, lines_of
from briefsmith.schema_sync.upgrade.labels import Labels
from briefsmith.schema_sync.upgrade.profile import TABLE as PROFILE
from briefsmith.schema_sync.upgrade.profile import map_profile
from briefsmith.schema_sync.upgrade.reasons import Code
from briefsmith.schema_sync.upgrade.rows import Json, NewRow, Outcome, Reason, Source, SourceRow
from briefsmith.schema_sync.upgrade.shared import TABLE as SHARED
from briefsmith.schema_sync.upgrade.shared import describe, settle_titles

# Who may be referred to by any row, and who only by those that come after.
_FIRST = ("context_blocks", "block_files")
_THEN = (
    "task_briefs",
    "deployment_configs",
    "task_brief_outputs",
    "block_usage_history",
    "agent_sessions",
    "agent_messages",
)
_VECTOR = "$.meta_embedding"
# A transformation stands in an index, which holds 2,704 bytes.
_MAX_TRANSFORMATION_CHARS = 500


def map_user(user_id: UUID, rows: Iterable[SourceRow], *, crude_labels: bool = False) -> Outcome:
    """All rows of one person; the same for the same rows in whatever order.

    Args:
        user_id: Whose they are.
        rows: All of them: labels, primary files and references need the whole.
        crude_labels: Tell labels apart by ASCII letters and digits alone: for a database that took two of
            them for the same in spite of all rules.
    """
    drafts = [begin(row) for row in sorted(rows, key=lambda row: (row.table, row.key))]
    labels = Labels(crude=crude_labels)
    made = list(_tables(drafts))
    blocks = [one for one in made if one.table == "context_blocks"]
    files = [one for one in made if one.table == "block_files"]
    settle_blocks(blocks, labels)
    settle_files(files)
    list_files(blocks, files)
    new = [one.row() for one in made]
    new += _links([one for one in made if one.table == "block_usage_history"])
    profiles = [one for one in drafts if one.table == PROFILE]
    for profile in sorted(profiles, key=_newest_first, reverse=True):
        new += map_profile(profile, labels)
    ours = {*_FIRST, *_THEN, PROFILE}
    for strange in (one for one in drafts if one.table not in ours):
        keep_whole(strange)
        strange.say(Code.ROW_KEPT_AS_TEXT, "There is no such table; the row is text.")
    new += _kept(user_id, drafts, labels)
    return Outcome(tuple(new), _reasons(drafts))


def map_shared(rows: Iterable[SourceRow]) -> Outcome:
    """The rows that belong to nobody: those of `task_brief_types`."""
    drafts = [begin(row) for row in sorted(rows, key=lambda row: (row.table, row.key))]
    for draft in drafts:
        assert draft.table == SHARED, draft.table  # noqa: S101  nothing else is everybody's
        fill(draft, Known())
    settle_titles(drafts)
    return Outcome(tuple(describe(draft) for draft in drafts), _reasons(drafts))


def _tables(drafts: Sequence[Draft]) -> Iterator[Draft]:
    """The drafts that become rows, their columns decided."""
    known = Known()
    by_table: dict[str, list[Draft]] = {}
    for draft in drafts:
        by_table.setdefault(draft.table, []).append(draft)
        if draft.table in _FIRST:
            known.add(draft)
    for table in (*_FIRST, *_THEN):
        for draft in by_table.get(table, []):
            if fill(draft, known):
                known.add(draft)
                yield draft


def _links(uses: Iterable[Draft]) -> Iterator[NewRow]:
    """Which block went into which brief: what is counted and purged by. History has it use by use."""
    found: dict[tuple[str, ...], NewRow] = {}
    for use in sorted(uses, key=lambda one: (str(one.values.get("used_at", "~")), one.key)):
        block, brief = use.values["block_id"], use.values["used_in_task_id"]
        way = use.values["usage_type"]
        if isinstance(way, str) and len(way) > _MAX_TRANSFORMATION_CHARS:
            way = None
        assert isinstance(block, str) and isinstance(brief, str)  # noqa: S101, PT018  both are needed
        name = (block, brief) if way is None else (block, brief, str(way))
        values: dict[str, Json] = {"block_id": block, "task_brief_id": brief, "transformation": way}
        if "used_at" in use.values:
            values["created_at"] = use.values["used_at"]
        places = [
            f"$.{one}" for one in ("block_id", "used_in_task_id", "usage_type") if one in use.data
        ]
        sources = tuple(Source(use.table, use.key, place) for place in places)
        found.setdefault(name, NewRow("block_brief_link", made_id("link", *name), values, sources))
    yield from found.values()


def _kept(user_id: UUID, drafts: Sequence[Draft], labels: Labels) -> Iterator[NewRow]:
    for vectors in (False, True):
        found = [
            line
            for draft in drafts
            for place, value in draft.kept
            if (place == _VECTOR) is vectors
            for line in lines_of(draft.table, draft.key, place, value)
        ]
        yield from blocks_of(user_id, found, labels, vectors=vectors)


def _newest_first(draft: Draft) -> tuple[str, str]:
    return str(draft.data.get("updated_at", "")), draft.key


def _reasons(drafts: Iterable[Draft]) -> tuple[Reason, ...]:
    return tuple(reason for draft in drafts for reason in draft.reasons)
