"""What a brief is asked for and made with, and what is refused at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from briefsmith.compiler.counting import BatchCounter, TokenCounter
from briefsmith.compiler.document import MediaItem, SourceBlock
from briefsmith.compiler.fence import check_nonce
from briefsmith.compiler.file_lines import file_lines
from briefsmith.compiler.ways import MODES, Mode
from briefsmith.compiler.worth import SelectionSettings
from briefsmith.errors import Bug, EmptyIntent, UnknownMode


@dataclass(frozen=True, slots=True)
class BriefRequest:
    """The task.

    Attributes:
        mode: One of `MODES`; None is the default mode.
        budget_tokens: The most that the Markdown may have, all of it.
        nonce: 128 random bits as 32 lower-case hex digits, made for this brief alone.
    """

    intent: str
    budget_tokens: int
    nonce: str
    sub_instructions: str | None = None
    media: tuple[MediaItem, ...] = ()
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What a brief is made with; its names go into the snapshot.

    Attributes:
        count_tokens: A pure function.
        count_many: The same of many texts at once, where that is faster; None counts one by one.
        tokenizer: Its name, never a path.
        embedding_model: What found the blocks; None without embeddings.
        package_version: Of Briefsmith.
    """

    count_tokens: TokenCounter
    tokenizer: str
    package_version: str
    embedding_model: str | None = None
    count_many: BatchCounter | None = None
    selection: SelectionSettings = field(default_factory=SelectionSettings)


def checked_mode(request: BriefRequest, blocks: Sequence[SourceBlock]) -> Mode | None:
    """The mode of a request that can be compiled.

    Raises:
        EmptyIntent: The intent is blank.
        UnknownMode: No such mode.
        Bug: The key is malformed, or a text that goes in holds it.
    """
    if not request.intent.strip():
        message = "The intent is empty."
        raise EmptyIntent(message)
    if request.mode is not None and request.mode not in MODES:
        message = f"There is no compilation mode {request.mode!r}."
        hint = f"Modes are {', '.join(MODES)}; none is the default."
        raise UnknownMode(message, hint=hint, details={"mode": request.mode, "known": list(MODES)})
    texts = [request.intent, request.sub_instructions or ""]
    texts += [text for item in request.media for text in (item.image_url, item.description)]
    texts += [text for block in blocks for text in (block.label, block.content)]
    texts += [text for block in blocks for text in file_lines(block.files, 0)]
    if not check_nonce(request.nonce, texts):
        message = "The key of the brief is malformed or occurs in a text that goes in."
        raise Bug(message)
    return request.mode
