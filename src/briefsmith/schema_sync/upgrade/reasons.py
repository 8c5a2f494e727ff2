"""The kinds of decisions that are taken about legacy rows."""

from enum import StrEnum


class Code(StrEnum):
    """What was decided; each is told of a row with a sentence."""

    BECAME_CONTEXT = "became_context"  # a row of profile_core_data is blocks and a file now
    DEFAULT_FOR_NULL = "default_for_null"  # the final column has no null
    VALUE_ADAPTED = (
        "value_adapted"  # the column holds something like it, the original is kept as text
    )
    VALUE_KEPT_AS_TEXT = "value_kept_as_text"  # no column can hold it
    LABEL_TOLD_APART = "label_told_apart"  # another block has the label
    LABEL_REPLACED = "label_replaced"  # it was empty or too long
    CONTENT_CUT = "content_cut"  # it was too long
    PRIMARY_DEMOTED = "primary_demoted"  # a block has one primary file
    FILES_LISTED = "files_listed"  # they named a block that did not list them
    REFERENCE_DROPPED = "reference_dropped"  # what it names is not there
    REFERENCE_MOVED = "reference_moved"  # what it names has another id
    ID_REPLACED = "id_replaced"  # another row has it, or it was null
    ROW_KEPT_AS_TEXT = "row_kept_as_text"  # what it belongs to is not there
