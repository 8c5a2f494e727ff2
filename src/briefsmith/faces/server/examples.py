"""Examples of requests, and what can be done with what they make (links of OpenAPI)."""

from typing import Any, cast

_BLOCK = {
    "label": "Tone of voice",
    "content": "We write as we talk: short sentences, no superlatives, and the reader is 'you'.",
    "type": "style_guide",
    "importance": "high",
    "meta_tags": ["voice"],
}
_BRIEF = {
    "intent": "Write the newsletter about the spring sale",
    "sub_instructions": "Three paragraphs, one of them about delivery.",
    "budget_tokens": 4000,
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "add_block": _BLOCK,
    "edit_block": {"content": "We write as we talk.", "importance": "medium"},
    "compose_brief": _BRIEF,
    "edit_brief": {"text": "# The newsletter\n\nSpring is here.\n"},
    "give_feedback": {"success": True, "comment": "Sent as it was."},
    "run_brief": {"receiver": "stdout"},
    "deliver_output": {"receiver": "stdout"},
    "reject_proposal": {"reason": "Both are still in use."},
    "edit_file": {"label": "Price list", "note": "Prices without tax."},
    "attach_file": {"block_id": "00000000-0000-4000-8000-000000000000", "is_primary": True},
    "extract_file": {"dry_run": True},
    "add_key": {"name": "nightly script", "scope": "read", "days": 90},
}
_OF_BLOCK = (
    "get_block",
    "edit_block",
    "accept_block",
    "archive_block",
    "restore_block",
    "block_history",
    "purge_block",
)
_OF_BRIEF = (
    "get_brief",
    "edit_brief",
    "list_edits",
    "validate_brief",
    "publish_brief",
    "unpublish_brief",
    "lock_brief",
    "replay_brief",
    "compare_briefs",
    "give_feedback",
    "run_brief",
    "list_outputs",
)
_OF_FILE = (
    "get_file",
    "read_file",
    "edit_file",
    "attach_file",
    "detach_file",
    "extract_file",
    "remove_file",
)
_LINKS = {
    "add_block": ("block_id", "id", _OF_BLOCK),
    "compose_brief": ("brief_id", "id", _OF_BRIEF),
    "give_feedback": ("brief_id", "feedback/task_brief_id", ("withdraw_feedback",)),
    "run_brief": ("output_id", "id", ("get_output", "deliver_output")),
    "add_file": ("file_id", "id", _OF_FILE),
    "add_key": ("key_id", "row/id", ("revoke_key",)),
}


def linked(description: dict[str, Any]) -> None:
    """Adds examples and links to a description, in its place."""
    for methods in cast("dict[str, dict[str, Any]]", description["paths"]).values():
        for operation in methods.values():
            name = operation["operationId"]
            if name in EXAMPLES:
                body = operation["requestBody"]["content"]["application/json"]
                body["example"] = EXAMPLES[name]
            if name in _LINKS:
                _link(operation, *_LINKS[name])


def _link(operation: dict[str, Any], parameter: str, field: str, targets: tuple[str, ...]) -> None:
    success = next(one for one in operation["responses"] if one.startswith("2"))
    operation["responses"][success]["links"] = {
        target: {
            "operationId": target,
            "parameters": {parameter: f"$response.body#/{field}"},
        }
        for target in targets
    }
