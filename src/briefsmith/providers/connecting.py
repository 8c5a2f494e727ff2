"""One request to an address that was looked at before, for whoever sends to or fetches from where a person says."""

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from briefsmith.schemas.web_addresses import IPAddress, WebAddress

NOT_BELIEVED = "has a certificate that is not believed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is sent; `host` and `user-agent` come by themselves."""

    method: str
    headers: Mapping[str, str]
    content: bytes | None = None


@asynccontextmanager
async def connected(
    address: WebAddress,
    ip: IPAddress,
    asked: Asked,
    *,
    trust: ssl.SSLContext | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncGenerator[httpx.Response]:
    """The answer, of which status and headers have come; no redirect is followed, and nothing has an end in time.

    Args:
        address: Where to ask; a certificate has to be its host's.
        ip: Connected to, as the name may have another by now.
        asked: What is sent.
        trust: Whose certificates are believed; None for those that the system's packages bring.
        transport: What the request goes over; None for the network.

    Raises:
        OSError: Nobody is there.
        httpx.TransportError: The connection broke off.
    """
    literal = f"[{ip}]" if ip.version == 6 else str(ip)  # noqa: PLR2004  IPv6
    request = httpx.Request(
        asked.method,
        f"{address.scheme}://{literal}:{address.port}{address.path}",
        content=asked.content,
        headers={**asked.headers, "host": address.authority, "user-agent": "briefsmith"},
        extensions={"sni_hostname": address.host},
    )
    # No client: that one would ask a proxy, which looks the name up again, and read where a redirect leads.
    verify = trust or address.scheme == "https"
    async with transport or httpx.AsyncHTTPTransport(verify=verify, trust_env=False) as way:
        response = await way.handle_async_request(request)
        response.request = request
        try:
            yield response
        finally:
            await response.aclose()


def problem_of(error: Exception) -> str:
    """What went wrong with a connection, in words of ours: those of libraries name addresses."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NOT_BELIEVED
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, TimeoutError):
        return "did not answer in time"
    return "cannot be reached, or the connection broke off"
