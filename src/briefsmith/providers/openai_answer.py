"""What an OpenAI-compatible server answers, read as untrusted."""

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from briefsmith.errors import EmbedderUnavailable, WrongEmbedding
from briefsmith.providers.embeddings import Vector, check_vectors

_MOST_SHOWN_CHARACTERS = 200
_ADDRESS_HINT = (
    "BRIEFSMITH_EMBEDDING_URL must be the base address of an OpenAI-compatible server, "
    "such as http://localhost:11434/v1."
)
_HINTS = {
    401: "Set BRIEFSMITH_EMBEDDING_KEY to a key that the service accepts.",
    403: "Set BRIEFSMITH_EMBEDDING_KEY to a key that may use this model.",
    404: f"Check BRIEFSMITH_EMBEDDING_MODEL. {_ADDRESS_HINT}",
    429: "Repeat the call in a moment, or raise the limits of your account there.",
}


class _Item(BaseModel):
    model_config = ConfigDict(strict=True)

    index: int
    embedding: list[float]


class _Answer(BaseModel):
    data: list[_Item]


def read_vectors(body: bytes, *, count: int, source: str) -> list[Vector | None]:
    """The vectors in the order of the texts, whatever the order of the answer.

    Args:
        body: JSON of a successful answer.
        count: How many texts were sent.
        source: The embedder's name.

    Raises:
        WrongEmbedding: The answer has another form, another count, or vectors that cannot be kept.
    """
    try:
        items = sorted(_Answer.model_validate_json(body).data, key=lambda item: item.index)
    except ValidationError:
        # Not chained: it quotes the answer.
        message = f"{source} answers with something that is no list of embeddings."
        raise WrongEmbedding(message, hint=_ADDRESS_HINT) from None
    if [item.index for item in items] != list(range(count)):
        message = f"{source} gives {len(items)} embeddings that do not match the {count} texts."
        raise WrongEmbedding(
            message,
            hint="Try another model or server.",
            details={"texts": count, "embeddings": len(items)},
        )
    return check_vectors([item.embedding for item in items], source=source)


def refusal(status: int, body: bytes, *, source: str, secrets: list[str]) -> EmbedderUnavailable:
    """The error for an answer without success, to be raised.

    Args:
        status: Of the answer, not 2xx.
        body: Of the answer; its start goes into the details, without control characters.
        source: The embedder's name.
        secrets: Texts to be blacked out in it.
    """
    if httpx.codes.is_redirect(status):
        message = f"{source} redirects to another address, which is not followed (status {status})."
        hint = "Set BRIEFSMITH_EMBEDDING_URL to the address itself."
    else:
        message = f"{source} refuses to embed (status {status})."
        hint = _HINTS.get(status)
    details = {"status": status, "answer": shown(body.decode(errors="replace"), secrets)}
    return EmbedderUnavailable(message, hint=hint, details=details)


def shown(text: str, secrets: list[str]) -> str:
    """The start of a foreign text for an error's details: printable, without secrets."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "[key]")
    return "".join(c if c.isprintable() else " " for c in text[:_MOST_SHOWN_CHARACTERS])
