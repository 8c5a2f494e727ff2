"""Foreign text, made fit to be shown: no secrets, no control characters, an end."""

import json
from collections.abc import Iterable

_MOST_SHOWN_CHARACTERS = 200


def with_escaped(secrets: Iterable[str | None]) -> list[str]:
    """The secrets, longest first, also as they look inside JSON."""
    found = {secret for secret in secrets if secret}
    found |= {json.dumps(secret)[1:-1] for secret in found}
    return sorted(found, key=len, reverse=True)


def blackened(text: str, secrets: Iterable[str]) -> str:
    """The whole text, without secrets."""
    for secret in secrets:
        text = text.replace(secret, "[key]")
    return text


def shown(text: str, secrets: Iterable[str], most_characters: int = _MOST_SHOWN_CHARACTERS) -> str:
    """The start of a text for an error's details: printable, without secrets."""
    # Blackened before it is cut, as a secret at the cut would be left in part.
    text = blackened(text, secrets)[:most_characters]
    return "".join(c if c.isprintable() else " " for c in text)
