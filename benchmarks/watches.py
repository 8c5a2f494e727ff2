"""The functions of Briefsmith whose time is shown as a stage of its own."""

from typing import Any

import psycopg
from stages import Watched

from briefsmith.compiler import brief
from briefsmith.documents import json_lines
from briefsmith.operations import compose
from briefsmith.postgres.session import Session
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.store import context_blocks

PART = "compiling: "
"""How the stages inside of compiling begin."""


def _statement(*arguments: Any) -> str:
    """The statement's name: a session and a query come first."""
    return "SQL " + str(arguments[1].name).partition(".")[2]


def _both(*arguments: Any) -> str:
    return " and ".join(
        (_statement(None, arguments[1][0]), str(arguments[2][0].name).partition(".")[2])
    )


def _commit(*arguments: Any) -> str | None:
    return "commit" if arguments[1] == "commit" else None


WRITE: tuple[Watched, ...] = (
    (WordLlamaEmbedder, "embed", "embedding"),
    (Session, "_fetch", _statement),
    (Session, "execute", _statement),
    (Session, "both", _both),
    (psycopg.AsyncConnection, "execute", _commit),
)
"""For verbs that ask the database and embed."""

IMPORT: tuple[Watched, ...] = (
    *WRITE,
    (json_lines, "_parse", "reading JSON"),
    (json_lines, "_block", "checking blocks"),
    (context_blocks, "_batch", "JSON for the statement"),
)
"""For import."""

COMPOSE: tuple[Watched, ...] = (
    *WRITE,
    (compose, "find_blocks", "searching"),
    (compose, "compile_brief", "compiling"),
    (brief, "prepare", PART + "reading sentences"),
    (brief, "Variants", PART + "variants"),
    (brief, "select_weighed", PART + "selection"),
    (brief, "rendered", PART + "rendering"),
    (TokenCounter, "_count_group", PART + "counting tokens"),
)
"""For compose; a part of `compiling` may be in two of its parts."""
