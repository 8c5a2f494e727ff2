"""What is particular to files: their names, and that a block has one primary file."""

from collections.abc import Iterable

from briefsmith.schema_sync.upgrade.drafts import Draft
from briefsmith.schema_sync.upgrade.reasons import Code
from briefsmith.schema_sync.upgrade.rows import Json

_MAX_NAME_CHARS = 255


def name_in(url: Json, otherwise: str) -> str:
    """The last part of an address, as a name for people."""
    path = url.partition("?")[0].partition("#")[0] if isinstance(url, str) else ""
    name = path.rstrip("/").rpartition("/")[2]
    return " ".join(name.split())[:_MAX_NAME_CHARS] or otherwise


def settle_files(drafts: Iterable[Draft]) -> None:
    """A name where there was none; of several primary files of a block, the newest stays primary."""
    primary: dict[str, list[Draft]] = {}
    for draft in drafts:
        values = draft.values
        if "file_name" not in draft.data:
            values["file_name"] = name_in(values["file_url"], "file")
        if "label" not in draft.data:
            values["label"] = values["file_name"]
        block = values["associated_block_id"]
        if values["is_primary"] is True and isinstance(block, str):
            primary.setdefault(block, []).append(draft)
    for block, files in primary.items():
        *demoted, kept = sorted(files, key=_age)
        for draft in demoted:
            draft.values["is_primary"] = False
            if "is_primary" in draft.held:
                draft.keep("is_primary")
            sentence = f"The block {block} has one primary file now, {kept.id}."
            draft.say(Code.PRIMARY_DEMOTED, sentence)


def list_files(blocks: Iterable[Draft], files: Iterable[Draft]) -> None:
    """A block lists the files that name it: what it did not list comes behind what it did."""
    naming: dict[Json, list[Draft]] = {}
    for file in sorted(files, key=_age):
        naming.setdefault(file.values["associated_block_id"], []).append(file)
    for block in blocks:
        listed = block.values["file_ids"]
        assert isinstance(listed, list)  # noqa: S101  a list of references
        found = naming.get(str(block.id), [])
        unlisted: list[Json] = [str(one.id) for one in found if str(one.id) not in listed]
        if not unlisted:
            continue
        block.values["file_ids"] = [*listed, *unlisted]
        if "file_ids" in block.held:
            block.keep("file_ids")
        sentence = (
            f"{len(unlisted)} of the files that name it were not among its files; now they are."
        )
        block.say(Code.FILES_LISTED, sentence)


def _age(draft: Draft) -> tuple[str, str]:
    return str(draft.values.get("created_at", "")), draft.key
