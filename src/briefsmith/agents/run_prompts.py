"""What a model is told when a brief is run; block text stays in the fences that the brief has it in."""

from functools import cache
from importlib.resources import files

from briefsmith.models.enums import OutputType

_NOTES = "The person adds, for this run (each line is marked):"
_FORMS = {
    OutputType.MARKDOWN: "- Answer in Markdown, without a code fence around the whole.",
    OutputType.TEXT_RESPONSE: "- Answer in plain text, without Markdown or any other markup.",
    OutputType.STRUCTURED_JSON: (
        "- Answer with one JSON document, an object or an array, and nothing else: "
        "no words around it, no code fence. No object has a key twice."
    ),
}
SYSTEM_HEADING = "# System"
USER_HEADING = "# User"


def system_text(output_type: OutputType, custom_notes: str | None) -> str:
    """The rules of a run.

    Args:
        output_type: What the answer is to be; a prompt block leaves that to whoever uses it.
        custom_notes: Of the configuration; each line gets a mark, so that none can pose as a heading.
    """
    parts = [_rules()]
    if output_type in _FORMS:
        parts[0] += f"\n{_FORMS[output_type]}"
    if custom_notes and custom_notes.strip():
        lines = "\n".join(f"> {line}" for line in custom_notes.strip().splitlines())
        parts.append(f"{_NOTES}\n\n{lines}")
    return "\n\n".join(parts)


def prompt_block(brief: str, custom_notes: str | None) -> str:
    """System and user text under a heading each, to be pasted into any model.

    No line of the system text is the heading `# User`, so the first such line is where the brief begins, and it goes
    on to the end exactly as it is.
    """
    system = system_text(OutputType.PROMPT_BLOCK, custom_notes)
    return f"{SYSTEM_HEADING}\n\n{system}\n\n{USER_HEADING}\n\n{brief}"


@cache
def _rules() -> str:
    path = files("briefsmith.agents") / "prompts" / "runner.md"
    return path.read_text(encoding="utf-8").strip()
