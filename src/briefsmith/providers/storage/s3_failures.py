"""What goes wrong with a bucket, in the person's words and never in the server's: those repeat keys and signatures."""

import re
from collections.abc import Generator
from contextlib import contextmanager

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from briefsmith.errors import BriefsmithError, DiskFull, StorageUnavailable

_CODE = re.compile(r"<Code>([A-Za-z0-9]{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3})\b")

_KEY = "Check BRIEFSMITH_STORAGE_KEY_ID and BRIEFSMITH_STORAGE_SECRET."
_RIGHTS = "Let the key list, read, write and delete objects in this bucket."
_OVER = "Take a new key and token; BRIEFSMITH_STORAGE_TOKEN holds the token."
_REGION = "Set BRIEFSMITH_STORAGE_REGION to the bucket's region."
_BUCKET = "Make the bucket, or correct BRIEFSMITH_STORAGE_URL or BRIEFSMITH_STORAGE_ENDPOINT."
_LATER = "Repeat the call in a moment."
_ADDRESS = "Check BRIEFSMITH_STORAGE_ENDPOINT and that the server runs."

_TOLD = {
    "NoSuchBucket": ("there is no such bucket", _BUCKET),
    "InvalidBucketName": ("there can be no such bucket", _BUCKET),
    "InvalidAccessKeyId": ("the key is not known there", _KEY),
    "SignatureDoesNotMatch": ("the secret does not fit the key", _KEY),
    "ExpiredToken": ("the token is over", _OVER),
    "InvalidToken": ("the token is not taken", _OVER),
    "AccessDenied": ("the key does not permit it", _RIGHTS),
    "RequestTimeTooSkewed": ("the clocks differ too much", "Set this machine's clock."),
    "AuthorizationHeaderMalformed": ("the bucket is in another region", _REGION),
    "PermanentRedirect": ("the bucket is in another region", _REGION),
    "EntityTooLarge": ("the file is larger than the server takes", "Raise the server's limit."),
    "301": ("the bucket is in another region", _REGION),
    "307": ("the bucket is in another region", _REGION),
    "401": ("the key is not taken", _KEY),
    "403": ("the key does not permit it", _RIGHTS),
    "404": ("there is no such bucket", _BUCKET),
    "413": ("the file is larger than the server takes", "Raise the server's limit."),
    "429": ("it has too much to do", _LATER),
    "503": ("it has too much to do", _LATER),
}
_KINDS = {FileNotFoundError: "404", PermissionDeniedError: "403", UnauthenticatedError: "401"}
_FULL = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "507"}


@contextmanager
def told(place: str) -> Generator[None]:
    """Turns what obstore raises inside the block into ours.

    Raises:
        DiskFull: The server has no room.
        StorageUnavailable: Anything else.
    """
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        # Theirs may repeat a secret, and is shown nowhere.
        raise _from_server(error, place) from None


def _from_server(error: Exception, place: str) -> BriefsmithError:
    text = str(error)
    reason = _reason(error, text)
    details = {"place": place, "problem": reason}
    if reason in _FULL:
        hint = "Make room there and repeat the call; nothing was stored."
        return DiskFull(f"There is no room left in {place}.", hint=hint, details=details)
    words, hint = _TOLD.get(reason) or _unnamed(text, reason)
    return StorageUnavailable(
        f"The storage of files in {place} cannot be used: {words}.", hint=hint, details=details
    )


def _reason(error: Exception, text: str) -> str:
    """The server's own code, else the status; else what kind of failure it is."""
    named, status = _CODE.search(text), _STATUS.search(text)
    if named is not None and (named[1] in _TOLD or named[1] in _FULL or status is None):
        return named[1]
    if status is not None:
        return status[1]
    for kind, reason in _KINDS.items():
        if isinstance(error, kind):
            return reason
    if "redirect without LOCATION" in text:
        return "PermanentRedirect"
    if "kind: Timeout" in text or "TimedOut" in text:
        return "timeout"
    return "unreachable" if "kind: Connect" in text else "broken"


def _unnamed(text: str, reason: str) -> tuple[str, str]:
    if reason == "timeout":
        return "it did not answer in time", f"{_ADDRESS} BRIEFSMITH_STORAGE_TIMEOUT sets the time."
    if reason == "unreachable":
        tls = "certificate" in text.lower()
        return ("its certificate is not trusted" if tls else "it cannot be reached"), _ADDRESS
    if reason == "broken":
        return "the connection broke off, or the answer makes no sense", _ADDRESS
    return f"it answered with {reason}", _ADDRESS
