"""Which server is asked, and with what secrets; read from the settings."""

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from briefsmith.errors import InvalidSetting
from briefsmith.providers.language_models.blackout import with_escaped

_URL = "BRIEFSMITH_MODEL_BASE_URL"
_KEY = "BRIEFSMITH_MODEL_API_KEY"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to send requests.

    Attributes:
        url: Base address of an OpenAI-compatible server, without a login; None asks the provider that the model's
            name begins with.
        host: Host and port to show.
        key: The key of the settings.
        authorization: Header for the server, of the key or of the login in the address; None sends none.
        password: Of that login.
    """

    url: str | None = None
    host: str = ""
    key: str | None = field(default=None, repr=False)
    authorization: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> list[str]:
        """Texts that nothing may show."""
        token = (self.authorization or "").partition(" ")[2]
        return with_escaped([self.key, self.password, token])


def read_endpoint(base_url: str | None, key: str | None) -> Endpoint:
    """The endpoint of these settings; nothing is opened.

    Raises:
        InvalidSetting: The address is no http(s) address, or the key cannot be sent.
    """
    key = _read_key(key)
    if base_url is None:
        return Endpoint(key=key)
    try:
        parts = urlsplit(base_url.strip())
        _ = parts.port  # raises for one that is none
    except ValueError:
        raise _no_address() from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _is_plain(base_url):
        raise _no_address()
    if parts.query or parts.fragment:
        message = f"{_URL} ends in a query or a fragment, which cannot be sent."
        raise InvalidSetting(message, hint="Give the address up to /v1.", details={"name": _URL})
    host = parts.netloc.rpartition("@")[2]
    password = unquote(parts.password or "") or None
    login = f"{unquote(parts.username)}:{password or ''}" if parts.username else None
    url = parts._replace(netloc=host, path=parts.path.rstrip("/")).geturl()
    return Endpoint(url, host, key, _authorization(key, login), password)


def _authorization(key: str | None, login: str | None) -> str | None:
    if key:
        return f"Bearer {key}"
    if login:
        return f"Basic {base64.b64encode(login.encode()).decode()}"
    return None


def _is_plain(base_url: str) -> bool:
    text = base_url.strip()
    return text.isprintable() and " " not in text


def _no_address() -> InvalidSetting:
    # The address may hold a password, so it is not quoted.
    message = f"{_URL} is no http or https address."
    hint = "Such as http://localhost:11434/v1."
    return InvalidSetting(message, hint=hint, details={"name": _URL})


def _read_key(key: str | None) -> str | None:
    key = (key or "").strip()
    if not key.isascii() or not key.isprintable():
        # A header cannot carry it, and the transport's own message would quote it.
        message = f"{_KEY} holds characters that a key cannot have."
        raise InvalidSetting(message, details={"name": _KEY})
    return key or None
