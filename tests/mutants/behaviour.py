"""What a function does, without what is no behaviour: two sources with one behaviour are no mutant of one another.

No behaviour are: docstrings and annotations, what a raised error or a warning says, log lines, texts of three words and more (they
are for people), the type in a `cast`, whether a `zip` insists on equal lengths (an assertion of what holds), the case of letters in the
name of an encoding or in float("nan").
"""

from __future__ import annotations

import ast
import textwrap

TEXT_WORDS = 3
"""Words from which on a literal is a text for people."""
SPOKEN = {"warn", "debug", "info", "warning", "error", "exception", "critical"}
ENCODINGS = {"utf-8", "utf-8-sig", "utf-16", "latin-1", "ascii"}


class _Silence(ast.NodeTransformer):
    """Takes out of a tree what is no behaviour."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name, node.returns = "f", None
        self.generic_visit(node)
        if node.body and isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
            node.body = node.body[1:] or [ast.Pass()]
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(0)
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in SPOKEN and _speaks(call.func.value):
            return ast.Pass()
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "zip":
            node.keywords = [each for each in node.keywords if each.arg != "strict"]
        if name == "float" and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            return ast.Constant(node.args[0].value.lower())
        if name == "cast" and len(node.args) == 2:
            return node.args[1]
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and len(node.value.split()) >= TEXT_WORDS:
            return ast.Constant("")
        if isinstance(node.value, str) and node.value.lower() in ENCODINGS:
            return ast.Constant(node.value.lower())
        return node


def _speaks(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id.lower() in {"log", "logger", "logging", "warnings", "_log"}


def behaviour(source: str) -> str:
    """The tree of one function or method as text, its name and what is no behaviour left out.

    >>> behaviour("def f(x: int): raise ValueError('no')") == behaviour("def g(x): raise ValueError(None)")
    True
    >>> behaviour("def f(x): return x + 1") == behaviour("def f(x): return x - 1")
    False
    """
    return ast.dump(_Silence().visit(ast.parse(textwrap.dedent(source))))
