"""A walk over a module's tree."""

import ast

from briefsmith.audit.gathering import Gathered
from briefsmith.audit.names import Names
from briefsmith.audit.postgrest import read_chain
from briefsmith.audit.python import chains
from briefsmith.audit.python.concatenations import is_string, leaves_of, parts_of
from briefsmith.audit.python.literals import end_of, joined, literal, start_of
from briefsmith.audit.python.models import read_class, read_column, read_table
from briefsmith.audit.source import Source
from briefsmith.audit.strings import read_string
from briefsmith.audit.text import Text

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# Most nodes of a tree, and none of them says anything by itself.
_PLAIN = frozenset({
    ast.Name, ast.Load, ast.Store, ast.Del, ast.Pass, ast.alias, ast.And, ast.Or, ast.Not, ast.Add, ast.Mod,
    ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
})  # fmt: skip
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Reading:
    """Reads one file. Trees are walked with a stack of our own: they may be deeper than Python's."""

    def __init__(self, source: Source, gathered: Gathered) -> None:
        self._source, self._gathered = source, gathered
        self._names = Names[ast.expr]()
        self._done: set[int] = set()

    def read(self, tree: ast.Module) -> None:
        """Everything that the module refers to."""
        waiting: list[tuple[ast.AST, Names[ast.expr]]] = [(tree, self._names)]
        while waiting:
            node, names = waiting.pop()
            if _goes_back(node, names):
                continue
            self._names = names
            inner = _inside(node, names) if isinstance(node, _FUNCTIONS) else names
            self._visit(node)
            children = [child for child in ast.iter_child_nodes(node) if type(child) not in _PLAIN]
            waiting.extend((child, inner) for child in reversed(children))

    def _visit(self, node: ast.AST) -> None:
        if isinstance(node, _DOCUMENTED):
            self._pass_over_docstring(node)
        match node:
            case ast.Constant() | ast.JoinedStr() | ast.BinOp():
                self._string(node)
            case ast.Attribute():
                self._attribute(node)
            case ast.keyword(arg=str() as name):
                self._removed_name(name, start_of(node, self._source))
            case ast.Call():
                self._call(node)
            case ast.ClassDef():
                self._class(node)
            case _:
                self._bind(node)

    def _bind(self, node: ast.AST) -> None:
        """What names stand for from here on."""
        match node:
            case ast.Assign():
                for target in node.targets:
                    self._assign(target, node.value)
            case ast.AnnAssign(value=ast.expr() as value):
                self._assign(node.target, value)
            case ast.NamedExpr():
                self._assign(node.target, node.value)
            case ast.For() | ast.AsyncFor() | ast.comprehension() | ast.AugAssign():
                self._assign(node.target, None)
            case ast.withitem(optional_vars=ast.expr() as target):
                self._assign(target, None)
            case _:
                pass  # any other node binds no name

    def _pass_over_docstring(
        self, node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    ) -> None:
        """And over any other string that stands for itself: it is a comment."""
        for statement in node.body:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                self._done.add(id(statement.value))

    def _attribute(self, node: ast.Attribute) -> None:
        at = end_of(node, self._source) - len(node.attr)
        self._removed_name(node.attr, at)
        owner = node.value
        if isinstance(owner, ast.Attribute) and owner.attr in {"c", "columns"}:
            table = self._names.table(owner.value.id) if isinstance(owner.value, ast.Name) else None
            if table is not None:
                self._gathered.check_column(at, table, node.attr)

    def _removed_name(self, name: str, offset: int) -> None:
        schema = self._gathered.schema
        if name in schema.removed_columns or name in schema.removed_tables:
            self._gathered.add_removed(offset, name)

    def _class(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                self._removed_name(statement.target.id, start_of(statement, self._source))
            elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                self._removed_name(statement.targets[0].id, start_of(statement, self._source))
        read_class(node, self._source, self._text_of, self._gathered)

    def _assign(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            table = None if value is None else self._table_in(value)
            self._names.assign(target.id, value, table)
        elif isinstance(target, ast.Tuple | ast.List):
            for one in target.elts:
                if isinstance(one, ast.Name):
                    self._names.assign(one.id, None)

    def _table_in(self, value: ast.expr) -> str | None:
        if isinstance(value, ast.Await):
            value = value.value
        if not isinstance(value, ast.Call):
            return None
        if _name_of(value.func) == "Table":
            name = self._text_of(value.args[0]) if value.args else None
            return (
                None
                if name is None or name.value not in self._gathered.schema.tables
                else name.value
            )
        return self._table_of(chains.unchained(value))[1]

    def _table_of(self, chain: chains.Chain) -> tuple[int, str | None]:
        """From which link on a chain speaks of a table, and of which."""
        found = chains.table_of(chain, self._text_of)
        if found is not None:
            place, text = found
            name = text.value
            is_ours = name not in self._gathered.schema.telling or chains.is_of_client(chain)
            return place + 1, name if is_ours else None
        root = chain.root
        return 0, self._names.table(root.id) if isinstance(root, ast.Name) else None

    def _call(self, node: ast.Call) -> None:
        name = _name_of(node.func)
        if name.lower().startswith("drop"):
            self._drop(node)
        elif name in {"Table", "create_table"}:
            read_table(node, self._text_of, self._gathered)
        elif name == "add_column" and len(node.args) > 1:
            table = self._text_of(node.args[0])
            if table is not None and table.value in self._gathered.schema.tables:
                read_column(table.value, node.args[1], self._text_of, self._gathered)
        if id(node) not in self._done and isinstance(node.func, ast.Attribute):
            self._chain(node)

    def _drop(self, node: ast.Call) -> None:
        """What alembic and others take away is no reference."""
        for argument in (*node.args, *(one.value for one in node.keywords)):
            self._done.add(id(argument))
        names = [text.value for one in node.args[:2] if (text := self._text_of(one)) is not None]
        if names:
            self._gathered.drop(".".join(names), start_of(node, self._source))

    def _chain(self, node: ast.Call) -> None:
        chain = chains.unchained(node)
        self._done.update(id(call) for _, call in chain.links)
        start, table = self._table_of(chain)
        if table is None:
            return
        calls = [
            chains.as_call(name, call, self._source, self._text_of, self._resolve)
            for name, call in chain.links[start:]
        ]
        read_chain(table, calls, self._gathered)

    def _resolve(self, value: ast.expr) -> ast.expr:
        """What a variable stands for; itself where that is not known."""
        if isinstance(value, ast.Name):
            return self._names.value(value.id) or value
        return value

    def _string(self, node: ast.Constant | ast.JoinedStr | ast.BinOp) -> None:
        if id(node) in self._done:
            return
        text = self._text(node)
        if text is not None:
            read_string(text, self._gathered)

    def _text(self, node: ast.expr) -> Text | None:
        """The text of a string expression that mentions something of ours; its parts are done with it."""
        leaves, sums = leaves_of(node)
        literals = [leaf for leaf in leaves if is_string(leaf)]
        if not literals:
            return None
        self._done |= sums | {part for leaf in literals for part in parts_of(leaf)}
        if not any(self._may_mention(leaf) for leaf in leaves):
            return None
        parts = [self._text_of(leaf) for leaf in leaves]
        return joined(parts, [start_of(leaf, self._source) for leaf in leaves])

    def _may_mention(self, leaf: ast.expr) -> bool:
        """Whether a part of a string mentions something; a variable is looked into, but no further."""
        value = self._resolve(leaf)
        if not isinstance(value, ast.JoinedStr):
            return self._mentions(value)
        parts = (
            part.value if isinstance(part, ast.FormattedValue) else part for part in value.values
        )
        return any(self._mentions(self._resolve(part)) for part in parts)

    def _mentions(self, value: ast.expr) -> bool:
        held = value.value if isinstance(value, ast.Constant) else None
        said = held.decode("utf-8", "replace") if isinstance(held, bytes) else held
        return isinstance(said, str) and self._gathered.schema.is_mentioned(said)

    def _text_of(self, value: ast.expr) -> Text | None:
        """The text of a literal, or of the variable that holds one."""
        value = self._resolve(value)
        if is_string(value) and isinstance(value, ast.Constant | ast.JoinedStr):
            return literal(value, self._source, self._constant)
        return None

    def _constant(self, value: ast.expr) -> Text | None:
        """What a replacement field puts in, if it is a plain constant."""
        held = self._resolve(value)
        if isinstance(held, ast.Constant) and isinstance(held.value, str):
            return literal(held, self._source, lambda _: None)
        return None


def _goes_back(node: ast.AST, names: Names[ast.expr]) -> bool:
    """Alembic's way back to the old schema: what it makes there is meant to be legacy."""
    return (
        isinstance(node, ast.FunctionDef)
        and node.name == "downgrade"
        and names.is_known("down_revision")
    )


def _inside(
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, names: Names[ast.expr]
) -> Names[ast.expr]:
    """The names of a function; of its parameters nothing is known."""
    inner = Names(names)
    arguments = function.args
    for one in (
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ):
        if one is not None:
            inner.assign(one.arg, None)
    return inner


def _name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
