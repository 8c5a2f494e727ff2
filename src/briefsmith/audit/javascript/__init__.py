"""References in JavaScript and TypeScript, found in tree-sitter's trees."""

import re
from functools import cache
from typing import TYPE_CHECKING

from briefsmith.audit.gathering import Gathered
from briefsmith.audit.parsers import load_languages
from briefsmith.audit.source import Kind, Source

if TYPE_CHECKING:
    from tree_sitter import Parser


# The grammars (javascript 0.25, typescript 0.23) refuse it in the text of JSX, `<p>this & that</p>`. What
# takes its place is as long, and valid wherever it is: in expressions, in types and in text.
_AMPERSAND = re.compile(rb"(?<!&)&(?![&=]|#?\w+;)")


@cache
def _parser(kind: Kind) -> "Parser":
    languages = load_languages()
    from tree_sitter import Parser

    return Parser(languages[kind])


def read_javascript(source: Source, kind: Kind, gathered: Gathered) -> None:
    """References of a file; of one with errors, what can be made of the rest of it."""
    parser = _parser(kind)
    from briefsmith.audit.javascript.nodes import at, first_error
    from briefsmith.audit.javascript.tree import Reading

    data = source.text.encode()
    tree = parser.parse(data)
    error = first_error(tree.root_node)
    if error is not None and _AMPERSAND.search(data):
        tree = parser.parse(_AMPERSAND.sub(b"|", data))
        error = first_error(tree.root_node)
    if error is not None:
        language = "JavaScript" if kind == "javascript" else "TypeScript"
        gathered.problems.append((at(error, source), f"{language}: syntax error"))
    if gathered.schema.is_mentioned(source.text):
        Reading(source, gathered).read(tree.root_node)
