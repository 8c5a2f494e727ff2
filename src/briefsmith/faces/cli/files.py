"""Commands on the library of files."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from briefsmith.errors import BriefsmithError, InvalidInput
from briefsmith.faces.cli.block_options import Limit
from briefsmith.faces.cli.output import counted, describe_error, note, one_line, write, write_json
from briefsmith.faces.cli.running import Json, as_file_id, as_id, checked, command_line, with_store
from briefsmith.faces.cli.table import Column, number, table, text
from briefsmith.faces.errors import EXIT_FINDING
from briefsmith.models.enums import StorageDomain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from uuid import UUID

    from briefsmith.models.block_files import BlockFile
    from briefsmith.operations.file_contents import Garbage
    from briefsmith.runtime import Store
    from briefsmith.schemas.files import NewFile

FileId = Annotated[str, typer.Argument(metavar="ID", help="Id of a file.")]
Domain = Annotated[
    StorageDomain | None,
    typer.Option("--domain", metavar="DOMAIN", help="block-files, user-library or brief-media."),
]
Note = Annotated[
    str | None, typer.Option("--note", metavar="TEXT", help="What an agent should make of it.")
]
Primary = Annotated[bool, typer.Option("--primary", help="Make it the block's first file.")]


def add(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Regular files.")],
    *,
    label: Annotated[
        str | None,
        typer.Option(
            "--label", metavar="LABEL", help="What it is. Of several files: “LABEL: name” each."
        ),
    ] = None,
    note_: Note = None,
    block: Annotated[
        str | None, typer.Option("--block", metavar="ID", help="Attach it to a block.")
    ] = None,
    primary: Primary = False,
    domain: Domain = None,
    json_: Json = False,
) -> None:
    """Add files to the library, each whole or not at all.

    The type is told by the bytes. One file that is refused does not keep the others out.
    """
    if label is None:
        message = "A file needs a label."
        raise InvalidInput(message, hint="Say what it is with --label.")
    if primary and len(paths) > 1:
        message = "A block has one primary file; --primary takes one path."
        raise InvalidInput(message)
    block_id = as_id(block) if block else None

    def new(path: Path) -> "NewFile":
        from briefsmith.schemas.files import NewFile

        given = label if len(paths) == 1 else f"{label}: {path.name}"
        values: dict[str, Any] = {"label": given, "note": note_, "block_id": block_id}
        return checked(NewFile, {**values, "is_primary": primary, "domain": domain})

    news = [(path, new(path)) for path in paths]

    async def work(store: "Store") -> list[BriefsmithError]:
        return await _add_all(store, news, as_json=json_)

    refused = with_store(work)
    if len(paths) == 1 and refused:
        raise refused[0]
    for error in refused:
        sys.stderr.write(describe_error(error))
    if len(paths) > 1:
        note(f"{len(paths) - len(refused)} of {counted(len(paths), 'file')} added.")
    if refused:
        raise typer.Exit(EXIT_FINDING)


async def _add_all(
    store: "Store", news: "list[tuple[Path, NewFile]]", *, as_json: bool
) -> list[BriefsmithError]:
    from briefsmith.errors import DiskFull, LibraryFull, StorageUnavailable
    from briefsmith.operations.file_intake import spooled_path
    from briefsmith.operations.files import add_file

    limits = store.file_limits
    refused: list[BriefsmithError] = []
    for path, new in news:
        try:
            with spooled_path(path, limits) as copy:
                async with store.session() as session:
                    file = await add_file(session, store.files, copy, new, limits)
        except BriefsmithError as error:
            refused.append(error)
            if isinstance(error, DiskFull | LibraryFull | StorageUnavailable):
                # The others would meet the same.
                break
        else:
            _show_change(file, "Added", as_json=as_json)
    return refused


def list_(
    *,
    block: Annotated[
        str | None, typer.Option("--block", metavar="ID", help="Those of one block.")
    ] = None,
    domain: Domain = None,
    unattached: Annotated[bool, typer.Option("--unattached", help="Those of no block.")] = False,
    limit: Limit = None,
    json_: Json = False,
) -> None:
    """List files, the newest first."""
    from briefsmith.operations.files import list_files

    block_id = as_id(block) if block else None
    columns = (Column("id"), number("bytes"), Column("type"), Column("first"), Column("block"))

    async def work(store: "Store") -> int:
        with table(*columns, text("label"), text("name")) as rows:
            async with store.session(read_only=True) as session:
                async for file in list_files(
                    session, block_id=block_id, domain=domain, unattached=unattached, limit=limit
                ):
                    if json_:
                        write_json(file.model_dump(mode="json"))
                        continue
                    rows.add(
                        str(file.id),
                        str(file.size_bytes),
                        (file.content_type or "-").rpartition("/")[2].rpartition(".")[2],
                        "yes" if file.is_primary else "",
                        str(file.associated_block_id or "-")[:8],
                        one_line(file.label, 120),
                        one_line(file.file_name, 120),
                    )
        return rows.count

    count = with_store(work)
    if not json_:
        note(f"{counted(count, 'file')}." if count else "There are no files.")


def show(file_id: FileId, *, json_: Json = False) -> None:
    """Show a file, and whether its bytes are there."""
    from briefsmith.operations.file_contents import has_content
    from briefsmith.operations.files import get_file

    wanted = as_file_id(file_id)

    async def work(store: "Store") -> "tuple[BlockFile, bool]":
        async with store.session(read_only=True) as session:
            file = await get_file(session, wanted)
        return file, await has_content(store.files, file)

    file, is_there = with_store(work)
    if json_:
        write_json({**file.model_dump(mode="json"), "is_there": is_there})
        return
    rows = {
        "label": one_line(file.label, 1_000),
        "note": one_line(file.note or "-", 1_000),
        "name": one_line(file.file_name, 1_000),
        "type": file.content_type or "-",
        "bytes": str(file.size_bytes) if is_there else f"{file.size_bytes}, which are not there",
        "sha256": file.content_sha256 or "-",
        "domain": file.storage_domain.value,
        "block": f"{file.associated_block_id or '-'}{', first' if file.is_primary else ''}",
        "address": one_line(file.file_url, 1_000),
        "added (UTC)": f"{file.created_at:%Y-%m-%d %H:%M}",
    }
    for name, value in rows.items():
        write(f"{name:<12} {value}")


def open_(
    file_id: FileId,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="PATH", help="Write to this file; else standard output."),
    ] = None,
    json_: Json = False,
) -> None:
    """Write a file's bytes, held against their hash."""
    from briefsmith.faces.cli.written_files import bytes_written_whole
    from briefsmith.operations.file_contents import read_file
    from briefsmith.operations.files import get_file

    wanted = as_file_id(file_id)
    if output is None and sys.stdout.isatty():
        message = "The bytes of a file are not for a terminal."
        raise InvalidInput(message, hint="Name a file with --output, or redirect them.")

    if output is None and json_:
        message = "Standard output has room for the bytes or for JSON, not for both."
        raise InvalidInput(message, hint="Name a file with --output.")

    async def work(store: "Store") -> "BlockFile":
        async with store.session(read_only=True) as session:
            file = await get_file(session, wanted)
        with bytes_written_whole(output) as target:
            pieces: AsyncGenerator[bytes] = read_file(store.files, file)
            async for piece in pieces:
                target.write(piece)
        return file

    file = with_store(work)
    if json_:
        write_json({**file.model_dump(mode="json"), "output": str(output)})


def edit(
    file_id: FileId,
    *,
    label: Annotated[
        str | None, typer.Option("--label", metavar="LABEL", help="What it is.")
    ] = None,
    note_: Note = None,
    domain: Domain = None,
    json_: Json = False,
) -> None:
    """Change what is said of a file; an empty note takes it away."""
    from briefsmith.operations.files import edit_file

    wanted = as_file_id(file_id)
    if label is None and note_ is None and domain is None:
        message = "There is nothing to change."
        raise InvalidInput(message, hint="Give --label, --note or --domain.")

    async def work(store: "Store") -> "BlockFile":
        async with store.session() as session:
            return await edit_file(session, wanted, label=label, note=note_, domain=domain)

    _show_change(with_store(work), "Changed", as_json=json_)


def attach(
    file_id: FileId,
    block: Annotated[str, typer.Argument(metavar="BLOCK", help="Id of a block.")],
    *,
    primary: Primary = False,
    json_: Json = False,
) -> None:
    """Attach a file to a block; it leaves the one that it had."""
    from briefsmith.operations.files import attach_file

    wanted, block_id = as_file_id(file_id), as_id(block)

    async def work(store: "Store") -> "BlockFile":
        async with store.session() as session:
            return await attach_file(session, wanted, block_id, is_primary=primary)

    _show_change(with_store(work), "Attached", as_json=json_)


def detach(file_id: FileId, *, json_: Json = False) -> None:
    """Take a file off its block; it stays in the library."""
    from briefsmith.operations.files import detach_file

    wanted = as_file_id(file_id)

    async def work(store: "Store") -> "BlockFile":
        async with store.session() as session:
            return await detach_file(session, wanted)

    _show_change(with_store(work), "Detached", as_json=json_)


def remove(
    file_ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids of files.")],
    *,
    json_: Json = False,
) -> None:
    """Remove files for good.

    Their bytes go where no other file has the same.
    """
    from briefsmith.operations.files import remove_file

    wanted = [as_file_id(one) for one in file_ids]

    async def work(store: "Store", one: "UUID") -> "BlockFile":
        return await remove_file(store.session, store.files, one)

    async def all_(store: "Store") -> None:
        for one in wanted:
            _show_change(await work(store, one), "Removed", as_json=json_)

    with_store(all_)


def gc(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    json_: Json = False,
) -> None:
    """Remove bytes that no file names.

    A command that was killed may leave some.
    """
    from dataclasses import asdict

    from briefsmith.operations.file_contents import collect_garbage

    async def work(store: "Store") -> "Garbage":
        user = store.database.user_id
        return await collect_garbage(store.session, store.files, user, dry_run=dry_run)

    found = with_store(work)
    if json_:
        write_json({**asdict(found), "is_dry_run": dry_run})
        return
    verb = "Would remove" if dry_run else "Removed"
    write(f"{verb} {counted(found.objects, 'object')}, {found.size_bytes} bytes.")
    if found.leftovers:
        write(f"Removed {counted(found.leftovers, 'leftover')} of commands that were killed.")
    if found.busy:
        note(f"{counted(found.busy, 'object')} may be named right now, and stayed.")


def _show_change(file: "BlockFile", verb: str, *, as_json: bool) -> None:
    if as_json:
        write_json(file.model_dump(mode="json"))
        return
    to = f", {file.associated_block_id}" if file.associated_block_id else ""
    kind = file.content_type or "of no known type"
    label = one_line(file.label, 120)
    write(f"{verb} {file.id}  {label}  ({kind}, {file.size_bytes} bytes{to})")
    if verb == "Added" and sys.stdout.isatty():
        note(f"Make blocks of it: {command_line('file', 'extract', str(file.id))}")
