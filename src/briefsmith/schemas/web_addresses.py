"""Web addresses, read strictly: what two readers could read differently is none. Nothing is looked up."""

import ipaddress
import re
from dataclasses import dataclass
from typing import NoReturn

_MOST_HOST_CHARS = 253
_MOST_PORT = 65_535
_PORTS = {"https": 443, "http": 80}

_ADDRESS = re.compile(r"(https?)://([^/?#]*)([/?][^#]*)?", re.IGNORECASE)
_URL_CHARS = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where something is on the web.

    Attributes:
        scheme: `https` or `http`.
        host: A name in small ASCII letters, or an IP address without brackets.
        port: 1 to 65535.
        path: With the query, as it is sent; begins with `/`.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def literal(self) -> IPAddress | None:
        """The host where it is an IP address; None for a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """Host and port as the header `Host` has them; shows nothing of path and query, which may be secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        """The whole address, in the one way to write it."""
        return f"{self.scheme}://{self.authority}{self.path}"


class NoWebAddressError(ValueError):
    """Says what is wrong, and quotes nothing: there may be a password in it.

    Args:
        why: How the sentence goes on after what the text was to be.
        hint: What to do about it, a sentence; None where there is no advice.
    """

    def __init__(self, why: str, hint: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint


def read_web_address(text: str) -> WebAddress:
    """The address that a text is.

    Raises:
        NoWebAddressError: It is none, or not the same to every reader.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None or not _URL_CHARS.fullmatch(text):
        _refuse(
            "is no https address", "Write it as https://host/path in ASCII, with % for what is not."
        )
    scheme, authority, path = found[1].lower(), found[2], found[3] or "/"
    if "@" in authority:
        _refuse("holds a user or a password", "Addresses are stored; take it out.")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        _refuse("has a port that is none")
    host, port = _read_host(parts[1]), int(parts[2] or _PORTS[scheme])
    if not 1 <= port <= _MOST_PORT:
        _refuse("has a port that is none")
    return WebAddress(scheme, host, port, path if path.startswith("/") else f"/{path}")


def _read_host(text: str) -> str:
    host = text.lower()
    if host.startswith("["):
        return _read_ipv6(host[1:-1])
    labels = host.split(".")
    if len(host) > _MOST_HOST_CHARS or not all(map(_LABEL.fullmatch, labels)):
        _refuse(
            "has no host that can be looked up",
            "Write it in ASCII letters, digits, - and single dots; other scripts as xn--….",
        )
    if _NUMBER.fullmatch(labels[-1]):
        # 0x7f.1, 2130706433 and 127.1 are one address to some, and names to others.
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            _refuse("has a number for a host", "Write an IPv4 address as four decimal numbers.")
    return host


def _read_ipv6(text: str) -> str:
    try:
        # A zone is a matter of one machine's network, and no part of an address.
        return str(ipaddress.IPv6Address("" if "%" in text else text))
    except ValueError:
        _refuse("has brackets without an IPv6 address in them")


def _refuse(why: str, hint: str | None = None) -> NoReturn:
    raise NoWebAddressError(why, hint) from None
