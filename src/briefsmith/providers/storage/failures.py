"""What goes wrong with a folder, in the person's words."""

import errno
from collections.abc import Generator
from contextlib import contextmanager

from briefsmith.errors import DiskFull, StorageUnavailable

_FULL = {errno.ENOSPC, errno.EDQUOT}
_HINTS = {
    errno.EACCES: "See that you may read and write there.",
    errno.EPERM: "See that you may read and write there.",
    errno.EROFS: "The disk is mounted for reading only; mount it for writing.",
    errno.ENOTDIR: "A file or a link stands where a folder has to be; move it away.",
    errno.ELOOP: "A link stands where a file or a folder has to be; move it away.",
    errno.ENOENT: "Something was removed there meanwhile; repeat the call.",
    errno.EMFILE: "Repeat the call with fewer at once, or raise the limit on open files.",
}


@contextmanager
def told(place: str) -> Generator[None]:
    """Turns the system's errors inside the block into ours.

    Raises:
        DiskFull: No room.
        StorageUnavailable: Anything else.
    """
    try:
        yield
    except OSError as error:
        raise _from_system(error, place) from error


def _from_system(error: OSError, place: str) -> DiskFull | StorageUnavailable:
    details = {"place": place, "problem": error.strerror or type(error).__name__}
    if error.errno in _FULL:
        hint = "Free some disk space there and repeat the call; nothing was stored."
        return DiskFull(f"There is no room left in {place}.", hint=hint, details=details)
    message = f"The storage of files in {place} cannot be used: {details['problem']}."
    return StorageUnavailable(message, hint=_HINTS.get(error.errno or 0), details=details)
