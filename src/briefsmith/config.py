"""Settings, read from the environment once, by this module alone."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from briefsmith.errors import InvalidSetting


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment decides. Nothing here is read at import.

    Attributes:
        home: Folder of the embedded store and its files.
        database_url: PostgreSQL to use instead of the embedded one; None means embedded.
        user: Id or e-mail address of the person whose store it is; None means the only one.
        embedding_url: Base address of an OpenAI-compatible server; None means built in.
        embedding_model: Name of the model to ask there.
        embedding_key: Bearer token for it.
        model: Language model: the name at `model_base_url`, or `provider:name`; None means none.
        model_base_url: Base address of an OpenAI-compatible server with that model.
        model_api_key: Bearer token for it, or the provider's key.
        model_timeout_seconds: How long one answer may take in all.
        webhook_secret: One `whsec_…` or more, apart by spaces, that deliveries are signed with; None sends none.
        webhook_allow_private: Whether webhooks may be on this machine or in a private network.
        fetch_allow: Hosts that agents may fetch from; none by default.
        idle_seconds: How long the embedded server stays up after its last use.
        prepared_statements: False behind a transaction pooler that cannot keep them.
        home_is_chosen: Whether BRIEFSMITH_HOME names the home, rather than the platform.
        editor: The person's command for editing text.
        styled: Whether a terminal may be written to in bold and in colours.
    """

    home: Path
    database_url: str | None = field(default=None, repr=False)
    user: str | None = None
    embedding_url: str | None = field(default=None, repr=False)
    embedding_model: str = "text-embedding-3-small"
    embedding_key: str | None = field(default=None, repr=False)
    model: str | None = None
    model_base_url: str | None = field(default=None, repr=False)
    model_api_key: str | None = field(default=None, repr=False)
    model_timeout_seconds: int = 300
    webhook_secret: str | None = field(default=None, repr=False)
    webhook_allow_private: bool = False
    fetch_allow: tuple[str, ...] = ()
    idle_seconds: int = 300
    prepared_statements: bool = True
    home_is_chosen: bool = False
    editor: str | None = None
    styled: bool = True


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the variables that the README lists.

    Args:
        environ: Variables to read; None reads the process's own. Empty values count as unset.

    Raises:
        InvalidSetting: A number that is none, or out of its range.
    """
    env = {
        key: value for key, value in (os.environ if environ is None else environ).items() if value
    }
    return Settings(
        home=_home(env),
        database_url=env.get("BRIEFSMITH_DATABASE_URL") or env.get("DATABASE_URL"),
        user=env.get("BRIEFSMITH_USER"),
        embedding_url=env.get("BRIEFSMITH_EMBEDDING_URL"),
        embedding_model=env.get("BRIEFSMITH_EMBEDDING_MODEL", "text-embedding-3-small"),
        embedding_key=env.get("BRIEFSMITH_EMBEDDING_KEY"),
        model=env.get("BRIEFSMITH_MODEL"),
        model_base_url=env.get("BRIEFSMITH_MODEL_BASE_URL"),
        model_api_key=env.get("BRIEFSMITH_MODEL_API_KEY"),
        model_timeout_seconds=_whole_number(env, "BRIEFSMITH_MODEL_TIMEOUT", default=300, least=1),
        webhook_secret=env.get("BRIEFSMITH_WEBHOOK_SECRET"),
        webhook_allow_private=env.get("BRIEFSMITH_WEBHOOK_ALLOW_PRIVATE", "0") in {"1", "true"},
        fetch_allow=tuple(env.get("BRIEFSMITH_FETCH_ALLOW", "").replace(",", " ").split()),
        idle_seconds=_whole_number(env, "BRIEFSMITH_IDLE_SECONDS", default=300, least=1),
        prepared_statements=env.get("BRIEFSMITH_PREPARED_STATEMENTS", "1") not in {"0", "false"},
        home_is_chosen="BRIEFSMITH_HOME" in env,
        editor=env.get("VISUAL") or env.get("EDITOR"),
        styled="NO_COLOR" not in env and env.get("TERM") != "dumb",
    )


def wants_traceback(environ: Mapping[str, str] | None = None) -> bool:
    """Whether a fault of ours should show where it happened; not a setting, as that one may be the fault."""
    return bool((os.environ if environ is None else environ).get("BRIEFSMITH_TRACEBACK"))


def _home(env: Mapping[str, str]) -> Path:
    if chosen := env.get("BRIEFSMITH_HOME"):
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("briefsmith", appauthor=False)).absolute()


def _whole_number(env: Mapping[str, str], name: str, *, default: int, least: int) -> int:
    text = env.get(name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < least:
        message = f"{name} is {text!r}, which is no whole number of at least {least}."
        raise InvalidSetting(message, details={"name": name, "value": text})
    return int(text)
