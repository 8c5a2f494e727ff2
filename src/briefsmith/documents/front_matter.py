"""Front matter: the YAML between two `---` lines at the very start of a Markdown file."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

import yaml

from briefsmith.documents.labels import one_line
from briefsmith.documents.pieces import Metadata
from briefsmith.documents.refusals import refuse, refuse_unstorable, shown
from briefsmith.models.enums import BlockImportance, BlockType

FRONT_MATTER_BYTES = 16 * 1024
_KEYS = ("type", "tags", "importance", "scope", "locale", "tone", "title")
_DEPTH = 2  # a mapping whose values are texts or lists of texts
_FIRST_LINE = 2  # of the YAML, in the file
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")

_Label = TypeVar("_Label", bound=StrEnum)
_Value = str | tuple[str, ...]


def split_front_matter(text: str) -> tuple[str | None, str]:
    """YAML (None where there is no front matter) and body of a text with line feeds.

    A first line `---` with a blank line after it is a Markdown rule, not front matter.

    Raises:
        UnreadableDocument: No closing `---` line, or more than 16 KB before it.
    """
    first, _, rest = text.partition("\n")
    if first.rstrip() != "---" or not rest.partition("\n")[0].strip():
        return None, text
    closing = re.search(r"^---[ \t]*$", rest, re.MULTILINE)
    if closing is None:
        reason = "its front matter, which begins on line 1, is not closed by a line ---"
        refuse(reason, line=1)
    block = rest[: closing.start()]
    if len(block.encode("utf-8", "surrogatepass")) > FRONT_MATTER_BYTES:
        refuse("its front matter is larger than 16 KB", line=1)
    return block, rest[closing.end() :].removeprefix("\n")


def read_front_matter(block: str) -> Metadata:
    """What the YAML says; scalars are taken as they are written, so `no` and 2024-01-01 are text.

    Raises:
        UnreadableDocument: No valid YAML, an anchor, an alias or a tag in it, an unknown or
            repeated key, or a value that is not allowed; the sentence says what is.
    """
    values = _values(block)
    return Metadata(
        type=_one_of(values, "type", BlockType),
        tags=_texts(values, "tags"),
        importance=_one_of(values, "importance", BlockImportance),
        scope=_text(values, "scope"),
        locale=_locale(values),
        tone=_texts(values, "tone"),
        title=_text(values, "title"),
    )


def _values(block: str) -> dict[str, _Value]:
    try:
        _refuse_machinery(block)
        root: object = yaml.compose(block, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        line, problem = _where_and_what(error, block)
        reason = f"its front matter is no valid YAML at line {line} ({problem})"
        refuse(reason, line=line)
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        reason = "its front matter is not a list of `key: value` lines"
        refuse(reason, line=_FIRST_LINE)
    return _entries(root)


def _refuse_machinery(block: str) -> None:
    """Stops at the first event that would make small YAML large or deep, before it is built."""
    depth = 0
    for event in yaml.parse(block, Loader=yaml.BaseLoader):
        found = None
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            found = "an anchor or alias (& or *)"
        elif getattr(event, "tag", None) is not None:
            found = "a YAML tag (!)"
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEPTH:
            found = "a value inside a list inside a key"
        if found:
            line = _line(block, event.start_mark.index if event.start_mark else 0)
            reason = f"its front matter uses {found} at line {line}, which is not allowed"
            refuse(reason, line=line)


def _where_and_what(error: yaml.YAMLError, block: str) -> tuple[int, str]:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        at = mark.index if mark else 0
        problem = one_line(error.problem or error.context or "")
    else:
        at = int(getattr(error, "position", 0))
        problem = "a character that YAML does not allow"
    return _line(block, at), problem[:200]


def _line(block: str, at: int) -> int:
    return block.count("\n", 0, at) + _FIRST_LINE


def _entries(root: yaml.MappingNode) -> dict[str, _Value]:
    entries: dict[str, _Value] = {}
    for key_node, value_node in root.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        if key not in _KEYS:
            reason = f"its front matter has the key {shown(key)}; keys are {_listed(_KEYS)}"
            refuse(reason, line=key_node.start_mark.line + _FIRST_LINE)
        if key in entries:
            reason = f"its front matter has the key {key!r} twice"
            refuse(reason, line=key_node.start_mark.line + _FIRST_LINE)
        entries[key] = _value(key, value_node)
    return entries


def _value(key: str, node: yaml.Node) -> _Value:
    if isinstance(node, yaml.ScalarNode):
        return _scalar(key, node)
    items: list[yaml.Node] = node.value if isinstance(node, yaml.SequenceNode) else [node]
    texts = [_scalar(key, item) for item in items if isinstance(item, yaml.ScalarNode)]
    if len(texts) < len(items):
        reason = f"{key!r} in its front matter is a mapping; a text or a list of texts is allowed"
        refuse(reason, line=node.start_mark.line + _FIRST_LINE)
    return tuple(texts)


def _scalar(key: str, node: yaml.ScalarNode) -> str:
    text = str(node.value)
    if node.style is None and text in _NOTHING:
        return ""
    line = node.start_mark.line + _FIRST_LINE
    refuse_unstorable(text, what=f"{key!r} in its front matter", line=line)
    return one_line(text)


def _text(values: Mapping[str, _Value], key: str) -> str | None:
    value = values.get(key, "")
    if isinstance(value, tuple):
        refuse(f"{key!r} in its front matter is a list; one text is allowed")
    return value or None


def _texts(values: Mapping[str, _Value], key: str) -> tuple[str, ...]:
    value = values.get(key, "")
    items = value.split(",") if isinstance(value, str) else value
    return tuple(dict.fromkeys(item.strip() for item in items if item.strip()))


def _one_of(values: Mapping[str, _Value], key: str, labels: type[_Label]) -> _Label | None:
    value = _text(values, key)
    if value is None:
        return None
    by_name = {label.value: label for label in labels}
    if value.lower() not in by_name:
        allowed = _listed(list(by_name))
        refuse(f"{key!r} in its front matter is {shown(value)}; allowed are {allowed}")
    return by_name[value.lower()]


def _locale(values: Mapping[str, _Value]) -> str | None:
    value = _text(values, "locale")
    if value is not None and not _LOCALE.fullmatch(value):
        reason = f"'locale' in its front matter is {shown(value)}; allowed is a language tag"
        refuse(f"{reason} such as en or pt-BR")
    return value


def _listed(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1]
