"""Two texts that somebody has to tell apart, each cut to where they differ."""

_SHOWN_CHARS = 200
_BEFORE_CHARS = 40


def both_sides(one: str, other: str) -> tuple[str, str]:
    """Both from shortly before their first difference on; … stands for what is left out."""
    same = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        same += 1
    # Two that are the same, or short, begin at their beginning.
    is_late = one != other and same >= _SHOWN_CHARS // 2
    start = same - _BEFORE_CHARS if is_late else 0
    return _cut(one, start), _cut(other, start)


def _cut(text: str, start: int) -> str:
    shown = text[start : start + _SHOWN_CHARS]
    before = "…" if start else ""
    after = "…" if start + _SHOWN_CHARS < len(text) else ""
    return before + shown + after
