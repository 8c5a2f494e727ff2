"""Settings, read from the environment once, by this module alone."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from briefsmith.errors import InvalidSetting


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What the environment decides of `briefsmith serve`.

    Attributes:
        jwt_secret: Of HS256, at least 32 bytes; None where tokens are not signed by a secret.
        jwks_url: Where the public keys are that tokens are signed with; None where there are none.
        jwt_audience: What `aud` of a token has to be.
        jwt_issuer: What `iss` of a token has to be; tokens are not taken without it.
        allow_service_role: Whether a token of the service role may act for a user that it names.
        public_url: Where the server is reached, such as `https://briefs.example`; None believes the request.
        cors_origins: Pages of these origins may ask; none by default.
        connections: To the database, at once.
        timeout_seconds: Most time for one request; those that wait for a model have the model's time more.
        body_bytes: Most bytes of one request.
        requests_per_minute: Of one person; 0 is without a limit.
        composes_at_once: Of one person.
        traces: Whether OpenTelemetry has somewhere to send to.
    """

    jwt_secret: str | None = field(default=None, repr=False)
    jwks_url: str | None = None
    jwt_audience: str = "authenticated"
    jwt_issuer: str | None = None
    allow_service_role: bool = False
    public_url: str | None = None
    cors_origins: tuple[str, ...] = ()
    connections: int = 10
    timeout_seconds: int = 30
    body_bytes: int = 16_000_000
    requests_per_minute: int = 6_000
    composes_at_once: int = 4
    traces: bool = False


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where the bytes of files are kept.

    Attributes:
        url: `s3://bucket/prefix` or `file:///folder`; None is the folder `files` of the home.
        endpoint: Address of the S3 server; None is AWS.
        region: The bucket's.
        key_id: Name of the key.
        secret: The key.
        token: Of a key that is good for a while only.
        timeout_seconds: Most time for one request.
    """

    url: str | None = field(default=None, repr=False)
    endpoint: str | None = field(default=None, repr=False)
    region: str = "us-east-1"
    key_id: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    timeout_seconds: int = 60


_MOST_FILE_MB = 2_000  # the column counts to 2,147,483,647 bytes

FILE_TYPES = (
    "image/*",
    "audio/*",
    "video/*",
    "text/*",
    "application/pdf",
    "application/json",
    "application/rtf",
    "application/xml",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
)
"""Media types that the library of files takes by default: pictures, sound, film, text, PDF and office documents."""


@dataclass(frozen=True, slots=True)
class FileSettings:
    """What the library of files takes.

    Attributes:
        max_mb: Of one file, in millions of bytes.
        library_max_mb: Of all files of a person together.
        types: Media types, as `type/subtype` or `type/*`.
    """

    max_mb: int = 5
    library_max_mb: int = 100
    types: tuple[str, ...] = FILE_TYPES


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment decides. Nothing here is read at import.

    Attributes:
        home: Folder of the embedded store and its files.
        database_url: PostgreSQL to use instead of the embedded one; None means embedded.
        user: Id or e-mail address of the person whose store it is; None means the only one.
        embedding_url: Base address of an OpenAI-compatible server, `sentence-transformers:MODEL` or
            `python:MODULE:FUNCTION`; None means built in.
        embedding_model: Name of the model to ask there.
        embedding_key: Bearer token for it.
        model: Language model: the name at `model_base_url`, or `provider:name`; None means none.
        model_base_url: Base address of an OpenAI-compatible server with that model.
        model_api_key: Bearer token for it, or the provider's key.
        model_timeout_seconds: How long one answer may take in all.
        webhook_secret: One `whsec_…` or more, apart by spaces, that deliveries are signed with; None sends none.
        webhook_allow_private: Whether webhooks may be on this machine or in a private network.
        fetch_allow: Hosts that agents may fetch from; none by default.
        extract_seconds: How long taking text out of one file may take.
        extract_memory_mb: How much memory it may take.
        index_memory_mb: How much of the index a process may keep for the next search; 0 keeps nothing.
        idle_seconds: How long the embedded server stays up after its last use.
        prepared_statements: False behind a transaction pooler that cannot keep them.
        home_is_chosen: Whether BRIEFSMITH_HOME names the home, rather than the platform.
        editor: The person's command for editing text.
        styled: Whether a terminal may be written to in bold and in colours.
        server: What is about `briefsmith serve` alone.
        storage: Where the bytes of files are kept.
        files: What the library of files takes.
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
    extract_seconds: int = 60
    extract_memory_mb: int = 1_024
    index_memory_mb: int = 256
    idle_seconds: int = 300
    prepared_statements: bool = True
    home_is_chosen: bool = False
    editor: str | None = None
    styled: bool = True
    server: ServerSettings = ServerSettings()
    storage: StorageSettings = StorageSettings()
    files: FileSettings = FileSettings()


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
        extract_seconds=_whole_number(env, "BRIEFSMITH_EXTRACT_SECONDS", default=60, least=1),
        extract_memory_mb=_whole_number(
            env, "BRIEFSMITH_EXTRACT_MEMORY_MB", default=1024, least=128
        ),
        index_memory_mb=_whole_number(env, "BRIEFSMITH_INDEX_MEMORY_MB", default=256),
        idle_seconds=_whole_number(env, "BRIEFSMITH_IDLE_SECONDS", default=300, least=1),
        prepared_statements=env.get("BRIEFSMITH_PREPARED_STATEMENTS", "1") not in {"0", "false"},
        home_is_chosen="BRIEFSMITH_HOME" in env,
        editor=env.get("VISUAL") or env.get("EDITOR"),
        styled="NO_COLOR" not in env and env.get("TERM") != "dumb",
        server=_server(env),
        storage=_storage(env),
        files=_files(env),
    )


def _files(env: Mapping[str, str]) -> FileSettings:
    types = tuple(env.get("BRIEFSMITH_FILE_TYPES", "").replace(",", " ").split())
    most = _whole_number(env, "BRIEFSMITH_FILE_MAX_MB", default=5, least=1)
    if most > _MOST_FILE_MB:
        message = f"BRIEFSMITH_FILE_MAX_MB is {most}; a file has at most {_MOST_FILE_MB} MB."
        details = {"name": "BRIEFSMITH_FILE_MAX_MB", "value": str(most)}
        raise InvalidSetting(message, details=details)
    return FileSettings(
        max_mb=most,
        library_max_mb=_whole_number(env, "BRIEFSMITH_LIBRARY_MAX_MB", default=100, least=1),
        types=types or FILE_TYPES,
    )


def _storage(env: Mapping[str, str]) -> StorageSettings:
    # A key is taken whole from one place: the token of one does not fit the other.
    names = ("BRIEFSMITH_STORAGE_KEY_ID", "BRIEFSMITH_STORAGE_SECRET", "BRIEFSMITH_STORAGE_TOKEN")
    if not any(name in env for name in names):
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    key_id, secret, token = map(env.get, names)
    return StorageSettings(
        url=env.get("BRIEFSMITH_STORAGE_URL"),
        endpoint=env.get("BRIEFSMITH_STORAGE_ENDPOINT") or env.get("AWS_ENDPOINT_URL"),
        region=env.get("BRIEFSMITH_STORAGE_REGION")
        or env.get("AWS_REGION")
        or env.get("AWS_DEFAULT_REGION")
        or "us-east-1",
        key_id=key_id,
        secret=secret,
        token=token,
        timeout_seconds=_whole_number(env, "BRIEFSMITH_STORAGE_TIMEOUT", default=60, least=1),
    )


def _server(env: Mapping[str, str]) -> ServerSettings:
    megabytes = _whole_number(env, "BRIEFSMITH_SERVER_BODY_MB", default=16, least=1)
    return ServerSettings(
        jwt_secret=env.get("BRIEFSMITH_JWT_SECRET"),
        jwks_url=env.get("BRIEFSMITH_JWKS_URL"),
        jwt_audience=env.get("BRIEFSMITH_JWT_AUDIENCE", "authenticated"),
        jwt_issuer=env.get("BRIEFSMITH_JWT_ISSUER"),
        allow_service_role=env.get("BRIEFSMITH_JWT_ALLOW_SERVICE_ROLE", "0") in {"1", "true"},
        public_url=env.get("BRIEFSMITH_PUBLIC_URL"),
        cors_origins=tuple(env.get("BRIEFSMITH_CORS_ORIGINS", "").replace(",", " ").split()),
        connections=_whole_number(env, "BRIEFSMITH_SERVER_CONNECTIONS", default=10, least=2),
        timeout_seconds=_whole_number(env, "BRIEFSMITH_SERVER_TIMEOUT", default=30, least=1),
        body_bytes=megabytes * 1_000_000,
        requests_per_minute=_whole_number(env, "BRIEFSMITH_REQUESTS_PER_MINUTE", default=6000),
        composes_at_once=_whole_number(env, "BRIEFSMITH_COMPOSES_AT_ONCE", default=4, least=1),
        traces="OTEL_EXPORTER_OTLP_ENDPOINT" in env,
    )


def wants_traceback(environ: Mapping[str, str] | None = None) -> bool:
    """Whether a fault of ours should show where it happened; not a setting, as that one may be the fault."""
    return bool((os.environ if environ is None else environ).get("BRIEFSMITH_TRACEBACK"))


def _home(env: Mapping[str, str]) -> Path:
    if chosen := env.get("BRIEFSMITH_HOME"):
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("briefsmith", appauthor=False)).absolute()


def _whole_number(env: Mapping[str, str], name: str, *, default: int, least: int = 0) -> int:
    text = env.get(name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < least:
        message = f"{name} is {text!r}, which is no whole number of at least {least}."
        raise InvalidSetting(message, details={"name": name, "value": text})
    return int(text)
