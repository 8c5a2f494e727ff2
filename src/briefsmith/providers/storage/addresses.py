"""What the address of a storage means."""

import re
from pathlib import Path
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from briefsmith.config import StorageSettings
from briefsmith.errors import InvalidSetting
from briefsmith.providers.storage.keys import is_key
from briefsmith.providers.storage.local import LocalFiles
from briefsmith.providers.storage.port import FileStorage

_URL = "BRIEFSMITH_STORAGE_URL"
_ENDPOINT = "BRIEFSMITH_STORAGE_ENDPOINT"
_REGION = "BRIEFSMITH_STORAGE_REGION"
_KEY_ID = "BRIEFSMITH_STORAGE_KEY_ID"
_SECRET = "BRIEFSMITH_STORAGE_SECRET"  # noqa: S105  its name
_BUCKET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_REGION_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


def file_storage(settings: StorageSettings, folder: Path) -> FileStorage:
    """The storage that the settings name, not opened yet.

    Args:
        settings: What the environment decides.
        folder: What it is where they name none.

    Raises:
        InvalidSetting: The address, the endpoint, the region or the key cannot be used.
    """
    if settings.url is None:
        return LocalFiles(folder)
    parts = _split(settings.url, _URL)
    if parts.scheme == "file":
        return LocalFiles(_folder(parts), create=False)
    if parts.scheme == "s3":
        return _in_bucket(settings, parts)
    raise _refused(_URL, "is neither file:///folder nor s3://bucket/prefix")


def _folder(parts: SplitResult) -> Path:
    path = unquote_to_bytes(parts.path)
    if parts.netloc not in {"", "localhost"} or not path.startswith(b"/") or b"\0" in path:
        raise _refused(_URL, "names no folder of this machine; three slashes begin it")
    try:
        return Path(path.decode())
    except UnicodeDecodeError:
        raise _refused(_URL, "names a folder that is not in UTF-8") from None


def _in_bucket(settings: StorageSettings, parts: SplitResult) -> FileStorage:
    prefix = parts.path.strip("/")
    if not _BUCKET_NAME.fullmatch(parts.netloc):
        raise _refused(_URL, "names no bucket; keys and servers have settings of their own")
    if prefix and not is_key(prefix):
        raise _refused(_URL, "has a prefix of other signs than A-Z a-z 0-9 . _ - and slashes")
    if not _REGION_NAME.fullmatch(settings.region):
        raise _refused(_REGION, "is no name of a region")
    if settings.key_id is None or settings.secret is None:
        missing = _KEY_ID if settings.key_id is None else _SECRET
        raise _refused(missing, "is not set, and a bucket needs a key")
    from briefsmith.providers.storage.s3 import Bucket, Key, S3Files

    bucket = Bucket(
        parts.netloc, f"{prefix}/" if prefix else "", _endpoint(settings), settings.region
    )
    key = Key(settings.key_id, settings.secret, settings.token)
    return S3Files(bucket, key, timeout_seconds=settings.timeout_seconds)


def _endpoint(settings: StorageSettings) -> str:
    if settings.endpoint is None:
        # Said in full, as obstore would look into the environment for another.
        return f"https://s3.{settings.region}.amazonaws.com"
    parts = _split(settings.endpoint, _ENDPOINT)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _refused(_ENDPOINT, "is no address that begins with https:// or http://")
    if "@" in parts.netloc:
        raise _refused(_ENDPOINT, "has a name or a password in it; keys have settings of their own")
    return settings.endpoint.rstrip("/")


def _split(url: str, name: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _refused(name, "is no address") from None
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise _refused(name, "has a query or a fragment, which means nothing here")
    return parts


def _refused(name: str, problem: str) -> InvalidSetting:
    # Without the value: people put passwords into addresses.
    return InvalidSetting(f"{name} {problem}.", details={"name": name})
