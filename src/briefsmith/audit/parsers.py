"""The parsers of the extra `audit`, loaded when they are used."""

from typing import TYPE_CHECKING

from briefsmith.errors import InvalidSetting

if TYPE_CHECKING:
    from types import ModuleType

    from tree_sitter import Language


def _missing(error: ImportError) -> InvalidSetting:
    return InvalidSetting(
        f"The audit needs {error.name or 'a parser'}, which is not installed.",
        hint="Install the parsers: pip install 'briefsmith[audit]'",
    )


def load_sql_parser() -> "ModuleType":
    """PostgreSQL's parser.

    Raises:
        InvalidSetting: It is not installed.
    """
    try:
        from pglast import parser
    except ImportError as error:
        raise _missing(error) from error
    return parser


def load_languages() -> "dict[str, Language]":
    """Tree-sitter's grammars by the kind of file.

    Raises:
        InvalidSetting: One is not installed.
    """
    try:
        import tree_sitter_javascript
        import tree_sitter_typescript
        from tree_sitter import Language
    except ImportError as error:
        raise _missing(error) from error
    return {
        "javascript": Language(tree_sitter_javascript.language()),
        "typescript": Language(tree_sitter_typescript.language_typescript()),
        "tsx": Language(tree_sitter_typescript.language_tsx()),
    }


def require_parsers() -> None:
    """Says what is missing before any file is read.

    Raises:
        InvalidSetting: One is not installed.
    """
    load_sql_parser()
    load_languages()
