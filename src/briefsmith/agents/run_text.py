"""Text that comes in pieces, made such that every piece can be shown and all of them be stored."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from briefsmith.providers.language_models.port import Answer, StreamEnd

End = Answer[str] | StreamEnd
"""What is told at the end of a text that a model wrote."""

_FIRST_HALVES = ("\ud800", "\udbff")


async def whole_pieces(items: AsyncGenerator[str | End, None]) -> AsyncGenerator[str | End, None]:
    """The items, with characters put together that were cut between two pieces.

    Some servers send the halves of a surrogate pair apart. A half without its other becomes U+FFFD.
    """
    held = ""
    async with aclosing(items):
        async for item in items:
            if not isinstance(item, str):
                if held:
                    yield _whole(held)
                held = ""
                yield item
                continue
            text = held + item
            held = text[-1:] if _FIRST_HALVES[0] <= text[-1:] <= _FIRST_HALVES[1] else ""
            if text := text[: len(text) - len(held)]:
                yield _whole(text)
    if held:
        yield _whole(held)


def _whole(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
