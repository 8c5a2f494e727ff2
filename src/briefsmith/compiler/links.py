"""Addresses in a text: whether they have the form of one that can be followed. Nothing is fetched."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from briefsmith.schemas.files import FILE_ADDRESS

_MARKDOWN = re.compile(r"\[[^\[\]\n]*\]\(((?:[^()\n]|\([^()\n]*\))*)\)")
_AUTOLINK = re.compile(
    r"<((?:[A-Za-z][A-Za-z0-9+.-]{0,30}://|(?:mailto|javascript|vbscript|data|file):)[^<>\n]*)>"
)
_END = r"\s<>\"'`)\]}“”‘’«»…"  # noqa: RUF001  what ends an address in running text
_BARE = re.compile(
    rf"(?<![A-Za-z0-9+.\-(<])[A-Za-z][A-Za-z0-9+.-]{{0,30}}://(?:\[[^\s\]]{{0,60}}\]|[^{_END}])[^{_END}]*"
)
_UNSEEN = re.compile(
    "[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]"
)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(
    r"(?:[^\W_]|[^\W_][\w-]{0,61}[^\W_])(?:\.(?:[^\W_]|[^\W_][\w-]{0,61}[^\W_]))*\.?"
)
_ADDRESS = re.compile(r"[^@\s,]+@[^@\s,]+(?:,[^@\s,]+@[^@\s,]+)*")
_WITH_USER = re.compile(r"(?<=//)[^/?#\s]*@")
_FILE = re.compile(re.escape(FILE_ADDRESS) + "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST_HOST = 253
_SHOWN_CHARS = 200

Wrong = Literal["broken", "credentials"]


@dataclass(frozen=True, slots=True)
class WrongLink:
    """An address that cannot stand as it does.

    Attributes:
        shown: The address, shortened and without what may be a password.
        says: What is wrong with it, to go on behind the address.
    """

    shown: str
    wrong: Wrong
    says: str


def wrong_links(text: str) -> list[WrongLink]:
    """What is wrong with the addresses in a Markdown text, each once; addresses within the text are fine."""
    found: dict[str, WrongLink] = {}
    for address, is_link in _addresses(text):
        problem = _problem(address) if is_link else _problem_of_mention(address)
        if problem is not None:
            found.setdefault(address, WrongLink(shown(address), *problem))
    return list(found.values())


def wrong_media(address: str) -> WrongLink | None:
    """What is wrong with the address of a picture; None where nothing is."""
    problem = _problem(address)
    if problem is None and address.lower().startswith("mailto:"):
        problem = "broken", "is no address of a picture"
    return WrongLink(shown(address), *problem) if problem else None


def shown(address: str) -> str:
    """An address for people, without a name and password in it."""
    safe = _UNSEEN.sub(" ", _WITH_USER.sub("…@", address))
    return safe if len(safe) <= _SHOWN_CHARS else safe[: _SHOWN_CHARS - 1] + "…"


def _addresses(text: str) -> Iterator[tuple[str, bool]]:
    """Each address, and whether it is a link; else it is mentioned, and may have any scheme."""
    for match in _MARKDOWN.finditer(text):
        target = _untitled(match[1].strip())
        if target.startswith("<") and target.endswith(">"):
            target = target[1:-1]
        if not target.startswith("#"):
            yield target, True
    for match in _AUTOLINK.finditer(text):
        yield match[1], True
    for match in _BARE.finditer(text):
        yield match[0].rstrip(".,;:!?*_~|\\"), False


def _untitled(target: str) -> str:
    """What stands between the parentheses of a link, without the title in quotation marks behind the address."""
    quote = target[-1:]
    if quote not in {'"', "'"}:
        return target
    address, _, _ = target[:-1].rpartition(quote)
    return address.rstrip() if address[-1:].isspace() else target


def _problem_of_mention(address: str) -> tuple[Wrong, str] | None:
    scheme = address.partition(":")[0].lower()
    problem = _problem(address)
    if problem is None or scheme in {"http", "https"} or problem[0] == "credentials":
        return problem
    return None


def _problem(address: str) -> tuple[Wrong, str] | None:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        return "broken", f"cannot be read ({str(error).partition(':')[0]})"
    if "@" in parts.netloc:
        return "credentials", "holds a name or a password"
    says = _says_of_characters(address) or _says_of(parts)
    return ("broken", says) if says else None


def _says_of_characters(address: str) -> str | None:
    if not address:
        return "is empty"
    if _UNSEEN.search(address):
        return "has a space or an unseen character in it"
    if "\\" in address or _BROKEN_ESCAPE.search(address):
        return "has a character in it that no address has"
    return None


def _says_of(parts: SplitResult) -> str | None:
    if not parts.scheme:
        return "is no whole address: it has no scheme"
    if parts.scheme == "mailto":
        return None if _ADDRESS.fullmatch(parts.path) else "names nobody to write to"
    if parts.scheme == "briefsmith":
        return None if _FILE.fullmatch(parts.geturl()) else "names no file of the library"
    if parts.scheme not in {"http", "https"}:
        return f"begins with {parts.scheme}: and not with http:, https: or mailto:"
    return None if _is_host(parts.hostname or "") else "names no host"


def _is_host(name: str) -> bool:
    if ":" in name:
        try:
            ipaddress.IPv6Address(name)
        except ValueError:
            return False
        return True
    return len(name) <= _LONGEST_HOST and _HOST.fullmatch(name) is not None
