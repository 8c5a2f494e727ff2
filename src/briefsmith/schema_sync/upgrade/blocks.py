"""What is particular to blocks: labels, lengths, vectors."""

from collections.abc import Sequence

from briefsmith.models.enums import BlockStatus
from briefsmith.schema_sync.upgrade.drafts import Draft
from briefsmith.schema_sync.upgrade.labels import Labels, shown, usable_label
from briefsmith.schema_sync.upgrade.reasons import Code
from briefsmith.schemas.blocks import MAX_CONTENT_CHARS

LEGACY_MODEL = "legacy"


def settle_blocks(drafts: Sequence[Draft], labels: Labels) -> None:
    """Labels that no two have, the oldest block first; contents and vectors as the database takes them."""
    for draft in sorted(drafts, key=_age):
        _settle_label(draft, labels)
        _settle_content(draft)
        _settle_vector(draft)
        # Old knowledge is not fresh because it moved.
        if "updated_at" not in draft.values and "created_at" in draft.values:
            draft.values["updated_at"] = draft.values["created_at"]


def _age(draft: Draft) -> tuple[str, str]:
    # A block without a date counts as the youngest.
    return str(draft.values.get("created_at", "~")), draft.key


def _settle_label(draft: Draft, labels: Labels) -> None:
    given = draft.values["label"]
    assert isinstance(given, str)  # noqa: S101  the column is text and not null
    usable = usable_label(given)
    is_archived = draft.values["status"] == BlockStatus.ARCHIVED
    label = usable if is_archived else labels.take(usable)
    draft.values["label"] = label
    if label == given:
        return
    if "label" in draft.held:
        draft.keep("label")
    if usable != given:
        draft.say(
            Code.LABEL_REPLACED, f"Its label was empty or too long; it is {shown(label)} now."
        )
    if label != usable:
        sentence = f"Another block has the label {shown(usable)}; it is {shown(label)} now."
        draft.say(Code.LABEL_TOLD_APART, sentence)


def _settle_content(draft: Draft) -> None:
    content = draft.values["content"]
    assert isinstance(content, str)  # noqa: S101  the column is text and not null
    if len(content) > MAX_CONTENT_CHARS:
        draft.values["content"] = content[:MAX_CONTENT_CHARS]
        if "content" in draft.held:
            draft.keep("content")
        sentence = f"It had {len(content)} characters; the block has the first {MAX_CONTENT_CHARS}."
        draft.say(Code.CONTENT_CUT, sentence)


def _settle_vector(draft: Draft) -> None:
    """A vector and the name of its model are there together or not at all."""
    if draft.values["meta_embedding"] is not None:
        if draft.values["meta_embedding_model"] is None:
            draft.values["meta_embedding_model"] = LEGACY_MODEL
    elif draft.values["meta_embedding_model"] is not None:
        draft.values["meta_embedding_model"] = None
        if "meta_embedding_model" in draft.held:
            draft.keep("meta_embedding_model")
