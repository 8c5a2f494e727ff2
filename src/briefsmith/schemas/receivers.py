"""Where a brief's output goes, read from the text that names it; nothing is opened or looked up."""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from briefsmith.errors import InvalidReceiver

MAX_RECEIVER_CHARS = 2_000
_MOST_HOST_CHARS = 253
_MOST_PORT = 65_535
_PORTS = {"https": 443, "http": 80}

# Two letters at least, so that `C:\` is a path; `./` before a name with a colon makes it one.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_ADDRESS = re.compile(r"(https?)://([^/?#]*)([/?][^#]*)?", re.IGNORECASE)
_URL_CHARS = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Stdout:
    """The terminal, or whatever the command writes to."""


@dataclass(frozen=True, slots=True)
class FileTarget:
    """A file of this machine, which the output becomes."""

    path: Path


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """An address that the output is posted to.

    Attributes:
        scheme: `https`, or `http` for the machine itself.
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


Target = Stdout | FileTarget | WebhookTarget


def read_receiver(text: str | None) -> Target:
    """The receiver that a text names; None is stdout.

    Raises:
        InvalidReceiver: It names none, or one that nothing is ever sent to.
    """
    if text is None or text.lower() in {"stdout", "-"}:
        return Stdout()
    if not text.strip() or not text.isprintable() or len(text) > MAX_RECEIVER_CHARS:
        _refuse(f"is no line of 1 to {MAX_RECEIVER_CHARS} characters that can be seen")
    if _SCHEME.match(text) or text.startswith(("//", "\\\\")):
        return _read_address(text)
    if text.endswith(("/", "\\")) or Path(text).name in {"", ".", ".."}:
        _refuse("is a folder, not a file")
    return FileTarget(Path(text))


def _read_address(text: str) -> WebhookTarget:
    found = _ADDRESS.fullmatch(text)
    if found is None or not _URL_CHARS.fullmatch(text):
        _refuse(
            "is no https address",
            "Write a webhook as https://host/path in ASCII, with % for what is not; "
            "a file with a colon in its name as ./name.",
        )
    scheme, authority, path = found[1].lower(), found[2], found[3] or "/"
    if "@" in authority:
        _refuse("holds a user or a password", "Receivers are stored; take it out.")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        _refuse("has a port that is none")
    host, port = _read_host(parts[1]), int(parts[2] or _PORTS[scheme])
    if not 1 <= port <= _MOST_PORT:
        _refuse("has a port that is none")
    target = WebhookTarget(scheme, host, port, path if path.startswith("/") else f"/{path}")
    if scheme == "http" and not _is_this_machine(target):
        _refuse("is not encrypted", "Use https; http is for the machine itself.")
    return target


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


def _is_this_machine(target: WebhookTarget) -> bool:
    literal = target.literal
    return target.host == "localhost" if literal is None else literal.is_loopback


def _refuse(why: str, hint: str | None = None) -> NoReturn:
    # Not quoted: it may hold a password, and a path or query that only the receiver should know.
    message = f"The receiver {why}."
    raise InvalidReceiver(message, hint=hint) from None
