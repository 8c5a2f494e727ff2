"""Strings that are put together of several."""

import ast


def leaves_of(node: ast.expr) -> tuple[list[ast.expr], set[int]]:
    """The parts of a concatenation, and the sums in it; of `"…" % x` the string alone."""
    leaves: list[ast.expr] = []
    sums: set[int] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Add):
            sums.add(id(one))
            waiting += [one.right, one.left]
        elif isinstance(one, ast.BinOp) and isinstance(one.op, ast.Mod):
            waiting.append(one.left)
        else:
            leaves.append(one)
    return leaves, sums


def parts_of(leaf: ast.expr) -> set[int]:
    """A literal and what it is made of, but for the expressions that it puts in."""
    parts = {id(leaf)}
    if isinstance(leaf, ast.JoinedStr):
        for value in leaf.values:
            if isinstance(value, ast.FormattedValue):
                parts |= parts_of(value.format_spec) if value.format_spec else set()
            else:
                parts.add(id(value))
    return parts


def is_string(node: ast.expr) -> bool:
    """Whether it is a literal of text or bytes."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )
