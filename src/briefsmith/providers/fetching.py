"""Fetches a text from where a person allowed it by name; believes nothing that names, servers or bytes say.

Each address, a redirect's as well, is read strictly, has to be allowed, is looked up once and connected to as it
was found. Nothing is fetched from this machine or its network, whatever is allowed.
"""

import asyncio
import re
import ssl
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from briefsmith.errors import InvalidSetting, SourceUnavailable, UnusableSource
from briefsmith.providers.connecting import Asked, connected, problem_of
from briefsmith.providers.ip_addresses import Resolve, looked_up, reach_of_all, resolve
from briefsmith.schemas.web_addresses import (
    IPAddress,
    NoWebAddressError,
    WebAddress,
    read_web_address,
)

TYPES = ("text/markdown", "text/plain", "text/html")
"""What is taken, the dearest first."""

_ASKED = Asked(
    "GET",
    {
        "accept": "text/markdown, text/plain;q=0.9, text/html;q=0.8",
        "accept-encoding": "identity",  # some send gzip all the same
    },
)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAY_PASS = frozenset({408, 425, 429, *range(500, 600)})
_OK = 200
_MOST_ADDRESSES = 3
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,40}/[a-z0-9!#$&^_.+-]{1,60}")
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([A-Za-z0-9_.:-]{1,40})"?\s*(?:;|$)', re.IGNORECASE)
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})

_LAST_DOT = re.compile(r"(?<=[A-Za-z0-9])\.(?=(:\d+)?\Z)")

AllowedHosts = frozenset[tuple[str, int]]
"""Hosts with their ports."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came, as it came.

    Attributes:
        authority: Host and port that gave it, at the end of all redirects.
        content_type: One of `TYPES`.
        data: Said to be UTF-8, but not looked at.
    """

    authority: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much one fetch may take: bytes on the way and unpacked, seconds in all, and redirects."""

    most_bytes: int = 2_000_000
    seconds: float = 20.0
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Web:
    """What fetching needs of the world; a test has its own.

    Attributes:
        look_up: Addresses of a name.
        allow_private: Whether this machine and its network may be asked; never outside of a test.
        trust: Whose certificates are believed; None for those that the system's packages bring.
        transport: What requests go over; None for the network.
    """

    look_up: Resolve = resolve
    allow_private: bool = False
    trust: ssl.SSLContext | None = None
    transport: httpx.AsyncBaseTransport | None = None


def read_allowed(entries: Iterable[str]) -> AllowedHosts:
    """The hosts that a setting names, exactly these: `example.com`, `example.com:8443`.

    Args:
        entries: Without a port, the one of https is meant. A dot at the end says nothing, and is passed over.

    Raises:
        InvalidSetting: One of them is no host.
    """
    return frozenset(map(_read_allowed, entries))


def _read_allowed(entry: str) -> tuple[str, int]:
    text = f"https://{_LAST_DOT.sub('', entry)}"
    with suppress(NoWebAddressError):
        found = read_web_address(text)
        if not set(entry) & set("/?"):
            return found.host, found.port
    message = f"BRIEFSMITH_FETCH_ALLOW has {entry[:100]!r}, which is no host."
    hint = "Name hosts exactly, as example.com or example.com:8443; other scripts as xn--…."
    raise InvalidSetting(message, hint=hint, details={"name": "BRIEFSMITH_FETCH_ALLOW"})


class Fetcher:
    """Fetches, one address at a time.

    Args:
        allowed: Hosts that the person named.
        limits: Of each fetch.
        web: Of the process, unless a test has its own.
    """

    def __init__(
        self, allowed: AllowedHosts, limits: FetchLimits | None = None, web: Web | None = None
    ) -> None:
        self._allowed = allowed
        self._limits = limits or FetchLimits()
        self._web = web or Web()

    def address_of(self, text: str) -> WebAddress:
        """The address that a text is, if it may be fetched from.

        Raises:
            UnusableSource: It is none, not https, or its host is not allowed.
        """
        try:
            address = read_web_address(text)
        except NoWebAddressError as error:
            message = f"The source {error.why}."
            raise UnusableSource(message, hint=error.hint) from error
        if address.scheme != "https":
            message = f"The source {address.authority} is not encrypted."
            raise _refused(message, address, "Write it with https.")
        if (address.host, address.port) not in self._allowed:
            message = f"The host {address.authority} is not in BRIEFSMITH_FETCH_ALLOW."
            hint = "Add it, where you want to fetch from there."
            raise _refused(message, address, hint)
        return address

    async def fetch(self, text: str) -> Fetched:
        """What is at an address, after all redirects; whole, or not at all.

        Raises:
            UnusableSource: The address is none that is fetched from, or what is there is no text that is taken.
            SourceUnavailable: It does not answer, breaks off, takes too long, or says that it may work later.
        """
        address = self.address_of(text)
        try:
            async with asyncio.timeout(self._limits.seconds):
                for _ in range(self._limits.redirects + 1):
                    found = await self._asked(address)
                    if isinstance(found, Fetched):
                        return found
                    address = found
        except TimeoutError:
            raise _unavailable(address, "did not send all in time") from None
        message = f"The source {address.authority} redirects too often."
        raise _refused(message, address)

    async def _asked(self, address: WebAddress) -> Fetched | WebAddress:
        """What an address gives, or where it sends to."""
        problem: Exception = OSError()
        try:
            for ip in (await self._ips(address))[:_MOST_ADDRESSES]:
                try:
                    return await self._asked_at(address, ip)
                except (httpx.ConnectError, OSError) as error:
                    problem = error  # a name often has one of a network that this machine is not in
        except (OSError, httpx.TransportError) as error:
            problem = error
        raise _unavailable(address, problem_of(problem)) from problem

    async def _ips(self, address: WebAddress) -> list[IPAddress]:
        ips = await looked_up(address, self._web.look_up)
        reach = reach_of_all(ips)
        if reach == "never":
            message = (
                f"The source {address.authority} has an address that nothing is ever fetched from."
            )
            raise _refused(message, address)
        if reach == "private" and not self._web.allow_private:
            message = f"The source {address.authority} is on this machine or in a private network."
            hint = "Import it as a file."
            raise _refused(message, address, hint)
        return ips

    async def _asked_at(self, address: WebAddress, ip: IPAddress) -> Fetched | WebAddress:
        web = self._web
        async with connected(
            address, ip, _ASKED, trust=web.trust, transport=web.transport
        ) as response:
            if response.status_code in _REDIRECTS:
                return self._redirected(address, response)
            _refuse_status(address, response.status_code)
            content_type = _type_of(address, response)
            return Fetched(address.authority, content_type, await self._body(address, response))

    def _redirected(self, address: WebAddress, response: httpx.Response) -> WebAddress:
        place = response.headers.get("location", "")
        try:
            # A fragment is for whoever reads the page.
            there = urljoin(address.text, place).partition("#")[0] if place else ""
        except ValueError:
            there = ""
        try:
            return self.address_of(there)
        except UnusableSource as error:
            message = f"The source {address.authority} redirects: {error.message}"
            raise UnusableSource(message, hint=error.hint, details=error.details) from error

    async def _body(self, address: WebAddress, response: httpx.Response) -> bytes:
        most = self._limits.most_bytes
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            message = f"The source {address.authority} sends what is packed in an unknown way."
            raise _refused(message, address)
        pieces = response.aiter_raw()
        if encoding in {"gzip", "x-gzip"}:
            pieces = _unpacked(pieces, address, most)
        body = bytearray()
        async for piece in pieces:
            body += piece
            if len(body) > most:
                raise _too_long(address, most)
        return bytes(body)


async def _unpacked(
    pieces: AsyncIterator[bytes], address: WebAddress, most: int
) -> AsyncGenerator[bytes]:
    """What gzip holds, at most a byte more than is taken: a few bytes may unpack to any number."""
    unpacker = zlib.decompressobj(31)
    left = most + 1
    async for piece in pieces:
        try:
            text = b"" if unpacker.eof else unpacker.decompress(piece, left)
        except zlib.error as error:
            raise _garbled(address) from error
        if unpacker.unused_data or (unpacker.eof and not text):
            raise _garbled(address)  # more behind its end, which nobody would see
        left -= len(text)
        yield text
        if left == 0:
            return
    if not unpacker.eof:
        raise _unavailable(address, "broke off")


def _garbled(address: WebAddress) -> UnusableSource:
    message = f"The source {address.authority} sends gzip that cannot be unpacked."
    return _refused(message, address)


def _refuse_status(address: WebAddress, status: int) -> None:
    if status == _OK:
        return
    details = {"host": address.authority, "status": status}
    if status in _MAY_PASS:
        message = f"The source {address.authority} cannot answer now (status {status})."
        raise SourceUnavailable(message, details=details)
    message = f"The source {address.authority} gives no text (status {status})."
    raise UnusableSource(message, details=details)


def _type_of(address: WebAddress, response: httpx.Response) -> str:
    header = response.headers.get("content-type", "")
    found = header.partition(";")[0].strip().lower()
    if found not in TYPES:
        what = found if _TYPE.fullmatch(found) else "something that it does not name"
        message = f"The source {address.authority} sends {what}; {', '.join(TYPES)} are taken."
        raise _refused(message, address)
    charset = _CHARSET.search(header)
    if charset and charset[1].lower() not in _UTF_8:
        message = f"The source {address.authority} sends {charset[1]}; UTF-8 is taken."
        raise _refused(message, address)
    return found


def _too_long(address: WebAddress, most: int) -> UnusableSource:
    message = f"The source {address.authority} sends more than {most:,} bytes."
    return _refused(message, address)


def _refused(message: str, address: WebAddress, hint: str | None = None) -> UnusableSource:
    return UnusableSource(message, hint=hint, details={"host": address.authority})


def _unavailable(address: WebAddress, why: str) -> SourceUnavailable:
    message = f"The source {address.authority} {why}."
    return SourceUnavailable(message, details={"host": address.authority})
