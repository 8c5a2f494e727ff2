"""What a person says of a brief."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from briefsmith.errors import InvalidInput
from briefsmith.faces.cli.output import counted, note, one_line, write, write_json
from briefsmith.faces.cli.running import Json, as_id, checked, with_store
from briefsmith.faces.cli.table import number, table, text

if TYPE_CHECKING:
    from briefsmith.runtime import Store
    from briefsmith.schemas.feedback import FeedbackOutcome

_LABEL_CHARS = 120
_SENTENCES = {
    "given": "Noted: the brief {did} its work.",
    "replaced": "Noted, in place of what was said before: the brief {did} its work.",
    "unchanged": "Nothing changed: it was said already that the brief {did} its work.",
    "withdrawn": "Taken back: it is no longer said that the brief {did} its work.",
}


def feedback(
    brief_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a brief.")],
    *,
    success: Annotated[bool, typer.Option("--success", help="It did its work.")] = False,
    failure: Annotated[bool, typer.Option("--failure", help="It did not.")] = False,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take back what was said of it.")
    ] = False,
    comment: Annotated[
        str | None, typer.Option("--comment", metavar="TEXT", help="Why, for people.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", metavar="ID", help="Which of its outputs was judged."),
    ] = None,
    json_: Json = False,
) -> None:
    """Say whether a brief did its work.

    Said again, it takes the place of what was said before.
    """
    from briefsmith.operations.feedback import give_feedback, withdraw_feedback
    from briefsmith.schemas.feedback import NewFeedback

    if [success, failure, withdraw].count(True) != 1:
        message = "Give one of --success, --failure and --withdraw."
        raise InvalidInput(message)
    if withdraw and (comment is not None or output is not None):
        message = "--comment and --output go with --success or --failure."
        raise InvalidInput(message)
    wanted = as_id(brief_id)
    values = {
        "success": success,
        "comment": comment,
        "output_id": None if output is None else as_id(output),
    }
    new = checked(NewFeedback, values)

    async def work(store: "Store") -> "FeedbackOutcome":
        async with store.session() as session:
            if withdraw:
                return await withdraw_feedback(session, wanted)
            return await give_feedback(session, wanted, new)

    outcome = with_store(work)
    if json_:
        held = outcome.feedback.model_dump(mode="json")
        write_json({**asdict(outcome), "feedback": held})
        return
    _show(outcome)


def _show(outcome: "FeedbackOutcome") -> None:
    did = "did" if outcome.feedback.success else "did not do"
    write(_SENTENCES[outcome.change].format(did=did))
    if not outcome.blocks:
        note("No block that is still there went into it.")
    else:
        write("")
        with table(number("share"), number("score"), number("before"), text("label")) as rows:
            for block in outcome.blocks:
                rows.add(
                    f"{block.share:.0%}",
                    _score(block.feedback_score),
                    _score(block.score_before),
                    one_line(block.label, _LABEL_CHARS),
                )
    if outcome.also_counted:
        what = counted(outcome.also_counted, "brief")
        note(f"Feedback on {what}, written by other programs, was counted as well.")


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.3f}"
