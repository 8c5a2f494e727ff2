"""Commands that take a brief through its life: validate, publish, unpublish, lock."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from briefsmith.errors import WrongState
from briefsmith.faces.cli.output import counted, note, write, write_json
from briefsmith.faces.cli.running import Json, as_id, with_store
from briefsmith.faces.errors import EXIT_FINDING

if TYPE_CHECKING:
    from briefsmith.operations.brief_life import BriefLife
    from briefsmith.operations.brief_validation import ValidatedBrief
    from briefsmith.runtime import Store
    from briefsmith.schemas.brief_life import Finding

BriefId = Annotated[str, typer.Argument(metavar="ID", help="Id of a brief.")]


def validate(
    brief_id: BriefId,
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 for warnings as well.")
    ] = False,
    json_: Json = False,
) -> None:
    """Check a brief's text and blocks for errors.

    Errors: a cite that the brief has not, a quotation that does not end or holds the brief's key, a block in the
    text that was archived or purged, a block type that the brief's type needs and that is missing, more tokens than
    the budget, an address in the brief's own words that cannot be followed, a password in any address, no intent.

    Warnings: a block that changed since, blocks that say the same or contradict each other, a quotation that is not
    its block's text, an address in a block that cannot be followed.
    """
    from briefsmith.operations.brief_validation import validate_brief

    wanted = as_id(brief_id)

    async def work(store: "Store") -> "ValidatedBrief":
        async with store.session() as session:
            return await validate_brief(session, store.tokens, wanted)

    validated = with_store(work)
    found = validated.validation
    if json_:
        write_json(_validated_json(validated))
    else:
        for one in found.findings:
            _write_finding(one, write)
        write(_summary(validated))
    if found.errors or (strict and found.warnings):
        raise typer.Exit(EXIT_FINDING)


def _validated_json(validated: "ValidatedBrief") -> dict[str, Any]:
    found = validated.validation
    return {
        "id": str(validated.brief_id),
        "state": validated.state.value,
        "errors": found.errors,
        "warnings": found.warnings,
        "is_recorded": validated.is_recorded,
        **found.model_dump(mode="json"),
    }


def _write_finding(one: "Finding", to: Callable[[str], None]) -> None:
    to(f"{one.severity.value}  {one.name}: {one.sentence}")
    to(f"    {one.mend}")


def _summary(validated: "ValidatedBrief") -> str:
    found = validated.validation
    what = f"{counted(found.errors, 'error')}, {counted(found.warnings, 'warning')}"
    if not found.findings:
        what = "Nothing is wrong"
    kept = "" if validated.is_recorded else " (not recorded, as it is final)"
    return f"{what}. The brief is {validated.state.value}{kept}."


def publish(brief_id: BriefId, *, json_: Json = False) -> None:
    """Publish a brief in which validating finds no error by now."""
    from briefsmith.operations.brief_validation import publish_brief

    wanted = as_id(brief_id)

    async def work(store: "Store") -> "ValidatedBrief":
        async with store.session() as session:
            return await publish_brief(session, store.tokens, wanted)

    try:
        published = with_store(work)
    except WrongState as error:
        if not json_:
            _note_findings(error.details.get("findings", []))
        raise
    if json_:
        write_json(_validated_json(published))
        return
    for one in published.validation.findings:
        _write_finding(one, note)
    write(f"Published {wanted}.")


def _note_findings(findings: list[dict[str, Any]]) -> None:
    from briefsmith.schemas.brief_life import Finding

    for found in findings:
        _write_finding(Finding.model_validate(found), note)


def unpublish(brief_id: BriefId, *, json_: Json = False) -> None:
    """Take a published brief back, so that it can be edited."""
    wanted = as_id(brief_id)

    async def work(store: "Store") -> "BriefLife":
        from briefsmith.operations.brief_validation import unpublish_brief

        async with store.session() as session:
            return await unpublish_brief(session, wanted)

    life = with_store(work)
    _write_state(wanted, life, f"Took back {wanted}; it is {life.state.value}.", as_json=json_)


def lock(brief_id: BriefId, *, json_: Json = False) -> None:
    """Make a published brief final, for good."""
    wanted = as_id(brief_id)

    async def work(store: "Store") -> "BriefLife":
        from briefsmith.operations.brief_validation import lock_brief

        async with store.session() as session:
            return await lock_brief(session, wanted)

    _write_state(wanted, with_store(work), f"Locked {wanted}.", as_json=json_)


def _write_state(brief_id: UUID, life: "BriefLife", sentence: str, *, as_json: bool) -> None:
    if as_json:
        state = {"id": str(brief_id), "state": life.state.value, "text_sha256": life.text_sha256}
        write_json(state)
    else:
        write(sentence)
