"""Where the files of the built-in model lie: in wordllama's wheel, which is never imported."""

from importlib.util import find_spec
from pathlib import Path

from briefsmith.errors import EmbedderUnavailable

_HINT = "Install it again: `pip install --force-reinstall wordllama`."


def bundled_file(name: str, folder: Path | None = None) -> Path:
    """The path of one file of the built-in model, which exists.

    Args:
        name: Path inside the package, with slashes.
        folder: The package's folder; None looks up the installed one.

    Raises:
        EmbedderUnavailable: The package or the file is missing.
    """
    path = (folder or _package_folder()) / name
    if not path.is_file():
        raise broken_file(name, "is missing")
    return path


def broken_file(name: str, trouble: str) -> EmbedderUnavailable:
    """The error for one file that cannot be used, to be raised; `trouble` is a verb phrase."""
    message = f"The file {name} of the built-in model (package wordllama) {trouble}."
    return EmbedderUnavailable(message, hint=_HINT, details={"file": name})


def _package_folder() -> Path:
    # Looked up, not imported: the import costs half a second and sets up the root logger.
    spec = find_spec("wordllama")
    for location in (spec and spec.submodule_search_locations) or ():
        return Path(location)
    message = "The package wordllama, which holds the built-in model, is not installed."
    raise EmbedderUnavailable(message, hint=_HINT)
