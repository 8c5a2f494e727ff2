"""Embeddings from a server that speaks OpenAI's `POST /embeddings`: Ollama, vLLM, OpenAI itself."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import httpx

from briefsmith.errors import EmbedderUnavailable, InvalidSetting, WrongEmbedding
from briefsmith.providers.cuts import well_formed
from briefsmith.providers.embeddings import EMBEDDING_WIDTH, Vector
from briefsmith.providers.openai_answer import read_vectors, refusal, shown
from briefsmith.providers.retry_after import asked_wait_seconds

_TEXTS_AT_ONCE = 128
_CHARACTERS_AT_ONCE = 100_000
_MOST_BODY_BYTES = 16 * 1024 * 1024  # 128 vectors of 4096 numbers fit, to tell their width
_BACKOFF_SECONDS = (0.5, 2.0)  # before the second try and the third
_MOST_WAIT_SECONDS = 20.0
_WORTH_A_RETRY = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class _Reply:
    """One try's outcome; status None means no whole answer, and the body says why."""

    status: int | None
    body: bytes
    wait_seconds: float | None = None


class OpenAICompatibleEmbedder:
    """Asks one server for vectors of 256 numbers, batch after batch. Never shows its key.

    Args:
        base_url: Such as `http://localhost:11434/v1`; a user and password in it are sent as Basic
            authentication, unless there is a key.
        model: As the server calls it.
        key: Bearer token; None sends none.
        timeout_seconds: For one batch, all tries and waits together.
        sleep: Waits the given seconds before another try.

    Raises:
        InvalidSetting: The address is no http(s) address, or the key cannot be sent.
    """

    width: int = EMBEDDING_WIDTH

    def __init__(
        self,
        base_url: str,
        model: str,
        key: str | None = None,
        *,
        timeout_seconds: float = 30.0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._url, self._host, login = _read_address(base_url)
        self._key = _read_key(key)
        self._auth = login if login and not self._key else None
        self._model = model
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep

    @property
    def name(self) -> str:
        """Model and host; the server does not tell a revision."""
        return f"{self._model}@{self._host}/{EMBEDDING_WIDTH}"

    async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
        """A vector for each text, in order; None for a blank one, which is not sent.

        Raises:
            EmbedderUnavailable: No answer in time, or a refusal; details hold status and answer.
            WrongEmbedding: The answer is no list of 256 numbers for each text.
        """
        vectors: list[Vector | None] = [None] * len(texts)
        wanted = [index for index, text in enumerate(texts) if text.strip()]
        if not wanted:
            return vectors
        async with self._client() as client:
            for batch in _batches(wanted, texts):
                found = await self._embed_batch(client, [well_formed(texts[i]) for i in batch])
                for index, vector in zip(batch, found, strict=True):
                    vectors[index] = vector
        return vectors

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            auth=httpx.BasicAuth(*self._auth) if self._auth else None,
            headers={"Authorization": f"Bearer {self._key}"} if self._key else None,
            timeout=None,  # noqa: S113  asyncio.timeout bounds the whole of it
            follow_redirects=False,
        )

    async def _embed_batch(
        self, client: httpx.AsyncClient, texts: list[str]
    ) -> list[Vector | None]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                body = await self._ask(client, texts)
        except TimeoutError:
            message = f"{self.name} gave no vectors within {self._timeout_seconds:g} seconds."
            raise EmbedderUnavailable(message) from None
        return read_vectors(body, count=len(texts), source=self.name)

    async def _ask(self, client: httpx.AsyncClient, texts: list[str]) -> bytes:
        reply = await self._post(client, texts)
        for backoff_seconds in _BACKOFF_SECONDS:
            if reply.status is not None and reply.status not in _WORTH_A_RETRY:
                break
            asked = reply.wait_seconds
            wait_seconds = backoff_seconds if asked is None else min(asked, _MOST_WAIT_SECONDS)
            await self._sleep(wait_seconds)
            reply = await self._post(client, texts)
        secrets = [self._key or "", *(self._auth or ())]
        if reply.status is None:
            message = f"There is no connection to {self._host}, or it broke off."
            reason = shown(reply.body.decode(errors="replace"), secrets)
            raise EmbedderUnavailable(message, details={"reason": reason})
        if not httpx.codes.is_success(reply.status):
            raise refusal(reply.status, reply.body, source=self.name, secrets=secrets)
        return reply.body

    async def _post(self, client: httpx.AsyncClient, texts: list[str]) -> _Reply:
        payload = {
            "model": self._model,
            "input": texts,
            "dimensions": EMBEDDING_WIDTH,
            "encoding_format": "float",
        }
        try:
            async with client.stream("POST", self._url, json=payload) as response:
                body = await self._read(response)
                return _Reply(response.status_code, body, asked_wait_seconds(response.headers))
        except httpx.TransportError as error:
            return _Reply(None, f"{type(error).__name__}: {error}".encode())
        except httpx.DecodingError:
            message = f"{self.name} answers in a broken compression."
            raise WrongEmbedding(message, hint="Try another server.") from None

    async def _read(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _MOST_BODY_BYTES:
                message = f"{self.name} answers with more than {_MOST_BODY_BYTES} bytes."
                raise WrongEmbedding(message, hint="Try another server.")
        return bytes(body)


def _batches(wanted: list[int], texts: Sequence[str]) -> Iterator[list[int]]:
    """The indexes in runs that one request carries; a longer text goes alone."""
    batch: list[int] = []
    characters = 0
    for index in wanted:
        length = len(texts[index])
        if batch and (len(batch) == _TEXTS_AT_ONCE or characters + length > _CHARACTERS_AT_ONCE):
            yield batch
            batch, characters = [], 0
        batch.append(index)
        characters += length
    if batch:
        yield batch


def _read_address(base_url: str) -> tuple[str, str, tuple[str, str] | None]:
    """Where to post, the host to show, and user and password if the address holds them."""
    try:
        parts = urlsplit(base_url.strip())
        _ = parts.port  # raises for one that is none
        host = parts.netloc.rpartition("@")[2]
        path = f"{parts.path.rstrip('/')}/embeddings"
        url = httpx.URL(parts._replace(netloc=host, path=path, fragment="").geturl())
    except (ValueError, httpx.InvalidURL):
        raise _no_address() from None
    if not url.host or url.scheme not in {"http", "https"}:
        raise _no_address()
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return str(url), host, login


def _no_address() -> InvalidSetting:
    # The address may hold a password, so it is not quoted.
    message = "BRIEFSMITH_EMBEDDING_URL is no http or https address."
    return InvalidSetting(message, details={"name": "BRIEFSMITH_EMBEDDING_URL"})


def _read_key(key: str | None) -> str | None:
    key = (key or "").strip()
    if not key.isascii() or not key.isprintable():
        # A header cannot carry it, and the transport's own message would quote it.
        message = "BRIEFSMITH_EMBEDDING_KEY holds characters that a key cannot have."
        raise InvalidSetting(message, details={"name": "BRIEFSMITH_EMBEDDING_KEY"})
    return key or None
