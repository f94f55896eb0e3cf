"""Modules of the page in the order of their imports, and as one classic script for a file that has to work alone.

A browser that is given the page reads the modules themselves. The offline page and `hypviz.show` are single files, opened from a
disk or in a notebook's sandboxed frame, made on machines without node: there the modules are written one after the other, each in a
function of its own that gives back what it exports. Of the other ways, an import map of data: URLs writes a third more bytes and, like
one of blob: URLs, needs a wider `script-src` than the inline scripts that are there anyway; a frame of opaque origin may refuse both.

So that this can be done without a parser, the page's modules keep to a few forms, each at the beginning of a line:

    import { a, b as c } from "./x.js";    import * as x from "./x.js";
    export function f…    export async function f…    export class C…    export const c = …

What is read nowhere else (export lists, defaults, `let`, re-exports) and circles of imports are refused in words. `import.meta.url` is
the page's own address in a single file. A module that fetches others when they are needed (`import(…)`) cannot be part of one.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_IMPORT = re.compile(r'^import (?:\* as (?P<star>\w+)|\{(?P<names>[^}]*)\}) from "(?P<source>\.{1,2}/[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function\*?|function\*?|class|const) (?P<name>\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b(?! ?\().*$", re.MULTILINE)
_LATER = re.compile(r"\bimport\s*\(")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
"""Comments of types say import("./x.js").X, which fetches nothing."""


@dataclass(frozen=True)
class Module:
    """A module as read.  name: its path below the folder, with slashes; imports: (name of the module, star, [(theirs, ours)…])
    where star is the local name of the whole, or None; body: its text without imports and the word `export`."""

    name: str
    imports: tuple[tuple[str, str | None, tuple[tuple[str, str], ...]], ...]
    exports: tuple[str, ...]
    body: str


def read_module(folder: Path, name: str) -> Module:
    """The module `name` below `folder`. Raises ValueError for a form of import or export that is not among the few."""
    text = (folder / name).read_text(encoding="utf-8")
    imports = []
    for match in _IMPORT.finditer(text):
        source = posixpath.normpath(posixpath.join(posixpath.dirname(name), match["source"]))
        pairs = [part.split(" as ") for part in re.split(r"\s*,\s*", (match["names"] or "").strip()) if part]
        imports.append((source, match["star"], tuple((pair[0], pair[-1]) for pair in pairs)))
    body = _EXPORT.sub("", _IMPORT.sub("", text))
    exports = tuple(match["name"] for match in _EXPORT.finditer(text))
    if other := _OTHER.search(body):
        raise ValueError(f"{name} has a line that hypviz/server/bundle.py cannot read: {other[0]!r}; see the forms it names.")
    return Module(name, tuple(imports), exports, body)


def in_order(folder: Path, entries: Iterable[str]) -> list[Module]:
    """The modules that `entries` lead to, each after all that it imports; paths below `folder`, with slashes.

    Raises ValueError for a circle of imports, and for an import of what a module does not export.
    """
    order: dict[str, Module] = {}

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in order:
            return
        if name in way:
            raise ValueError(f"These modules import each other in a circle: {' → '.join((*way[way.index(name) :], name))}.")
        module = read_module(folder, name)
        for source, _, pairs in module.imports:
            visit(source, (*way, name))
            if missing := [theirs for theirs, _ in pairs if theirs not in order[source].exports]:
                raise ValueError(f"{name} imports {', '.join(missing)} from {source}, which exports no such thing.")
        order[name] = module

    for entry in entries:
        visit(entry, ())
    return list(order.values())


def classic_script(folder: Path, entry: str) -> str:
    """The module `entry` and all that it imports as one classic script, which leaves no name behind but what the modules set.

    Raises ValueError as `in_order` does, and for a module that would fetch others later.
    """
    modules = in_order(folder, [entry])
    if later := [module.name for module in modules if _LATER.search(_COMMENT.sub("", module.body))]:
        raise ValueError(f"{', '.join(later)} fetches modules when they are needed, which a single file cannot.")
    return "\n".join(['(() => {\n"use strict";\nconst modules = {};', *map(_wrapped, modules), "})();\n"])


def _wrapped(module: Module) -> str:
    imports = []
    for source, star, pairs in module.imports:
        ours = star or f"{{ {', '.join(a if a == b else f'{a}: {b}' for a, b in pairs)} }}"
        imports.append(f'const {ours} = modules["{source}"];\n')
    body = module.body.replace("import.meta.url", "document.baseURI").strip("\n")
    result = f"return {{ {', '.join(module.exports)} }};"
    return f'modules["{module.name}"] = (() => {{\n{"".join(imports)}{body}\n{result}\n}})();'
